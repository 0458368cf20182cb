"""Where an answer of QuickBooks keeps its customers and its count, for whoever spoils it."""

from collections.abc import Iterator
from typing import Any


def listed_rows(answer: dict[str, Any]) -> list[dict[str, object]] | None:
    """Return the list of customers inside an answer; None where there is none."""
    for inner in _inner(answer):
        rows = inner.get("Customer")
        if isinstance(rows, list):
            return rows
    return None


def spoil_count(answer: dict[str, Any], lie: int) -> None:
    """Add to `totalCount`, where there is one."""
    for inner in _inner(answer):
        if "totalCount" in inner:
            inner["totalCount"] = max(0, inner["totalCount"] + lie)


def make_empty(answer: dict[str, Any]) -> None:
    """Leave nothing inside the answer but a count of 0, if it was one."""
    for inner in _inner(answer):
        is_count = "totalCount" in inner and "Customer" not in inner
        inner.clear()
        if is_count:
            inner["totalCount"] = 0


def _inner(answer: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield what stands inside the envelope of a query and of change data."""
    if "QueryResponse" in answer:
        yield answer["QueryResponse"]
    for changes in answer.get("CDCResponse", ()):
        yield from changes["QueryResponse"]
