"""Which remote customers a person is looking at, and whom a decision means; plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

MAX_SEARCH_CHARACTERS = 200


class RowFilter(StrEnum):
    """Which remote customers a list shows; UNSYNCED down to FAILED are some of the unsynced."""

    UNSYNCED = "unsynced"
    NEW = "new"
    SAME = "same"
    MAYBE = "maybe"
    NO_EMAIL = "no_email"
    OPEN_BALANCE = "open_balance"
    FAILED = "failed"
    SUB_CUSTOMERS = "sub_customers"
    ARCHIVED = "archived"
    SUPPLIERS = "suppliers"
    IGNORED = "ignored"


class RowSort(StrEnum):
    """How a list is ordered. BALANCE: highest first. NEWEST: last seen for the first time."""

    BALANCE = "balance"
    NAME = "name"
    NEWEST = "newest"


@dataclass(frozen=True, slots=True)
class ReviewQuery:
    """A filter and what is searched for within it; both stand in the address of the page."""

    show: RowFilter = RowFilter.UNSYNCED
    text: str = ""


@dataclass(frozen=True, slots=True)
class Meant:
    """Whom a decision means: the named, or everybody who matches a query.

    `seen` holds, by public id, the token of the row as the person saw it; a row that has another
    one now is not decided about but told. With `matching`, `reading` is the public id of the last
    whole reading the person saw and `count` how many matched then.
    """

    public_ids: tuple[str, ...] = ()
    seen: Mapping[str, str] = field(default_factory=dict)
    matching: ReviewQuery | None = None
    reading: str = ""
    count: int | None = None
