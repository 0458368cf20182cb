"""How an answer travels: whole at once, drop by drop, or not to its end.

The app writes it into an object the server put into the environment of the request, because
Flask has no word for a broken connection. Without that server (a test client) all arrives.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

ENVIRON_KEY = "sandbox.delivery"


class Cut(StrEnum):
    """The ways a connection breaks."""

    RESET = "reset"
    CLOSE = "close"
    NO_LENGTH = "no_length"
    CHUNKED = "chunked"
    UNANSWERED = "unanswered"
    STATUS_LINE = "status_line"


@dataclass(slots=True)
class Delivery:
    """What the server does with an answer; the first values are the usual way."""

    pause_s: float = 0.0
    chunk_bytes: int = 1
    cut: Cut | None = None
    after_bytes: int = 0


def delivery_of(environ: Mapping[str, Any]) -> Delivery:
    """Return the delivery of a request; one that nobody reads where the server gave none."""
    found = environ.get(ENVIRON_KEY)
    return found if isinstance(found, Delivery) else Delivery()
