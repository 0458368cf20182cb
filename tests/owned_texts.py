"""Whose every name, address and number of the running test is: of which company."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session

from models import Company

#: The columns that people fill, in whichever table.
FIELDS = ("name", "company_name", "person_name", "email", "phone", "address")
#: What is shorter stands by chance in any page.
SHORTEST = 6

_texts: defaultdict[int, set[str]] = defaultdict(set)


def watch() -> None:
    """Write down from now on what sessions write for a company."""
    event.listen(Session, "after_flush", _note)


def forget() -> None:
    """Begin anew; ids of companies come again in the next test's database."""
    _texts.clear()


def own(company_id: int, *texts: str) -> None:
    """Write down that texts are a company's."""
    _texts[company_id].update(text for text in texts if len(text) >= SHORTEST)


def texts_of_others(company_id: int) -> list[str]:
    """Return what belongs to other companies and is no part of a text of this one."""
    own_texts = "\n".join(_texts.get(company_id, ()))
    others = (texts for owner, texts in _texts.items() if owner != company_id)
    return [text for texts in others for text in texts if text not in own_texts]


def owners_named(text: str) -> set[int]:
    """Return the companies of which a text shows what no other company has."""
    if len(_texts) < 2:
        return set()
    return {
        owner
        for owner in _texts
        for known in _texts[owner]
        if known in text and not _is_part_of_another(known, owner)
    }


def _is_part_of_another(text: str, owner: int) -> bool:
    return any(
        text in theirs for other, texts in _texts.items() if other != owner for theirs in texts
    )


def _note(session: Session, _flush: Any) -> None:
    for row in (*session.new, *session.dirty):
        values = row.__dict__
        company_id = values.get("id" if isinstance(row, Company) else "company_id")
        if company_id is not None:
            own(company_id, *(values[name] for name in FIELDS if values.get(name)))
