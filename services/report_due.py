"""Make the rows of reports that are due: one per company, local day or week, and recipient.

The row is the claim. It is inserted by whoever comes first and never twice, so restarts, several
processes and the clocks of the zone cannot matter.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session, joinedload

from models import (
    Company,
    Frequency,
    ReportRecipient,
    ReportSettings,
)
from services.database import only_reading
from services.due_memory import DueEnds
from services.due_rows import (
    carry_over,
    days_taken,
    insert_delivery,
    lock_report,
    lock_waiting,
    reuse,
    waiting_within,
)
from services.local_days import (
    Window,
    day_window,
    find_zone,
    last_due_day,
    last_due_sunday,
    local_day,
)
from services.report_recipients import is_mailed
from services.report_windows import Span, covered_windows, uncovered_spans
from services.runtime import Runtime

logger = logging.getLogger(__name__)

#: The day of a span is the one it ends in, not the one that begins there.
MOMENT = timedelta(microseconds=1)
#: Built once: the first three are asked of every company, every few minutes.
_COMPANIES = (
    select(ReportSettings.company_id, Company.zone, ReportSettings.local_hour)
    .join(Company, Company.id == ReportSettings.company_id)
    .where(ReportSettings.is_on.is_(True))
    .order_by(ReportSettings.company_id)
)
_SETTINGS = (
    select(ReportSettings)
    .where(ReportSettings.company_id == bindparam("company_id"), ReportSettings.is_on.is_(True))
    .options(joinedload(ReportSettings.company))
)
_ACTIVE = (
    select(ReportRecipient)
    .where(
        ReportRecipient.company_id == bindparam("company_id"),
        ReportRecipient.reported_from_at < bindparam("due_end_at"),
        is_mailed(),
    )
    .order_by(ReportRecipient.id)
)
_RECIPIENT = select(ReportRecipient).where(
    ReportRecipient.id == bindparam("recipient_id"), is_mailed()
)


@dataclass(frozen=True, slots=True)
class DueReport:
    """What one company's mails have to cover by now, from `reported_from_at` on.

    Up to the end of the last due day, for whoever is mailed weekly of the last due week. The days
    after it stay uncovered until then, so a change of rhythm neither loses nor repeats one.
    """

    company_id: int
    zone: ZoneInfo
    reported_from_at: datetime
    ends: DueEnds

    def end_for(self, recipient: ReportRecipient) -> datetime:
        """Return the moment up to which this recipient is to be mailed by now."""
        is_weekly = recipient.frequency is Frequency.WEEKLY
        return self.ends.week_end_at if is_weekly else self.ends.end_at


def make_due(runtime: Runtime) -> None:
    """Insert the rows of every report whose hour has come. Commits, once per recipient.

    A company where nothing was left to be mailed a moment ago is not asked again before its next
    hour, or five minutes have passed. One that cannot be prepared is logged and never stops the
    others.
    """
    now, memory = runtime.clock(), runtime.due_memory
    companies = _companies(runtime)
    memory.keep_only({company_id for company_id, _, _ in companies})
    for company_id, zone_name, hour in companies:
        try:
            ends = _ends(find_zone(zone_name), hour=hour, now=now)
            if memory.rests(company_id, ends, now=now):
                continue
            if not _make_due(runtime, company_id, now=now):
                memory.let_rest(company_id, ends, now=now)
        except Exception:  # the edge: one company's trouble is not the others'
            logger.exception("the report of company %s could not be prepared", company_id)


def _companies(runtime: Runtime) -> Sequence[tuple[int, str, int]]:
    """Return every company whose report is on, with its zone and hour. One statement."""
    with only_reading(), runtime.sessions() as session:
        return [(row[0], row[1], row[2]) for row in session.execute(_COMPANIES)]


def _ends(zone: ZoneInfo, *, hour: int, now: datetime) -> DueEnds:
    return DueEnds(
        end_at=day_window(zone, last_due_day(zone, hour=hour, now=now)).end_at,
        week_end_at=day_window(zone, last_due_sunday(zone, hour=hour, now=now)).end_at,
    )


def _make_due(runtime: Runtime, company_id: int, *, now: datetime) -> bool:
    """Make the company's rows; say whether anything is left to be mailed.

    What waits by a row of its own is left, too: how it ends decides what is to be made then.
    """
    with only_reading(), runtime.sessions() as session:
        due = _find_due(session, company_id, now=now)
        if due is None:
            return False
        recipients = _active_recipients(session, due)
        lacking = _uncovered_windows(session, due, recipients)
        waiting = [
            recipient.id
            for recipient, windows in lacking
            if _open_windows(session, due, recipient, windows, now=now)
        ]
    for recipient_id in waiting:
        with runtime.sessions() as session:
            if _insert_due(session, company_id, recipient_id, sender=runtime.mail_from, now=now):
                session.commit()
    return bool(lacking)


def _find_due(session: Session, company_id: int, *, now: datetime) -> DueReport | None:
    settings = session.scalar(_SETTINGS, {"company_id": company_id})
    if settings is None or settings.reported_from_at is None:
        return None
    zone = find_zone(settings.company.zone)
    ends = _ends(zone, hour=settings.local_hour, now=now)
    if ends.end_at <= settings.reported_from_at:
        return None
    return DueReport(company_id, zone, settings.reported_from_at, ends)


def _active_recipients(session: Session, due: DueReport) -> Sequence[ReportRecipient]:
    values = {"company_id": due.company_id, "due_end_at": due.ends.end_at}
    return session.scalars(_ACTIVE, values).all()


def _uncovered_windows(
    session: Session, due: DueReport, recipients: Sequence[ReportRecipient]
) -> list[tuple[ReportRecipient, list[Window]]]:
    """Return what each recipient still has to be mailed, cut where something is covered.

    Whoever lacks nothing is left out.
    """
    covered = covered_windows(session, recipients)
    windows = ((each, _cut_windows(due, each, covered[each.id])) for each in recipients)
    return [(recipient, found) for recipient, found in windows if found]


def _cut_windows(
    due: DueReport, recipient: ReportRecipient, covered: Sequence[Span]
) -> list[Window]:
    start = max(due.reported_from_at, recipient.reported_from_at)
    return [
        Window(local_day(due.zone, begin), local_day(due.zone, until - MOMENT), begin, until)
        for begin, until in uncovered_spans(covered, start=start, end=due.end_for(recipient))
    ]


def _open_windows(
    session: Session,
    due: DueReport,
    recipient: ReportRecipient,
    windows: Sequence[Window],
    *,
    now: datetime,
) -> list[Window]:
    """Return the uncovered windows to make rows for.

    A window whose last day has a row waits: for that row, or for the next day to carry it.
    """
    days = [window.last_day for window in windows]
    taken = days_taken(session, recipient, days=days, end_at=due.end_for(recipient), now=now)
    return [window for window in windows if window.last_day not in taken]


def _insert_due(
    session: Session, company_id: int, recipient_id: int, *, sender: str, now: datetime
) -> bool:
    """Insert a row for each open window, by one look that holds until the transaction ends.

    Settings and recipient are read again: they may have changed since the first look. Older rows
    that still wait are carried over: missed days in a row make one mail. Returns False where
    nothing is to be kept: somebody else was faster, or after a change of zone the day was
    reported before.
    """
    lock_report(session, company_id)
    due = _find_due(session, company_id, now=now)
    recipient = session.scalar(_RECIPIENT, {"recipient_id": recipient_id})
    if due is None or recipient is None:
        return False
    lock_waiting(session, recipient_id)
    lacking = _uncovered_windows(session, due, [recipient])
    windows = [each for _, found in lacking for each in found]
    open_windows = _open_windows(session, due, recipient, windows, now=now)
    for window in open_windows:
        waiting = waiting_within(session, recipient_id, window=window)
        row_id = insert_delivery(session, recipient, window=window, sender=sender, now=now)
        if row_id is None and not reuse(
            session, recipient, window=window, end_at=due.end_for(recipient), now=now
        ):
            return False
        if waiting and not carry_over(session, waiting, now=now):
            return False
    return bool(open_windows)
