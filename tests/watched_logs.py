"""Every line that the suite logs, at DEBUG, held against the canaries.

Nobody sees more lines by it: what a test did not ask for goes no further than this.
"""

from __future__ import annotations

import logging
from typing import Any

from tests.canaries import find_person, find_secret

#: It asks its loggers whether to write every statement and row, which nobody does where it serves.
ASKS_FOR_ITSELF = "sqlalchemy"
#: The mail server of tests and sandbox: the other side, which is told addresses to know them.
OTHER_SIDE = "mail.log"
A_LINE = "in a line of"


def watch(leaks: list[str]) -> None:
    """Look at every line from now on, in this process; what leaks is put into the list."""
    make_record = logging.getLogRecordFactory()
    is_asked_for, pass_on = logging.Logger.isEnabledFor, logging.Logger.handle

    def make_watched(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = make_record(*args, **kwargs)
        found = find_leak(record)
        if found and record.name != OTHER_SIDE:
            leaks.append(f"{found!r} {A_LINE} {record.name}:{record.lineno}")
        return record

    def is_watched(logger: logging.Logger, level: int) -> bool:
        return _would_log(logger, level) or is_asked_for(logger, level)

    def pass_on_what_is_asked_for(logger: logging.Logger, record: logging.LogRecord) -> None:
        if is_asked_for(logger, record.levelno):
            pass_on(logger, record)

    logging.setLogRecordFactory(make_watched)
    logging.Logger.isEnabledFor = is_watched  # type: ignore[method-assign]
    logging.Logger.handle = pass_on_what_is_asked_for  # type: ignore[method-assign]


def find_leak(record: logging.LogRecord) -> str | None:
    """Return what a line and the texts of its exceptions show of a secret or a person."""
    raised = record.exc_info[1] if record.exc_info else None
    text = "\n".join([record.getMessage(), *_texts_of(raised)])
    return find_secret(text) or find_person(text)


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
    """Say whether the line would be written if the root were at DEBUG."""
    if logger.disabled or logger.name.startswith((ASKS_FOR_ITSELF, OTHER_SIDE)):
        return False
    named: logging.Logger | None = logger
    while named is not None and named.parent is not None:
        if named.level:
            return level >= named.level
        named = named.parent
    return True
