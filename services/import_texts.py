"""What a search looks into of whom a batch may create, folded before the batch locks anything.

It follows from four fields alone: whoever changes in between is not found by the old ones, and is
folded inside.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from models import ImportItem, ImportRun, ItemOutcome, RemoteCustomer, RunKind
from services.text_keys import search_text

#: Name, name of the company, e-mail and phone.
Fields = tuple[str, str, str | None, str]
SearchTexts = Mapping[Fields, str]

_remote: Any = RemoteCustomer.__table__.c
# No account is that of an undo, which creates nobody.
_ACCOUNT_ID = select(ImportRun.account_id).where(
    ImportRun.id == bindparam("run"), ImportRun.kind == RunKind.IMPORT
)
_REMOTE_IDS = (
    select(ImportItem.remote_id)
    .where(ImportItem.run_id == bindparam("run"), ImportItem.outcome == ItemOutcome.PENDING)
    .order_by(ImportItem.remote_id)
    .limit(bindparam("size"))
)
_FIELDS = select(_remote.name, _remote.company_name, _remote.email, _remote.phone).where(
    _remote.account_id == _ACCOUNT_ID.scalar_subquery(), _remote.remote_id.in_(_REMOTE_IDS)
)


def read_texts(session: Session, run_id: int, size: int) -> SearchTexts:
    """Return the texts of a run's next pending customers. One statement; an undo has none."""
    rows = session.connection().execute(_FIELDS, {"run": run_id, "size": size})
    return {fields: _fold(fields) for fields in map(tuple, rows)}


def text_of(fields: Fields, texts: SearchTexts) -> str:
    """Return the text of these fields, ready or made now."""
    return texts.get(fields) or _fold(fields)


def _fold(fields: Fields) -> str:
    name, company_name, email, phone = fields
    return search_text(name, company_name, email, phone=phone)
