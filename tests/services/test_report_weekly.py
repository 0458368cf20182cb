"""The weekly mail: on Monday, for Monday to Sunday, whatever the rhythm was before."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select

from models import DeliveryState, EmptyDay, Frequency, ReportDelivery, ReportKind, ReportRecipient
from services.due_rows import insert_delivery
from services.local_days import DAY as ONE_DAY
from services.local_days import Window
from services.mail import MessageRefused, TryLater
from services.report_delivery import deliver_due
from services.report_recipients import RecipientWish
from services.report_settings import ReportWish, change_report_settings
from services.runtime import Runtime
from tests.conftest import Clock
from tests.factories import NOW
from tests.services.reporting import DAY, MORNING, SENDER, Desk, day_start, make_desk
from tests.services.support import Place

ADA = "ada@example.com"
DAILY, WEEKLY = Frequency.DAILY, Frequency.WEEKLY
#: MORNING is a Saturday; this is the Monday after it.
MONDAY = MORNING + timedelta(days=2)


@pytest.fixture
def desk(runtime: Runtime, clock: Clock) -> Desk:
    """Somebody signs up every day; ada wants to know on Mondays."""
    desk = make_desk(runtime, clock, ADA, on_empty_day=EmptyDay.SEND)
    for days in range(1, 20):
        desk.add_signups(created_at=NOW + timedelta(days=days))
    desk.change(ReportRecipient, frequency=WEEKLY)
    return desk


def _run(desk: Desk, *, until: datetime) -> list[datetime]:
    """Tick every hour; return when mails went out."""
    sent: list[datetime] = []
    while desk.clock.now <= until:
        before = len(desk.outbox.received)
        deliver_due(desk.runtime)
        sent += [desk.clock.now] * (len(desk.outbox.received) - before)
        desk.clock.advance(hours=1)
    return sent


def _spans(desk: Desk) -> list[tuple[date, date]]:
    return [
        (row.first_day_on, row.day_on) for row in desk.rows() if row.state is DeliveryState.SENT
    ]


@pytest.mark.both_databases
def test_a_week_is_mailed_on_monday_at_the_hour(desk: Desk) -> None:
    sent = _run(desk, until=MONDAY + timedelta(days=13))

    assert sent == [MONDAY, MONDAY + timedelta(days=7)]
    assert _spans(desk) == [(DAY, date(2026, 11, 22)), (date(2026, 11, 23), date(2026, 11, 29))]


def test_a_daily_recipient_who_turns_weekly_is_told_the_rest_of_the_week(desk: Desk) -> None:
    desk.change(ReportRecipient, frequency=DAILY)
    _run(desk, until=MONDAY + timedelta(days=2))
    desk.change(ReportRecipient, frequency=WEEKLY)

    sent = _run(desk, until=MONDAY + timedelta(days=8))

    assert sent == [MONDAY + timedelta(days=7)]
    assert _spans(desk)[-2:] == [
        (date(2026, 11, 24), date(2026, 11, 24)),
        (date(2026, 11, 25), date(2026, 11, 29)),
    ]


def test_a_weekly_recipient_who_turns_daily_is_told_the_days_since_monday(desk: Desk) -> None:
    _run(desk, until=MONDAY + timedelta(days=3))
    desk.change(ReportRecipient, frequency=DAILY)

    _run(desk, until=MONDAY + timedelta(days=4))

    assert _spans(desk) == [
        (DAY, date(2026, 11, 22)),
        (date(2026, 11, 23), date(2026, 11, 25)),
        (date(2026, 11, 26), date(2026, 11, 26)),
    ]


def test_two_weeks_without_a_server_are_one_mail(desk: Desk) -> None:
    desk.clock.now = MONDAY + timedelta(days=8)

    deliver_due(desk.runtime)

    assert _spans(desk) == [(DAY, date(2026, 11, 29))]
    assert len(desk.outbox.received) == 1


@pytest.mark.full
def test_a_week_whose_server_is_down_for_days_does_not_wait_for_the_next(desk: Desk) -> None:
    desk.outbox.errors[ADA] = TryLater("The mail server asked us to try again later.")
    _run(desk, until=MONDAY + timedelta(days=3))
    desk.outbox.errors.clear()

    sent = _run(desk, until=MONDAY + timedelta(days=5))

    assert len(sent) == 1
    assert sent[0] < MONDAY + timedelta(days=3, hours=3)
    assert _spans(desk) == [(DAY, date(2026, 11, 22))]


def test_a_week_that_was_refused_waits_for_the_next(desk: Desk) -> None:
    desk.outbox.errors[ADA] = MessageRefused("Refused.")
    _run(desk, until=MONDAY + timedelta(hours=3))
    desk.outbox.errors.clear()

    sent = _run(desk, until=MONDAY + timedelta(days=8))

    assert sent == [MONDAY + timedelta(days=7)]
    assert _spans(desk) == [(DAY, date(2026, 11, 29))]


def test_the_weeks_mail_carries_a_day_that_still_waits(desk: Desk) -> None:
    desk.change(ReportRecipient, frequency=DAILY)
    desk.outbox.errors[ADA] = TryLater("The mail server asked us to try again later.")
    desk.clock.now = MONDAY - ONE_DAY
    deliver_due(desk.runtime)
    desk.change(ReportRecipient, frequency=WEEKLY)
    desk.clock.now = MONDAY
    desk.outbox.errors.clear()

    deliver_due(desk.runtime)

    assert _spans(desk) == [(DAY, date(2026, 11, 22))]
    assert len(desk.outbox.received) == 1


@pytest.mark.both_databases
def test_a_copy_covers_nothing_and_holds_nothing_back(desk: Desk) -> None:
    desk.change(ReportRecipient, frequency=DAILY)
    later = MORNING + 9 * ONE_DAY
    for state, day in ((DeliveryState.SENT, DAY), (DeliveryState.DUE, DAY + ONE_DAY)):
        _make_copy(desk, state=state, day=day, next_attempt_at=later)
    desk.clock.now = MORNING + ONE_DAY

    deliver_due(desk.runtime)

    assert desk.subjects() == ["2 new customers from Friday, 20 November to Saturday, 21 November"]
    copies = [row.state for row in desk.rows() if row.kind is ReportKind.COPY]
    assert copies == [DeliveryState.SENT, DeliveryState.DUE]


def _make_copy(desk: Desk, *, state: DeliveryState, day: date, next_attempt_at: datetime) -> None:
    window = Window(day, day, day_start(day), day_start(day + ONE_DAY))
    with desk.runtime.sessions() as session:
        recipient = session.scalars(select(ReportRecipient)).one()
        insert_delivery(session, recipient, window=window, sender=SENDER, now=next_attempt_at)
        row = session.scalars(select(ReportDelivery).order_by(ReportDelivery.id.desc())).first()
        assert row is not None
        row.kind, row.state = ReportKind.COPY, state
        session.commit()


@pytest.mark.parametrize(
    ("ada", "stranger", "expected"),
    [
        (DAILY, WEEKLY, "2026-11-21 12:00"),
        (WEEKLY, DAILY, "2026-11-23 12:00"),
        (Frequency.OFF, DAILY, None),
    ],
)
def test_the_next_mail_is_that_of_whoever_is_mailed_first(
    runtime: Runtime, harbor: Place, ada: Frequency, stranger: Frequency, expected: str | None
) -> None:
    wish = ReportWish(
        is_on=True,
        local_hour=7,
        zone="America/New_York",
        on_empty_day=EmptyDay.SKIP,
        recipients=[RecipientWish(ADA, ada), RecipientWish("olu@example.org", stranger)],
    )
    with runtime.sessions() as session:
        view = change_report_settings(session, harbor.admin, wish=wish, now=NOW)

    shown = view.next_send_at and f"{view.next_send_at:%Y-%m-%d %H:%M}"
    assert shown == expected
