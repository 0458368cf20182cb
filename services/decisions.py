"""Ignore and restore remote customers; a decision is remembered with who, when and why."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import case, select, update
from sqlalchemy.orm import Session

from models import RemoteCustomer, RemoteState
from models.base import new_public_id
from services.audit import AuditAction
from services.bins import refresh_bins
from services.company_lock import lock_company
from services.database import in_batches
from services.decision_record import AlreadyDecided as AlreadyDecided
from services.decision_record import Decision as Decision
from services.decision_record import RowsChanged as RowsChanged
from services.decision_record import end_decision
from services.meant import ListChanged as ListChanged
from services.meant import MeantRow, MeantRows, resolve_meant
from services.meant import NothingSelected as NothingSelected
from services.meant import UnknownRemoteCustomer as UnknownRemoteCustomer
from services.plain_text import plain_line
from services.review_choices import drop_choices
from services.review_query import Meant
from services.sign_ins import SignedIn

MAX_REASON_CHARACTERS = 200


class ReasonTooLong(Exception):
    """The reason for ignoring has more characters than are kept."""


def ignore(
    session: Session,
    who: SignedIn,
    account_id: int,
    *,
    meant: Meant,
    reason: str = "",
    now: datetime,
) -> Decision:
    """Ignore the unsynced customers who are meant; what was decided about them before ends.

    Commits. Raises NothingSelected, UnknownRemoteCustomer, ListChanged, RowsChanged,
    AlreadyDecided and ReasonTooLong.
    """
    batch = new_public_id()
    values = {
        "state": RemoteState.IGNORED,
        "decided_by_id": who.user_id,
        "decided_at": now,
        "decision_batch": batch,
        "ignore_reason": _checked(reason),
    }
    lock_company(session, who.company_id)
    meant_rows = resolve_meant(session, who, account_id, meant, states=(RemoteState.UNSYNCED,))
    ids = _change(session, meant_rows.ids, values, before=RemoteState.UNSYNCED)
    refresh_bins(session, account_id, ids, customer_ids=drop_choices(session, ids))
    decision = _decision(batch, ids, meant_rows)
    return end_decision(session, who, decision, action=AuditAction.IGNORED, now=now)


def restore(
    session: Session,
    who: SignedIn,
    account_id: int,
    *,
    meant: Meant | None = None,
    batch: str | None = None,
    now: datetime,
) -> Decision:
    """Take ignoring back, for those who are meant or for all of one decision. Commits.

    Who counts is unsynced again at once, in the bin it has now; whoever was archived there
    meanwhile is left out. Whoever was erased stays as that. Raises as `ignore` does.
    """
    lock_company(session, who.company_id)
    if batch is not None:
        meant_rows = _of_batch(session, who, account_id, batch)
    else:
        meant_rows = resolve_meant(
            session, who, account_id, meant or Meant(), states=(RemoteState.IGNORED,)
        )
    ids = _change(session, meant_rows.ids, _restored(), before=RemoteState.IGNORED)
    refresh_bins(session, account_id, ids)
    decision = _decision("", ids, meant_rows)
    return end_decision(session, who, decision, action=AuditAction.RESTORED, now=now)


def _restored() -> Mapping[str, object]:
    """Return what is written of who is restored."""
    return {
        "state": case(
            (RemoteCustomer.is_counted.is_(True), RemoteState.UNSYNCED),
            (RemoteCustomer.fingerprint == "", RemoteState.VANISHED),
            else_=RemoteState.LEFT_OUT,
        ),
        "decided_by_id": None,
        "decided_at": None,
        "decision_batch": None,
        "ignore_reason": "",
        # Who leaves the compared customers by this is compared anew, and whoever looks like him.
        "revision": case(
            (RemoteCustomer.is_counted.is_(True), RemoteCustomer.revision),
            else_=RemoteCustomer.revision + 1,
        ),
    }


def _checked(reason: str) -> str:
    line = plain_line(reason, len(reason))
    if len(line) > MAX_REASON_CHARACTERS:
        raise ReasonTooLong
    return line


def _of_batch(session: Session, who: SignedIn, account_id: int, batch: str) -> MeantRows:
    ids = session.scalars(
        select(RemoteCustomer.id)
        .where(
            RemoteCustomer.company_id == who.company_id,
            RemoteCustomer.account_id == account_id,
            RemoteCustomer.decision_batch == batch,
        )
        .order_by(RemoteCustomer.id)
        .with_for_update()
    )
    return MeantRows(tuple(MeantRow(row_id) for row_id in ids))


def _change(
    session: Session, row_ids: Collection[int], values: Mapping[str, object], *, before: RemoteState
) -> Sequence[int]:
    """Write the values to the rows that are still in the state; return their ids."""
    changed: list[int] = []
    for batch in in_batches(row_ids):
        changed.extend(
            session.scalars(
                update(RemoteCustomer)
                .where(
                    RemoteCustomer.id.in_(batch),
                    RemoteCustomer.state == before,
                    RemoteCustomer.erased_at.is_(None),
                )
                .values(**values)
                .returning(RemoteCustomer.id)
                .execution_options(synchronize_session=False)
            )
        )
    return changed


def _decision(batch: str, ids: Sequence[int], meant: MeantRows) -> Decision:
    passed = meant.passed + len(meant.rows) - len(ids)
    return Decision(batch, len(ids), changed=meant.changed, passed=passed)
