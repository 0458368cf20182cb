"""Every line that the suite logs, whatever its level, held against what must not get out.

Nobody sees more lines by it: what a test did not ask for goes no further than this.
"""

from __future__ import annotations

import logging
from importlib import import_module
from urllib.parse import unquote_plus

from tests.canaries import find_person, find_secret
from tests.made_secrets import find_made

#: It asks its loggers whether to write every statement and row, which nobody does where it serves.
ASKS_FOR_ITSELF = "sqlalchemy"
#: They would write requests with their tokens, from which `providers/transport.py` keeps them.
KEPT_QUIET = ("oauthlib", "requests_oauthlib", "urllib3")
#: The mail server of tests and sandbox: the other side, which is told addresses to know them.
OTHER_SIDE = "mail.log"
#: The server of the sandbox in tests: it writes the addresses that people bring it, with a state.
TELLS_ADDRESSES = "werkzeug"
A_LINE = "in a line of"
#: After so many lines they are held against what was made so far, and let go.
MOST = 5_000
_OF_EVERY_LINE = {*logging.makeLogRecord({}).__dict__, "message", "asctime"}

#: Where the lines of the running test were written, and what they say.
_lines: list[tuple[str, str]] = []


def watch(leaks: list[str]) -> None:
    """Look at every line from now on, in this process; what leaks is put into the list."""
    import_module("services.providers.transport")  # keeps some quiet, whichever test comes first
    is_asked_for, pass_on = logging.Logger.isEnabledFor, logging.Logger.handle

    def is_watched(logger: logging.Logger, level: int) -> bool:
        return _would_log(logger, level) or is_asked_for(logger, level)

    def look_and_pass_on(logger: logging.Logger, record: logging.LogRecord) -> None:
        logger.filter(record)  # what hides a part of a line has its say first
        if logger.name != OTHER_SIDE:
            _look(record, leaks)
        if is_asked_for(logger, record.levelno):
            pass_on(logger, record)

    logging.Logger.isEnabledFor = is_watched  # type: ignore[method-assign]
    logging.Logger.handle = look_and_pass_on  # type: ignore[method-assign]


def find_made_leaks() -> list[str]:
    """Return which lines of the test show what was made in it, before or after, and let them go."""
    lines = _lines.copy()
    _lines.clear()
    if not lines or find_made("\n".join(text for _, text in lines)) is None:
        return []
    found = ((find_made(text), where) for where, text in lines)
    return [f"{secret!r} {where}" for secret, where in found if secret is not None]


def _look(record: logging.LogRecord, leaks: list[str]) -> None:
    """Hold a line against the canaries now, and keep it for what is made later."""
    text, where = _text_of(record), f"{A_LINE} {record.name}:{record.lineno}"
    found = find_secret(text) or find_person(text)
    if found:
        leaks.append(f"{found!r} {where}")
    elif record.name != TELLS_ADDRESSES:
        _lines.append((where, text))
    if len(_lines) >= MOST:
        leaks += find_made_leaks()


def _text_of(record: logging.LogRecord) -> str:
    """Return a line, its further fields and the texts of its exceptions; what is quoted, twice."""
    fields = (str(record.__dict__[name]) for name in record.__dict__.keys() - _OF_EVERY_LINE)
    raised = record.exc_info[1] if record.exc_info else None
    printed = "" if raised else record.exc_text or ""
    text = "\n".join([record.getMessage(), *fields, printed, *_texts_of(raised)])
    return f"{text}\n{unquote_plus(text)}" if "%" in text or "+" in text else text


def _texts_of(raised: BaseException | None) -> list[str]:
    """Return what a traceback prints of an exception and of those behind it.

    The lines of code between them are left out: those of a test name whom it likes.
    """
    texts, seen, waiting = [], set(), [raised]
    while waiting:
        error = waiting.pop()
        if error is None or id(error) in seen:
            continue
        seen.add(id(error))
        texts += [str(error), repr(error), *getattr(error, "__notes__", [])]
        waiting += [error.__cause__, error.__context__]
        if isinstance(error, BaseExceptionGroup):
            waiting += error.exceptions
    return texts


def _would_log(logger: logging.Logger, level: int) -> bool:
    """Say whether the line would be written if nobody had set a level but who keeps secrets so."""
    room = logger.name.partition(".")[0]
    if room == ASKS_FOR_ITSELF:
        return False
    named: logging.Logger | None = logger if room in KEPT_QUIET else None
    while named is not None and named.parent is not None:
        if named.level:
            return level >= named.level
        named = named.parent
    return True
