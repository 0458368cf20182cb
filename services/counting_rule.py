"""The admin's choice of who counts; takes effect at once, without a reading."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ScalarSelect, func, select, update
from sqlalchemy.orm import Session

from models import Reading, ReadingState
from models.base import new_public_id
from services.audit import AuditAction, record_event
from services.company_lock import lock_company
from services.connections import require_connection
from services.providers.contract import ProviderKey
from services.remote_counts import count_counted, count_unsynced
from services.remote_customers import set_sub_customers
from services.sign_ins import SignedIn


def include_sub_customers(
    session: Session, who: SignedIn, provider: ProviderKey, *, are_included: bool, now: datetime
) -> None:
    """Count sub-customers, or leave them out. Commits. Raises NotConnected.

    Links and ignored ones stay as they are, whichever way it is switched. The number of the last
    whole reading follows, so that X and Y are always of one rule.
    """
    lock_company(session, who.company_id)
    account = require_connection(session, who.company_id, provider).account
    set_sub_customers(session, account, are_included=are_included)
    session.execute(
        update(Reading)
        .where(Reading.id == _last_whole(account.id))
        .values(
            # Whoever has the former number before them must not decide for all of this one.
            public_id=new_public_id(),
            counted_count=count_counted(session, account.id),
            unsynced_count=count_unsynced(session, account.id),
        )
    )
    record_event(
        session,
        company_id=who.company_id,
        user_id=who.user_id,
        action=AuditAction.COUNTING_CHANGED,
        subject=provider.value,
        detail=f"sub-customers {'included' if are_included else 'left out'}",
        now=now,
    )
    session.commit()


def _last_whole(account_id: int) -> ScalarSelect[int]:
    return (
        select(func.max(Reading.id))
        .where(Reading.account_id == account_id, Reading.state == ReadingState.FINISHED)
        .scalar_subquery()
    )
