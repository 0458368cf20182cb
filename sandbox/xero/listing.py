"""Answer a question for contacts from one book."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.xero.books import Book
from sandbox.xero.rows import Row, encoded
from sandbox.xero.times import read_modified_since
from sandbox.xero.where import Condition, Order, read_order, read_where

DEFAULT_PAGE_SIZE, LARGEST_PAGE_SIZE = 100, 1000
# What a light answer keeps. The specification names nothing, so this is the least: a guess.
SUMMARY_FIELDS = {
    "ContactID",
    "ContactStatus",
    "Name",
    "FirstName",
    "LastName",
    "EmailAddress",
    "UpdatedDateUTC",
    "HasAttachments",
    "HasValidationErrors",
}
# Source: XeroAPI/Xero-OpenAPI e952d0b says so of the first two; the others are from memory.
ONLY_ON_PAGES = {"MergedToContactID", "SalesDefaultLineAmountType", "ContactPersons", "Balances"}
SEARCHED_FIELDS = ("FirstName", "LastName", "ContactNumber", "EmailAddress")


class ParameterRefused(Exception):
    """Xero would answer with a ValidationException; the message says why."""


@dataclass(frozen=True, slots=True)
class Question:
    """Which contacts are meant, in which order; the pages of one listing share it."""

    conditions: tuple[Condition, ...]
    order: Order | None
    ids: frozenset[str]
    has_archived: bool
    search: str
    since_ms: int | None


@dataclass(frozen=True, slots=True)
class Listing:
    """What is asked for. Without a page everything comes at once, with fewer fields."""

    question: Question
    page: int | None
    page_size: int
    is_summary: bool


def read_listing(sent: Mapping[str, str], modified_since: str | None) -> Listing:
    """Read the parameters; raise ParameterRefused or QueryRefused."""
    question = Question(
        conditions=read_where(sent.get("where", "")),
        order=read_order(sent.get("order", "")),
        ids=frozenset(part.strip().lower() for part in sent.get("IDs", "").split(",") if part),
        has_archived=_flag(sent, "includeArchived"),
        search=sent.get("searchTerm", "").strip().casefold(),
        since_ms=read_modified_since(modified_since),
    )
    return Listing(
        question,
        page=_whole(sent, "page", 1) if "page" in sent else None,
        page_size=_whole(sent, "pageSize", DEFAULT_PAGE_SIZE, most=LARGEST_PAGE_SIZE),
        is_summary=_flag(sent, "summaryOnly"),
    )


def page_of(book: Book, listing: Listing) -> tuple[list[bytes], dict[str, int] | None]:
    """Return the contacts as JSON, and where in the whole the page stands."""
    chosen = book.selection(listing.question, lambda rows: _select(rows, listing.question, book))
    if listing.page is None:
        return [_shown(row, listing) for row in chosen], None
    start = (listing.page - 1) * listing.page_size
    rows = chosen[start : start + listing.page_size]
    pagination = {
        "page": listing.page,
        "pageSize": listing.page_size,
        "pageCount": math.ceil(len(chosen) / listing.page_size),
        "itemCount": len(chosen),
    }
    return [_shown(row, listing) for row in rows], pagination


def _select(rows: list[Row], question: Question, book: Book) -> list[Row]:
    # That a condition on the status does not bring the archived by itself is a guess.
    if not question.has_archived:
        rows = [row for row in rows if row.active]
    if question.ids:
        rows = [row for row in rows if row.key in question.ids]
    if question.since_ms is not None:
        since = question.since_ms
        rows = [row for row in rows if max(row.updated_ms, book.reset_ms) >= since]
    for condition in question.conditions:
        rows = [row for row in rows if condition.holds(row)]
    if question.search:
        rows = [row for row in rows if _is_found(row, question.search)]
    # Without an order this one moves whenever a contact changes, so that whoever pages like
    # that finds out; what Xero really does then is not documented.
    return (question.order or Order("UpdatedDateUTC", descending=True)).sort(rows)


def _is_found(row: Row, text: str) -> bool:
    if text in row.name.casefold():
        return True
    contact = row.contact()
    return any(text in str(contact.get(name, "")).casefold() for name in SEARCHED_FIELDS)


def _shown(row: Row, listing: Listing) -> bytes:
    if listing.is_summary:
        contact = row.contact()
        return encoded({key: contact[key] for key in contact if key in SUMMARY_FIELDS})
    if listing.page is None:
        contact = row.contact()
        kept = {key: contact[key] for key in contact if key not in ONLY_ON_PAGES}
        return encoded({**kept, "ContactPersons": []})
    return row.body


def _flag(sent: Mapping[str, str], name: str) -> bool:
    """Read a flag; xero-python writes True, everybody else true."""
    return sent.get(name, "").lower() == "true"


def _whole(sent: Mapping[str, str], name: str, usual: int, *, most: int = 10**9) -> int:
    """Read a number from 1 on; that others are refused, not corrected, is a guess."""
    written = sent.get(name, str(usual))
    if not re.fullmatch(r"[0-9]{1,10}", written) or not 1 <= int(written) <= most:
        raise ParameterRefused(f"The parameter {name} must be from 1 to {most}.")
    return int(written)
