"""What a person asks for: the report of one day now, a copy of it, a test.

All but the test goes out by rows and by the steps of the daily report. Copies and tests cover
nothing: the daily report is sent whether or not they were.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import (
    Company,
    DeliveryState,
    Frequency,
    ReportDelivery,
    ReportKind,
    ReportRecipient,
    ReportSettings,
)
from services.database import only_reading
from services.delivery_again import (
    find_bringing,
    has_whole_copy,
    is_partly_brought,
    open_copy,
    reopen,
)
from services.delivery_words import WAITING, reason_sentence
from services.due_rows import insert_delivery, lock_report
from services.local_days import DAY, SETTLING, Window, day_window, find_zone, local_day
from services.mail import Mailer, RenderedMail, ServerAnswer
from services.report_delivery import NOT_SET_UP, deliver_waiting
from services.report_mail import (
    Addressee,
    Envelope,
    compose_report,
    new_message_id,
    render_report,
)
from services.report_recipients import is_mailed
from services.runtime import Runtime
from services.signup_report import collect_report


class SendingError(Exception):
    """The report cannot be sent as asked; the message is for people."""


class DayNotOver(SendingError):
    pass


class DayInFuture(SendingError):
    pass


class ReportOff(SendingError):
    pass


class NoRecipient(SendingError):
    pass


class MailNotSetUp(SendingError):
    pass


@dataclass(frozen=True, slots=True)
class DayOutcome:
    """What came of sending one day: how many recipients ended where, and why."""

    day: date
    sent: int = 0
    already_sent: int = 0
    skipped: int = 0
    refused: int = 0
    failed: int = 0
    waiting: int = 0
    reasons: tuple[str, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Say whether everybody got it, now or earlier, or was left out on purpose."""
        return not (self.refused or self.failed or self.waiting)


def yesterday(session: Session, company_id: int, *, now: datetime) -> date:
    """Return the company's last local day that is over."""
    zone = find_zone(session.get_one(Company, company_id).zone)
    return local_day(zone, now) - DAY


def preview_day(runtime: Runtime, company_id: int, *, day: date) -> RenderedMail:
    """Return the mail of that local day as nobody in particular would get it. Sends nothing.

    Of a day that is not over, the one that says so.
    """
    now = runtime.clock()
    with only_reading(), runtime.sessions() as session:
        window = _window(session, company_id, day=day)
        report = collect_report(session, company_id, window=window, now=now)
        settings = _settings(session, company_id)
    addressee = Addressee(
        address="the report's recipients",
        public_base_url=runtime.public_base_url,
        local_hour=settings.local_hour if settings is not None and settings.is_on else None,
        is_partial=window.end_at > now,
    )
    return render_report(report, addressee)


def send_day(runtime: Runtime, company_id: int, *, day: date, again: bool = False) -> DayOutcome:
    """Send what has not been sent of a local day that is over. Commits. Calls the network.

    Whoever wants it weekly, or was told a part of the day by another mail, gets a copy: the report
    itself would cut a week or come twice. With `again`, who has it already gets a copy, too.
    Raises DayNotOver, ReportOff, NoRecipient or MailNotSetUp.
    """
    _require_mailer(runtime)
    began_at = runtime.clock()
    with runtime.sessions() as session:
        window = _window(session, company_id, day=day)
        if window.end_at > began_at:
            raise DayNotOver(f"{day} is not over yet in the company's zone.")
        if window.end_at + SETTLING > began_at:
            raise DayNotOver(f"{day} has only just ended. Ask again in five minutes.")
        lock_report(session, company_id)
        recipients = _recipients(session, company_id, window=window)
        served, to_copy, rows = _part(session, recipients, window=window, runtime=runtime)
        reopen(session, rows, began_at=began_at, now=runtime.clock())
        if again:
            to_copy += served
        rows += _open_copies(session, to_copy, window=window, runtime=runtime, began_at=began_at)
        session.commit()
    deliver_waiting(runtime, only=rows)
    with only_reading(), runtime.sessions() as session:
        already_sent = 0 if again else len(served)
        return _outcome(session, day, delivery_ids=rows, already_sent=already_sent)


def send_partial_day(runtime: Runtime, company_id: int, *, day: date) -> DayOutcome:
    """Send a copy of a day that is still going on to everybody. Commits. Calls the network.

    The day's own report follows all the same. Raises DayInFuture, ReportOff, NoRecipient or
    MailNotSetUp.
    """
    _require_mailer(runtime)
    began_at = runtime.clock()
    with runtime.sessions() as session:
        window = _window(session, company_id, day=day)
        if window.start_at > began_at:
            raise DayInFuture(f"{day} has not begun yet in the company's zone.")
        recipients = _recipients(session, company_id, window=window)
        rows = _open_copies(session, recipients, window=window, runtime=runtime, began_at=began_at)
        session.commit()
    deliver_waiting(runtime, only=rows)
    with only_reading(), runtime.sessions() as session:
        return _outcome(session, day, delivery_ids=rows, already_sent=0)


