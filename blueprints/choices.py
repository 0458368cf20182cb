"""What a form of the alert or of the list says was chosen; every part may be hostile."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from flask import abort, request

from blueprints.addresses import public_id
from blueprints.forms import one_line
from blueprints.review_place import MATCHING, asked_query
from models import ChosenOutcome
from services.review_query import Meant, ReviewQuery

MOST_NAMED = 200
MOST_DIGITS = 9
NO_COUNT = -1
# How a row was seen: its revision, behind a dot that of whom it was compared with, and the id of
# that one if it is ours.
_SEEN = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9}(\.[0-9a-f]{16})?)?")


@dataclass(frozen=True, slots=True)
class Choice:
    """Who is meant, what is to become of them, and where the person was looking.

    `is_all` means everybody unsynced as the alert showed them, `batch` everybody of one decision.
    `customer` is one of ours and `other` one of theirs, for a decision about a pair.
    `is_confirmed`: the person has read what an import of many will do.
    """

    meant: Meant
    is_all: bool = False
    batch: str | None = None
    outcome: ChosenOutcome | None = None
    customer: str | None = None
    other: str | None = None
    reason: str = ""
    came_from_list: bool = False
    is_confirmed: bool = False

    @property
    def remote(self) -> str:
        """Return the one remote customer that a decision about a pair names."""
        return next(iter(self.meant.public_ids), "")

    @property
    def seen(self) -> str:
        """Return how that one looked to the person."""
        return self.meant.seen.get(self.remote, "")


def read_choice() -> Choice:
    """Read the submitted form; what cannot be an id of ours names nobody."""
    form = request.form
    outcome = form.get("outcome", "")
    return Choice(
        meant=_meant(),
        is_all=form.get("scope") == "all",
        batch=public_id(form.get("batch")),
        outcome=ChosenOutcome(outcome) if outcome in set(ChosenOutcome) else None,
        customer=public_id(form.get("customer")),
        other=public_id(form.get("other")),
        reason=one_line(form.get("reason", "")),
        came_from_list=form.get("from") == "list",
        is_confirmed=form.get("confirmed") == "1",
    )


def _meant() -> Meant:
    """Return the named, or everybody of a query as it was seen."""
    scope, reading = request.form.get("scope"), public_id(request.form.get("reading")) or ""
    if scope == MATCHING:
        return Meant(matching=asked_query(), reading=reading, count=_count())
    if scope == "all":
        return Meant(matching=ReviewQuery(), reading=reading)
    named = request.form.getlist("id")
    if len(named) > MOST_NAMED:
        abort(413)
    seen = _seen(named)
    return Meant(tuple(seen), seen={key: token for key, token in seen.items() if token})


def _seen(named: list[str]) -> Mapping[str, str]:
    """Return the tokens by id, empty where the form has none."""
    pairs = (text.partition(":") for text in named)
    return {
        key: token if _SEEN.fullmatch(token) else ""
        for key, _colon, token in pairs
        if public_id(key)
    }


def _count() -> int:
    """Return how many the person was told; what is no number fits no list."""
    text = request.form.get("count", "")
    is_number = text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS
    return int(text) if is_number else NO_COUNT
