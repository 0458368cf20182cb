"""Whom an import takes, as remote ids."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from models import RemoteAccount, RemoteCustomer, RemoteState
from services.database import in_batches
from services.same_customers import looks_like_nobody


class ImportScope(StrEnum):
    """Whom an import of many chooses among the unsynced."""

    ALL = "all"
    NEW = "new"


def choose_named(session: Session, account_id: int, public_ids: Sequence[str]) -> set[str]:
    """Return the named customers of this account in whatever state; nobody else's."""
    remote_ids: set[str] = set()
    for batch in in_batches(public_ids):
        named = RemoteCustomer.public_id.in_(batch)
        remote_ids.update(_remote_ids(session, account_id, named))
    return remote_ids


def choose(session: Session, account_id: int, scope: ImportScope) -> set[str]:
    """Return the remote ids an import of this scope would take now."""
    condition = RemoteCustomer.state == RemoteState.UNSYNCED
    if scope is ImportScope.NEW:
        account = session.get_one(RemoteAccount, account_id)
        condition &= looks_like_nobody(account)
    return set(_remote_ids(session, account_id, condition))


def _remote_ids(session: Session, account_id: int, condition: ColumnElement[bool]) -> Sequence[str]:
    query = select(RemoteCustomer.remote_id).where(
        RemoteCustomer.account_id == account_id, condition
    )
    return session.scalars(query).all()
