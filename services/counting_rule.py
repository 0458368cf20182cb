"""The admin's choice of who counts; takes effect at once, without a reading."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from services.accounts import SignedIn
from services.audit import AuditAction, record_event
from services.connections import require_connection
from services.providers.contract import ProviderKey
from services.remote_customers import set_sub_customers


def include_sub_customers(
    session: Session, who: SignedIn, provider: ProviderKey, *, are_included: bool, now: datetime
) -> None:
    """Count sub-customers, or leave them out. Commits. Raises NotConnected.

    Links and ignored ones stay as they are, whichever way it is switched.
    """
    account = require_connection(session, who.company_id, provider).account
    set_sub_customers(session, account, are_included=are_included)
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
