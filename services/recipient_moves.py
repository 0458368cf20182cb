"""Let the daily report follow a user to another address."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import ReportRecipient


def move_recipient(
    session: Session, company_id: int, old_email: str, new_email: str, *, now: datetime
) -> None:
    """Mail the company's report to the new address instead, in the caller's transaction.

    Nobody is mailed who has unsubscribed under either. What the new address was on the list with
    before gives way. The new address has agreed only as the user's: `confirmed_at` stays behind.
    """
    rows = {
        row.address_key: row
        for row in session.scalars(
            select(ReportRecipient).where(
                ReportRecipient.company_id == company_id,
                ReportRecipient.address_key.in_((old_email, new_email)),
            )
        )
    }
    old, new = rows.get(old_email), rows.get(new_email)
    if old is None:
        return
    if new is None:
        old.address = old.address_key = new_email
        old.confirmed_at = old.confirmation_sent_at = None
        old.refusal_count = 0
        return
    if old.removed_at is None:
        new.frequency, new.reported_from_at = old.frequency, old.reported_from_at
        new.removed_at, new.refusal_count = None, 0
    new.unsubscribed_at = new.unsubscribed_at or old.unsubscribed_at
    old.removed_at = old.removed_at or now
