"""Ignore and restore remote customers; a decision is remembered with who and when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, case, select, update
from sqlalchemy.orm import Session

from models import RemoteCustomer, RemoteState
from models.base import new_public_id
from services.accounts import SignedIn
from services.audit import AuditAction, record_event
from services.reading_queue import last_whole_id


class NothingSelected(Exception):
    """No customer was named."""


class AlreadyDecided(Exception):
    """None of the customers is in the state any more that the decision starts from."""


class UnknownRemoteCustomer(Exception):
    """None of the ids is a remote customer of this company."""


class ListChanged(Exception):
    """A newer reading has replaced the list that the person saw."""


@dataclass(frozen=True, slots=True)
class Decision:
    """How many rows changed; `batch` names them all, to take the decision back at once."""

    batch: str
    count: int


def ignore(
    session: Session,
    who: SignedIn,
    account_id: int,
    *,
    public_ids: Sequence[str],
    now: datetime,
) -> Decision:
    """Ignore the named unsynced customers. Commits.

    Raises NothingSelected, UnknownRemoteCustomer or AlreadyDecided.
    """
    _require_known(session, who, account_id, public_ids)
    return _ignore(session, who, account_id, RemoteCustomer.public_id.in_(public_ids), now=now)


def ignore_all(
    session: Session,
    who: SignedIn,
    account_id: int,
    *,
    seen_reading: str,
    now: datetime,
) -> Decision:
    """Ignore everybody unsynced, as the person saw them in the reading. Commits.

    Raises ListChanged if another reading has ended since: "these 182" means the ones seen.
    Raises AlreadyDecided if nobody is left.
    """
    if seen_reading != last_whole_id(session, account_id):
        raise ListChanged
    return _ignore(session, who, account_id, RemoteCustomer.id.is_not(None), now=now)


def restore(
    session: Session,
    who: SignedIn,
    account_id: int,
    *,
    public_ids: Sequence[str] = (),
    batch: str | None = None,
    now: datetime,
) -> Decision:
    """Take ignoring back, for the named ones or for all of one decision. Commits.

    Who counts is unsynced again at once; whoever was archived there meanwhile is left out.
    Raises NothingSelected, UnknownRemoteCustomer or AlreadyDecided.
    """
    if batch is None:
        _require_known(session, who, account_id, public_ids)
    chosen = (
        RemoteCustomer.decision_batch == batch
        if batch is not None
        else RemoteCustomer.public_id.in_(public_ids)
    )
    state = case(
        (RemoteCustomer.is_counted.is_(True), RemoteState.UNSYNCED),
        (RemoteCustomer.fingerprint == "", RemoteState.VANISHED),
        else_=RemoteState.LEFT_OUT,
    )
    values = {
        "state": state,
        "decided_by_id": None,
        "decided_at": None,
        "decision_batch": None,
    }
    condition = (RemoteCustomer.state == RemoteState.IGNORED) & chosen
    count = _change(session, who, account_id, condition, values)
    return _record(session, who, action=AuditAction.RESTORED, batch="", count=count, now=now)


def _require_known(
    session: Session, who: SignedIn, account_id: int, public_ids: Sequence[str]
) -> None:
    if not public_ids:
        raise NothingSelected
    known = session.scalar(
        select(RemoteCustomer.id)
        .where(
            RemoteCustomer.company_id == who.company_id,
            RemoteCustomer.account_id == account_id,
            RemoteCustomer.public_id.in_(public_ids),
        )
        .limit(1)
    )
    if known is None:
        raise UnknownRemoteCustomer


def _ignore(
    session: Session,
    who: SignedIn,
    account_id: int,
    chosen: ColumnElement[bool],
    *,
    now: datetime,
) -> Decision:
    batch = new_public_id()
    values = {
        "state": RemoteState.IGNORED,
        "decided_by_id": who.user_id,
        "decided_at": now,
        "decision_batch": batch,
    }
    condition = (RemoteCustomer.state == RemoteState.UNSYNCED) & chosen
    count = _change(session, who, account_id, condition, values)
    return _record(session, who, action=AuditAction.IGNORED, batch=batch, count=count, now=now)


def _change(
    session: Session,
    who: SignedIn,
    account_id: int,
    condition: ColumnElement[bool],
    values: Mapping[str, object],
) -> int:
    changed = session.execute(
        update(RemoteCustomer)
        .where(
            RemoteCustomer.company_id == who.company_id,
            RemoteCustomer.account_id == account_id,
            condition,
        )
        .values(**values)
        .returning(RemoteCustomer.id)
        .execution_options(synchronize_session=False)
    )
    return len(changed.all())


def _record(
    session: Session,
    who: SignedIn,
    *,
    action: AuditAction,
    batch: str,
    count: int,
    now: datetime,
) -> Decision:
    if not count:
        session.rollback()
        raise AlreadyDecided
    record_event(
        session,
        company_id=who.company_id,
        user_id=who.user_id,
        action=action,
        subject="remote customers",
        detail=str(count),
        now=now,
    )
    session.commit()
    return Decision(batch, count)
