"""Send a day's report once more from a page: rows are opened here, jobs speak to the server."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from models import (
    AuditEvent,
    Frequency,
    ReportDelivery,
    ReportKind,
    ReportRecipient,
    SkipReason,
)
from services.audit import AuditAction, record_event
from services.delivery_again import ENDED, find_bringing, open_copy, reopen
from services.delivery_claim import MAX_HANDOVERS, window_of
from services.delivery_words import SKIP_SENTENCES, WAITING
from services.due_rows import lock_report
from services.report_delivery import DELIVERY_JOB
from services.report_history import find_day
from services.report_recipients import has_agreed
from services.runtime import Wake
from services.sign_ins import SignedIn

#: A second click of the same hand, and fifty of an impatient one, ask for the same.
SAME_CLICK = timedelta(seconds=10)


class UnknownDay(Exception):
    """Nothing was mailed, or tried to be, about the day."""


class NothingToSend(Exception):
    """Nobody would get a mail; the message says why, for people, without addresses."""


@dataclass(frozen=True, slots=True)
class DaySpan:
    first_day: date
    day: date


@dataclass(frozen=True, slots=True)
class Resend:
    """How many reports are tried again and copies sent; `waiting` were on their way before."""

    days: DaySpan
    opened: int
    copies: int
    waiting: int = 0


def send_again(
    session: Session,
    who: SignedIn,
    *,
    day: date,
    only_missing: bool,
    wake: Wake,
    now: datetime,
    sender: str,
) -> Resend:
    """Let the mail that ends in `day` go once more to those it was for. Commits, then wakes.

    Whoever has not got it gets the report itself; whoever has it a copy, unless `only_missing`.
    Whoever left, was taken off, or may not be mailed gets neither. Raises UnknownDay, or
    NothingToSend with the reason.
    """
    resend, woken = _decide(
        session, who.company_id, day=day, only_missing=only_missing, now=now, sender=sender
    )
    _record(session, who, resend, now=now)
    session.commit()
    for delivery_id in woken:
        wake(DELIVERY_JOB, delivery_id)
    return resend


def count_again(
    session: Session, company_id: int, *, day: date, now: datetime, sender: str
) -> Resend:
    """Return what sending to all would come to, by doing it and taking it back.

    Raises as `send_again` does.
    """
    try:
        resend, _ = _decide(
            session, company_id, day=day, only_missing=False, now=now, sender=sender
        )
    finally:
        session.rollback()
    return resend


def _decide(
    session: Session,
    company_id: int,
    *,
    day: date,
    only_missing: bool,
    now: datetime,
    sender: str,
) -> tuple[Resend, list[int]]:
    """Open whatever is to be sent, in the caller's transaction, and return the rows to wake."""
    is_on = lock_report(session, company_id)
    rows = _rows(session, company_id, day=day)
    if not rows:
        raise UnknownDay
    days = DaySpan(min(row.first_day_on for row in rows), rows[0].day_on)
    if not is_on:
        raise NothingToSend("The daily report is off. Switch it on under Settings > Reports.")
    if _was_asked_just_now(session, company_id, day=days.day, now=now):
        raise NothingToSend("This was asked for a moment ago. The mails are on their way.")
    wanted = _wanted(session, rows)
    if not wanted:
        raise NothingToSend(" ".join(dict.fromkeys(map(_why_not, rows))))
    return _open(session, wanted, days=days, only_missing=only_missing, now=now, sender=sender)


def _rows(session: Session, company_id: int, *, day: date) -> Sequence[ReportDelivery]:
    """Return the reports that end in the day; where none does, those of the mail that holds it."""
    query = (
        select(ReportDelivery)
        .where(
            ReportDelivery.company_id == company_id,
            ReportDelivery.kind == ReportKind.DAILY,
        )
        .options(joinedload(ReportDelivery.recipient))
        .order_by(ReportDelivery.recipient_id)
    )
    rows = session.scalars(query.where(ReportDelivery.day_on == day)).all()
    if rows:
        return rows
    span = find_day(session, company_id, day)
    return session.scalars(query.where(ReportDelivery.day_on == span.day)).all() if span else ()


