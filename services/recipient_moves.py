"""Let the daily report follow a user to another address."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from models import Company, ReportDelivery, ReportKind, ReportRecipient
from models.base import new_public_id
from services.delivery_retention import find_settled
from services.due_rows import lock_report
from services.report_recipients import agree_as_user


def move_recipient(
    session: Session, company_id: int, old_email: str, new_email: str, *, now: datetime
) -> None:
    """Mail the company's report to the new address instead, in the caller's transaction.

    Nobody is mailed who has unsubscribed under either. What the new address was on the list with
    before gives way. The new address has agreed only as the user's: `confirmed_at` stays behind.
    The links that the old mailbox was mailed do not reach the new address.
    """
    # Whoever makes or clears deliveries of this company waits, so what is settled stays so.
    lock_report(session, company_id)
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
    if old is None or old.removed_at is not None:
        agree_as_user(session, session.get_one(Company, company_id), new_email, now=now)
    if old is not None and new is None:
        _rename(old, new_email)
    elif old is not None and new is not None:
        _replace(session, old, new, now=now)


def _rename(row: ReportRecipient, email: str) -> None:
    row.public_id = new_public_id()
    row.address = row.address_key = email
    row.confirmed_at = row.confirmation_sent_at = None
    row.refusal_count = 0


def _replace(
    session: Session, old: ReportRecipient, new: ReportRecipient, *, now: datetime
) -> None:
    if old.removed_at is None:
        new.frequency, new.reported_from_at = old.frequency, _begin(session, old, new)
        new.removed_at, new.refusal_count = None, 0
    new.unsubscribed_at = new.unsubscribed_at or old.unsubscribed_at
    old.removed_at = old.removed_at or now


def _begin(session: Session, old: ReportRecipient, new: ReportRecipient) -> datetime:
    """Return where the new row begins: with the first day that the old one has not settled.

    What is in hand for the old one is not settled: it may fail, and unless it is being handed
    over just now it is not sent any more. So no day is lost, and what may have arrived may come
    again. Where the new row was mailed itself, nothing before its begin comes.
    """
    settled_at = find_settled(session, old)
    was_mailed = select(
        exists().where(
            ReportDelivery.recipient_id == new.id, ReportDelivery.kind == ReportKind.DAILY
        )
    )
    return max(settled_at, new.reported_from_at) if session.scalar(was_mailed) else settled_at
