"""Who is asking: htmx for a fragment, or a browser for a page; and when it may ask again."""

from __future__ import annotations

from flask import request

FIRST_WAIT_MS = 300
#: Where a job is about to end, somebody waits for a number that may be there by now.
LAST_WAIT_MS = 150
LONGEST_WAIT_MS = 2_000
WAIT_GROWTH = 1.5


def is_htmx() -> bool:
    """Say whether the answer will be swapped into a page that is already there."""
    return request.headers.get("HX-Request") == "true"


def next_wait_ms(*, longest_ms: int = LONGEST_WAIT_MS) -> int:
    """Grow the wait between two looks, so that a long job is not asked after all the time.

    `longest_ms` is a cap, LONGEST_WAIT_MS or less. The first wait of all is not shortened by it.
    """
    waited_ms = request.args.get("wait", "")
    if not (waited_ms.isascii() and waited_ms.isdecimal() and len(waited_ms) <= 5):
        return FIRST_WAIT_MS
    grown_ms = max(FIRST_WAIT_MS, int(int(waited_ms) * WAIT_GROWTH))
    return max(LAST_WAIT_MS, min(grown_ms, longest_ms))