def _was_asked_just_now(session: Session, company_id: int, *, day: date, now: datetime) -> bool:
    query = select(AuditEvent.id).where(
        AuditEvent.company_id == company_id,
        AuditEvent.action == AuditAction.REPORT_SENT_AGAIN.value,
        AuditEvent.subject == day.isoformat(),
        # A clock that was set back must not keep a person waiting until it is there again.
        AuditEvent.at.between(now - SAME_CLICK, now),
    )
    return session.scalar(query.limit(1)) is not None


def _wanted(session: Session, rows: Iterable[ReportDelivery]) -> list[ReportDelivery]:
    """Return the rows whose recipients may be mailed. Refused often is no reason: a person asks."""
    found = session.scalars(
        select(ReportRecipient.id).where(
            ReportRecipient.id.in_([row.recipient_id for row in rows]),
            ReportRecipient.removed_at.is_(None),
            ReportRecipient.unsubscribed_at.is_(None),
            ReportRecipient.frequency != Frequency.OFF,
            has_agreed(),
        )
    )
    wanted = set(found)
    return [row for row in rows if row.recipient_id in wanted]


def _why_not(row: ReportDelivery) -> str:
    recipient = row.recipient
    if recipient.unsubscribed_at is not None:
        return SKIP_SENTENCES[SkipReason.UNSUBSCRIBED]
    if recipient.removed_at is not None:
        return SKIP_SENTENCES[SkipReason.RECIPIENT_REMOVED]
    if recipient.frequency is Frequency.OFF:
        return SKIP_SENTENCES[SkipReason.RECIPIENT_OFF]
    return SKIP_SENTENCES[SkipReason.NOT_CONFIRMED]


def _open(
    session: Session,
    rows: Sequence[ReportDelivery],
    *,
    days: DaySpan,
    only_missing: bool,
    now: datetime,
    sender: str,
) -> tuple[Resend, list[int]]:
    """Open what is to be sent; return the numbers and the rows to wake. Raises NothingToSend."""
    to_open, to_copy = _sort(session, rows)
    opened = reopen(session, list(to_open), began_at=now, now=now)
    on_their_way = [
        delivery_id
        for delivery_id, row in to_open.items()
        if delivery_id not in opened and row.state not in ENDED
    ]
    # A part of these days came by another mail: as a report they would come twice.
    left = [row for key, row in to_open.items() if key not in opened and row.state in ENDED]
    copies = [
        open_copy(
            session, row.recipient, window=window_of(row), sender=sender, began_at=now, now=now
        )
        for row in (left if only_missing else [*left, *to_copy])
    ]
    new = [copy.delivery_id for copy in copies if copy.is_new]
    waiting = len(on_their_way) + len(copies) - len(new)
    if not opened and not copies and not on_their_way:
        raise NothingToSend("Everybody on the list has it, or may have it.")
    return Resend(days, len(opened), len(new), waiting), [*opened, *new]


def _sort(
    session: Session, rows: Iterable[ReportDelivery]
) -> tuple[dict[int, ReportDelivery], list[ReportDelivery]]:
    """Part the reports to try again, by id, from the rows whose recipients have theirs."""
    to_open: dict[int, ReportDelivery] = {}
    to_copy: list[ReportDelivery] = []
    for row in rows:
        bringing = find_bringing(session, row.recipient_id, window=window_of(row))
        if bringing is not None and bringing.state in WAITING:
            to_open[bringing.id] = bringing
        elif bringing is None and _may_be_opened(row):
            to_open[row.id] = row
        else:
            to_copy.append(row)
    return to_open, to_copy


def _may_be_opened(row: ReportDelivery) -> bool:
    """What arrived perhaps twice, or is empty, would end as before."""
    is_empty = row.skip_reason is SkipReason.NOBODY_SIGNED_UP
    return row.handover_count < MAX_HANDOVERS and not is_empty


def _record(session: Session, who: SignedIn, resend: Resend, *, now: datetime) -> None:
    record_event(
        session,
        company_id=who.company_id,
        user_id=who.user_id,
        action=AuditAction.REPORT_SENT_AGAIN,
        subject=resend.days.day.isoformat(),
        detail=f"{resend.days.day}: {resend.opened:,} tried again, {resend.copies:,} as copies",
        now=now,
    )
