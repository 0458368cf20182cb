"""Every line that the suite logs, at DEBUG, held against the tokens and passwords of the tests.

Nobody sees more lines by it: what a test did not ask for goes no further than this.
"""

from __future__ import annotations

import logging
import re
import traceback
from typing import Any

#: Tokens of the fakes and of the canaries, and the password of everybody.
SECRETS = re.compile(r"\b(?:access|refresh)-[0-9]+\b|\bdemo-password\b|canary-(?:access|refresh)")
#: It asks its loggers whether to write every statement and row, which nobody does where it serves.
ASKS_FOR_ITSELF = "sqlalchemy"


def watch() -> list[str]:
    """Look at every line from now on, in this process; return the list that leaks are put in."""
    leaks: list[str] = []
    make_record = logging.getLogRecordFactory()
    is_asked_for, pass_on = logging.Logger.isEnabledFor, logging.Logger.handle

    def make_watched(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = make_record(*args, **kwargs)
        raised = "".join(traceback.format_exception(*record.exc_info)) if record.exc_info else ""
        if SECRETS.search(f"{record.getMessage()} {raised}"):
            leaks.append(f"{record.name}:{record.lineno}")
        return record

    def is_watched(logger: logging.Logger, level: int) -> bool:
        return _would_log(logger, level) or is_asked_for(logger, level)

    def pass_on_what_is_asked_for(logger: logging.Logger, record: logging.LogRecord) -> None:
        if is_asked_for(logger, record.levelno):
            pass_on(logger, record)

    logging.setLogRecordFactory(make_watched)
    logging.Logger.isEnabledFor = is_watched  # type: ignore[method-assign]
    logging.Logger.handle = pass_on_what_is_asked_for  # type: ignore[method-assign]
    return leaks


def _would_log(logger: logging.Logger, level: int) -> bool:
    """Say whether the line would be written if the root were at DEBUG."""
    if logger.disabled or logger.name.startswith(ASKS_FOR_ITSELF):
        return False
    named: logging.Logger | None = logger
    while named is not None and named.parent is not None:
        if named.level:
            return level >= named.level
        named = named.parent
    return True
