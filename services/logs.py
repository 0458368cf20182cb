"""How log lines look: for people, or one JSON object a line for a collector."""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Any, TextIO

from services.log_context import current_ids

#: Loggers of whoever serves: their lines hold the addresses that were asked for.
SERVING = ("gunicorn.access", "gunicorn.error", "werkzeug")
_MAILED_LINK = re.compile(r"(/(?:invitation|password|email|confirm|unsubscribe)/)[^\s/?\"'&]+")
TEXT_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
#: What a line may tell besides its words (`extra`); anything else stays out.
FIELDS = (
    "method",
    "status",
    "kind",
    "outcome",
    "customers",
    "calls",
    "provider_status",
    "provider_reference",
    "size",
    "duration_ms",
)


class JsonFormatter(logging.Formatter):
    """One JSON object a line; a line break in a message cannot begin another."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **current_ids(),
        }
        line |= {name: record.__dict__[name] for name in FIELDS if name in record.__dict__}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


class TextFormatter(logging.Formatter):
    """A line for people, with the ids of what it is about behind its words."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        ids = " ".join(f"{name}={value}" for name, value in current_ids().items())
        return f"{super().formatMessage(record)} [{ids}]" if ids else super().formatMessage(record)


class HideLinks(logging.Filter):
    """Takes out of a line what a mailed link allows: a log is read by more than its recipient."""

    def filter(self, record: logging.LogRecord) -> bool:
        line = record.getMessage()
        hidden = _MAILED_LINK.sub(r"\1…", line)
        if hidden != line:
            record.msg, record.args = hidden, None
        return True


class _Stderr(logging.StreamHandler[TextIO]):
    """Writes to whatever is the standard error now, not to what it was at the start."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


def configure_logging(*, is_json: bool) -> None:
    """Give the root logger its one handler; a second call changes the format only."""
    root = logging.getLogger()
    handler = next((known for known in root.handlers if isinstance(known, _Stderr)), None)
    if handler is None:
        handler = _Stderr()
        root.addHandler(handler)
    handler.setFormatter(JsonFormatter() if is_json else TextFormatter(TEXT_FORMAT))
    root.setLevel(logging.INFO)
    for name in SERVING:
        server = logging.getLogger(name)
        if not any(isinstance(known, HideLinks) for known in server.filters):
            server.addFilter(HideLinks())
    # Every beat of the scheduler would be a line, and every look at /readyz two.
    for name in ("apscheduler", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # While the database is away it would write three lines a second, with its address and our user;
    # whoever needed a connection tells it as well.
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
