"""Who of an import was named in a report that was mailed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Customer, DeliveryState, ImportItem, ImportRun, ItemOutcome, ReportDelivery
from services.local_days import Window
from services.signup_report import collect_report


def find_mailed(session: Session, run: ImportRun, *, now: datetime) -> set[str]:
    """Return the remote ids of those the import created who stand in a mailed report.

    As the report would name them now: at most its first 200 of each window. A few statements
    for each window that the import ran in.
    """
    named: set[str] = set()
    for window in _mailed_windows(session, run):
        report = collect_report(session, run.company_id, window=window, now=now)
        named.update(signup.public_id for signup in report.signups)
    if not named:
        return set()
    return set(
        session.scalars(
            select(ImportItem.remote_id)
            .join(Customer, Customer.id == ImportItem.customer_id)
            .where(
                Customer.public_id.in_(named),
                ImportItem.run_id == run.id,
                ImportItem.outcome == ItemOutcome.CREATED,
            )
        )
    )


def _mailed_windows(session: Session, run: ImportRun) -> list[Window]:
    rows = session.execute(
        select(
            ReportDelivery.first_day_on,
            ReportDelivery.day_on,
            ReportDelivery.window_start_at,
            ReportDelivery.window_end_at,
        )
        .where(
            ReportDelivery.company_id == run.company_id,
            ReportDelivery.state == DeliveryState.SENT,
            ReportDelivery.window_start_at <= (run.finished_at or run.created_at),
            ReportDelivery.window_end_at > run.created_at,
        )
        .distinct()
    )
    return [Window(*row) for row in rows]
