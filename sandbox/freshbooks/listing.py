"""Read the parameters of a listing as FreshBooks does, and choose the clients from one book.

Sources: freshbooks.com/api/parameters, /api/clients and /api/active_deleted, read 2026-11-22.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from werkzeug.datastructures import MultiDict

from sandbox.freshbooks.books import Book
from sandbox.freshbooks.clients import Client, VisState
from sandbox.freshbooks.times import read_day

USUAL_PAGE_SIZE = 15
LARGEST_PAGE_SIZE = 100
LIKES: dict[str, Callable[[Client], str]] = {
    "organization_like": lambda client: client.organization,
    "fname_like": lambda client: client.fname,
    "lname_like": lambda client: client.lname,
    "email_like": lambda client: client.email or "",
    "phone_like": lambda client: " ".join(
        filter(None, (client.bus_phone, client.home_phone, client.mob_phone))
    ),
}
SORTS: dict[str, Callable[[Client], Any]] = {
    "id": lambda client: client.key,
    "userid": lambda client: client.key,
    "updated": lambda client: client.updated,
    "signup_date": lambda client: client.signup_date,
    "organization": lambda client: client.organization.casefold(),
    "fname": lambda client: client.fname.casefold(),
    "lname": lambda client: client.lname.casefold(),
    "email": lambda client: (client.email or "").casefold(),
}
FILTERS = {"vis_state", "updated_min", "updated_max", "email", *LIKES}


class ParameterRefused(Exception):
    """A parameter cannot be understood; the message is the one FreshBooks would send."""

    def __init__(self, field: str, value: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.value = value


@dataclass(frozen=True, slots=True)
class Question:
    """Which clients, in which order; pages of one listing share it."""

    vis_state: int | None = None
    updated_min: str | None = None
    updated_max: str | None = None
    email: str | None = None
    likes: tuple[tuple[str, str], ...] = ()
    sort: tuple[str, bool] | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of the answer; `per_page` is capped without a word."""

    number: int
    per_page: int


def read_page(sent: MultiDict[str, str]) -> Page:
    """Read `page` and `per_page`; page 0 is page 1."""
    number = _whole(sent, "page", usual=1)
    per_page = _whole(sent, "per_page", usual=USUAL_PAGE_SIZE)
    # What happens to per_page=0 is not documented; that it means the usual size is a guess.
    return Page(max(number, 1), min(per_page or USUAL_PAGE_SIZE, LARGEST_PAGE_SIZE))


def read_question(sent: MultiDict[str, str]) -> Question:
    """Read filters and order.

    Refusing unknown filters and orders is a guess, on the strict side: FreshBooks may as well
    ignore them, and a misspelt one then lists far too much.
    """
    for name in sent:
        if name.startswith("search[") and name[7:-1] not in FILTERS:
            raise ParameterRefused(name, sent[name], f"{name} is not a search of clients.")
    email = sent.get("search[email]")
    return Question(
        vis_state=_state(sent.get("search[vis_state]")),
        updated_min=_day(sent, "search[updated_min]"),
        updated_max=_day(sent, "search[updated_max]"),
        email=None if email is None else email.casefold(),
        likes=tuple(
            (name, sent[f"search[{name}]"].casefold())
            for name in LIKES
            if f"search[{name}]" in sent
        ),
        sort=_order(sent.get("sort")),
    )


def choose(book: Book, question: Question) -> list[Client]:
    """Return the chosen clients in order, remembered for the next page."""
    return book.selection(question, lambda rows: _select(rows, question))


def _select(rows: list[Client], question: Question) -> list[Client]:
    chosen = [row for row in rows if _is_wanted(row, question)]
    for name, part in question.likes:
        field = LIKES[name]
        chosen = [row for row in chosen if part in field(row).casefold()]
    if question.sort is None:
        # FreshBooks documents no order. This one moves whenever a client changes, so that
        # whoever pages without a sort finds out.
        chosen.sort(key=lambda row: row.key)
        return sorted(chosen, key=lambda row: row.updated, reverse=True)
    name, descending = question.sort
    return sorted(chosen, key=SORTS[name], reverse=descending)


def _is_wanted(row: Client, question: Question) -> bool:
    """Compare all but the parts of texts; days are Eastern ones, as `updated` is."""
    if question.vis_state is None:
        if row.vis_state == VisState.DELETED:
            return False
    elif row.vis_state != question.vis_state:
        return False
    if question.updated_min is not None and row.updated < question.updated_min:
        return False
    if question.updated_max is not None and row.updated >= question.updated_max:
        return False
    return question.email is None or (row.email or "").casefold() == question.email


def _whole(sent: MultiDict[str, str], name: str, *, usual: int) -> int:
    text = sent.get(name)
    if text is None:
        return usual
    if not (text.isascii() and text.isdigit()):
        raise ParameterRefused(name, text, f"{name} must be a number.")
    return int(text)


def _state(text: str | None) -> int | None:
    if text is None:
        return None
    if text not in ("0", "1", "2"):
        raise ParameterRefused("vis_state", text, "vis_state must be 0, 1 or 2.")
    return int(text)


def _day(sent: MultiDict[str, str], name: str) -> str | None:
    text = sent.get(name)
    if text is None:
        return None
    try:
        return read_day(text)
    except ValueError:
        raise ParameterRefused(name, text, f"{name} must be YYYY-MM-DD.") from None


def _order(text: str | None) -> tuple[str, bool] | None:
    if text is None:
        return None
    name, _, direction = text.rpartition("_")
    if name not in SORTS or direction not in ("asc", "desc"):
        raise ParameterRefused("sort", text, "sort must be a field with _asc or _desc.")
    return name, direction == "desc"