def send_test(runtime: Runtime, company_id: int, *, address: str) -> ServerAnswer:
    """Send yesterday's report to one address by the same way as the real one; claims nothing.

    Calls the network. Raises MailNotSetUp or the MailError family, in words for people.
    """
    mailer = _require_mailer(runtime)
    with only_reading(), runtime.sessions() as session:
        day = yesterday(session, company_id, now=runtime.clock())
        window = _window(session, company_id, day=day)
        report = collect_report(session, company_id, window=window, now=runtime.clock())
    addressee = Addressee(address, runtime.public_base_url, is_test=True)
    envelope = Envelope(runtime.mail_from, new_message_id(runtime.mail_from), runtime.clock())
    return mailer.send(compose_report(report, addressee, envelope=envelope))


def _require_mailer(runtime: Runtime) -> Mailer:
    if runtime.mailer is None:
        raise MailNotSetUp(NOT_SET_UP)
    return runtime.mailer


def _window(session: Session, company_id: int, *, day: date) -> Window:
    return day_window(find_zone(session.get_one(Company, company_id).zone), day)


def _settings(session: Session, company_id: int) -> ReportSettings | None:
    return session.scalar(select(ReportSettings).where(ReportSettings.company_id == company_id))


def _recipients(session: Session, company_id: int, *, window: Window) -> Sequence[ReportRecipient]:
    """Return who may be mailed the window; an outside address only days since it agreed."""
    settings = _settings(session, company_id)
    if settings is None or not settings.is_on:
        raise ReportOff("The daily report is off. Switch it on under Settings > Reports.")
    query = select(ReportRecipient).where(ReportRecipient.company_id == company_id)
    may_have_it = is_mailed(agreed_before=window.end_at)
    found = session.scalars(query.where(may_have_it).order_by(ReportRecipient.id)).all()
    if found:
        return found
    if session.scalar(query.where(is_mailed()).limit(1)) is not None:
        raise NoRecipient(f"Nobody on the list had agreed to be mailed by {window.last_day}.")
    raise NoRecipient(
        "The report has no recipient who may be mailed. Add one under Settings > Reports."
    )


def _part(
    session: Session,
    recipients: Iterable[ReportRecipient],
    *,
    window: Window,
    runtime: Runtime,
) -> tuple[list[ReportRecipient], list[ReportRecipient], list[int]]:
    """Return who has the day, who gets a copy, and for everybody else the row that brings it."""
    served: list[ReportRecipient] = []
    to_copy: list[ReportRecipient] = []
    rows: list[int] = []
    for recipient in recipients:
        bringing = find_bringing(session, recipient.id, window=window)
        if bringing is not None and bringing.state is DeliveryState.SENT:
            served.append(recipient)
        elif bringing is not None:
            rows.append(bringing.id)
        elif not _gets_copy(session, recipient, window=window):
            rows.append(_row_of(session, recipient, window=window, runtime=runtime))
        elif has_whole_copy(session, recipient.id, window=window):
            served.append(recipient)
        else:
            to_copy.append(recipient)
    return served, to_copy, rows


def _gets_copy(session: Session, recipient: ReportRecipient, *, window: Window) -> bool:
    """Say whether the day as a report would cut the recipient's week, or come twice."""
    is_weekly = recipient.frequency is Frequency.WEEKLY
    return is_weekly or is_partly_brought(session, recipient.id, window=window)


def _open_copies(
    session: Session,
    recipients: Iterable[ReportRecipient],
    *,
    window: Window,
    runtime: Runtime,
    began_at: datetime,
) -> list[int]:
    now, sender = runtime.clock(), runtime.mail_from
    return [
        open_copy(
            session, recipient, window=window, sender=sender, began_at=began_at, now=now
        ).delivery_id
        for recipient in recipients
    ]


def _row_of(
    session: Session, recipient: ReportRecipient, *, window: Window, runtime: Runtime
) -> int:
    """Return the row of the day and the recipient; makes it where there is none."""
    row_id = insert_delivery(
        session, recipient, window=window, sender=runtime.mail_from, now=runtime.clock()
    )
    if row_id is not None:
        return row_id
    query = select(ReportDelivery.id).where(
        ReportDelivery.recipient_id == recipient.id,
        ReportDelivery.kind == ReportKind.DAILY,
        ReportDelivery.day_on == window.last_day,
    )
    return session.scalars(query).one()


def _outcome(
    session: Session, day: date, *, delivery_ids: Sequence[int], already_sent: int
) -> DayOutcome:
    rows = session.scalars(select(ReportDelivery).where(ReportDelivery.id.in_(delivery_ids))).all()
    states = Counter(row.state for row in rows)
    return DayOutcome(
        day=day,
        sent=states[DeliveryState.SENT],
        already_sent=already_sent,
        skipped=states[DeliveryState.SKIPPED],
        refused=states[DeliveryState.REFUSED],
        failed=states[DeliveryState.FAILED],
        waiting=sum(states[state] for state in WAITING),
        reasons=tuple(dict.fromkeys(filter(None, map(reason_sentence, rows)))),
    )
