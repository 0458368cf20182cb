"""The condition that a search text column holds what a person typed."""

from __future__ import annotations

from sqlalchemy import ColumnElement, or_
from sqlalchemy.orm import InstrumentedAttribute

from services.review_query import MAX_SEARCH_CHARACTERS
from services.text_keys import searched_texts


def holds_text(column: InstrumentedAttribute[str], query: str) -> list[ColumnElement[bool]]:
    """Return the condition, none for a query of nothing; signs of patterns mean themselves.

    What is longer than a search may be is cut, so that no pasted page costs seconds.
    """
    wanted = searched_texts(query[:MAX_SEARCH_CHARACTERS])
    conditions = [column.contains(text, autoescape=True) for text in wanted]
    return [or_(*conditions)] if conditions else []
