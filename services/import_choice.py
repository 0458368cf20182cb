"""Whom an import takes, as remote ids."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from models import Bin, RemoteCustomer, RemoteState
from services.database import in_batches
from services.decision_record import RowsChanged
from services.meant import is_as_seen
from services.remote_lists import review_conditions
from services.review_query import Meant


class ImportScope(StrEnum):
    """Whom an import of many chooses among the unsynced. NEW are those like nobody here."""

    ALL = "all"
    NEW = "new"


def choose(session: Session, account_id: int, scope: ImportScope) -> set[str]:
    """Return the remote ids an import of this scope would take now."""
    condition = RemoteCustomer.state == RemoteState.UNSYNCED
    if scope is ImportScope.NEW:
        condition &= RemoteCustomer.bin == Bin.NEW
    return set(_remote_ids(session, account_id, condition))


def choose_meant(session: Session, account_id: int, meant: Meant) -> set[str]:
    """Return the remote ids of those who are meant and are still as the person saw them.

    Raises RowsChanged where somebody is meant, and everybody has changed.
    """
    if meant.matching is not None:
        matching = review_conditions(account_id, meant.matching)
        return set(session.scalars(select(RemoteCustomer.remote_id).where(*matching)))
    named = find_named(session, account_id, meant.public_ids)
    unchanged = [remote for remote in named if is_still_seen(meant, remote)]
    if named and not unchanged:
        raise RowsChanged
    return {remote.remote_id for remote in unchanged}


def find_named(
    session: Session, account_id: int, public_ids: Sequence[str]
) -> Sequence[RemoteCustomer]:
    """Return the named customers of this account in whatever state; nobody else's."""
    found: list[RemoteCustomer] = []
    for batch in in_batches(public_ids):
        found.extend(
            session.scalars(
                select(RemoteCustomer).where(
                    RemoteCustomer.account_id == account_id, RemoteCustomer.public_id.in_(batch)
                )
            )
        )
    return found


def is_still_seen(meant: Meant, remote: RemoteCustomer) -> bool:
    """Say whether the row is what the person saw; where nothing was noted, it is."""
    return is_as_seen(meant.seen.get(remote.public_id, ""), remote.revision)


def _remote_ids(session: Session, account_id: int, condition: ColumnElement[bool]) -> Sequence[str]:
    query = select(RemoteCustomer.remote_id).where(
        RemoteCustomer.account_id == account_id, condition
    )
    return session.scalars(query).all()
