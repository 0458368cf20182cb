"""What a form of the alert or of the list says was chosen; every part may be hostile."""

from __future__ import annotations

from dataclasses import dataclass

from flask import abort, request

from blueprints.addresses import public_id

MOST_NAMED = 200


@dataclass(frozen=True, slots=True)
class Choice:
    """Who is meant, and whether the person was looking at the list or at the alert.

    `is_all` means everybody unsynced as of `seen_reading`; `batch` means everybody of one
    decision. `is_confirmed`: the person has read what an import of many will do.
    """

    public_ids: tuple[str, ...]
    is_all: bool
    seen_reading: str
    batch: str | None
    came_from_list: bool
    is_confirmed: bool


def read_choice() -> Choice:
    """Read the submitted form; what cannot be an id of ours names nobody."""
    named = request.form.getlist("id")
    if len(named) > MOST_NAMED:
        abort(413)
    return Choice(
        public_ids=tuple(text for text in named if public_id(text)),
        is_all=request.form.get("scope") == "all",
        seen_reading=public_id(request.form.get("reading")) or "",
        batch=public_id(request.form.get("batch")),
        came_from_list=request.form.get("from") == "list",
        is_confirmed=request.form.get("confirmed") == "1",
    )
