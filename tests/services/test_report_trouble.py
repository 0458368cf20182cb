"""What about the report needs an admin: what waits for an hour, and what did not go at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from models import Frequency, ReportRecipient, ReportSettings
from services.audit import AuditAction, record_event
from services.mail import MessageRefused, ServerAnswer, ServerTrouble, TryLater, UncertainOutcome
from services.report_delivery import NOT_SET_UP, deliver_due
from services.report_due import make_due
from services.report_sending import send_day, send_partial_day
from services.report_trouble import NOT_PREPARED, NOT_TRIED, ReportTrouble, find_trouble
from services.runtime import Runtime
from tests.conftest import Clock
from tests.factories import NOW, make_company
from tests.services.reporting import DAY, MORNING, Desk, make_desk

ADA, MEL = "ada@example.com", "mel@example.com"
AWAY = ServerTrouble("The mail server could not be reached.")
REFUSED = MessageRefused("The mail server refused the message.", ServerAnswer(550, "unknown"))


@pytest.fixture
def desk(runtime: Runtime, clock: Clock) -> Desk:
    return make_desk(runtime, clock, ADA, MEL)


def _trouble(desk: Desk) -> ReportTrouble | None:
    with desk.runtime.sessions() as session:
        return find_trouble(session, desk.company_id, now=desk.clock())


def _tick(desk: Desk, *, minutes: int, runtime: Runtime | None = None) -> None:
    for _ in range(0, minutes, 5):
        deliver_due(runtime or desk.runtime)
        desk.clock.advance(minutes=5)


def test_all_is_well_while_reports_go_out(desk: Desk) -> None:
    _tick(desk, minutes=120)

    assert _trouble(desk) is None


def test_a_server_that_is_away_is_told_after_an_hour(desk: Desk) -> None:
    desk.outbox.errors = {ADA: AWAY, MEL: AWAY}
    _tick(desk, minutes=55)
    early = _trouble(desk)

    _tick(desk, minutes=10)

    assert early is None
    assert _trouble(desk) == ReportTrouble(MORNING, str(AWAY), (ADA, MEL), is_waiting=True)


def test_it_is_over_when_the_server_is_back(desk: Desk) -> None:
    desk.outbox.errors = {ADA: AWAY, MEL: AWAY}
    _tick(desk, minutes=120)
    desk.outbox.errors.clear()

    _tick(desk, minutes=60)

    assert _trouble(desk) is None


def test_a_mail_server_that_is_not_set_is_told_since_the_first_day(desk: Desk) -> None:
    silent = replace(desk.runtime, mailer=None)
    for _ in range(3):
        deliver_due(silent)
        desk.clock.advance(days=1)
    desk.add_signups(created_at=MORNING + timedelta(days=1))
    deliver_due(silent)

    assert _trouble(desk) == ReportTrouble(MORNING, NOT_SET_UP, (ADA, MEL), is_waiting=True)


@pytest.mark.full
def test_an_outage_of_days_is_told_all_the_time(desk: Desk) -> None:
    desk.outbox.errors = {ADA: AWAY, MEL: AWAY}
    _tick(desk, minutes=65)
    found = []
    for _ in range(60):
        deliver_due(desk.runtime)
        found.append(_trouble(desk))
        desk.clock.advance(hours=1)

    assert None not in found


def test_a_refused_address_is_told_for_a_week_or_until_it_gets_a_mail(desk: Desk) -> None:
    desk.outbox.errors[MEL] = REFUSED
    deliver_due(desk.runtime)
    desk.clock.advance(days=6, hours=23)
    told = _trouble(desk)
    desk.clock.advance(hours=2)
    a_week_later = _trouble(desk)
    desk.clock.now = MORNING + timedelta(hours=3)
    desk.outbox.errors.clear()

    send_day(desk.runtime, desk.company_id, day=DAY)

    sentence = "The mail server refused the message. unknown"
    assert told == ReportTrouble(MORNING, sentence, (MEL,), is_waiting=False)
    assert a_week_later is not None
    assert a_week_later.sentence == NOT_PREPARED, "the clock stood still for that week"
    assert _trouble(desk) is None


def test_a_mail_that_may_have_arrived_is_told(desk: Desk) -> None:
    desk.outbox.late_errors[MEL] = UncertainOutcome("The mail server gave no answer.")
    _tick(desk, minutes=30)

    trouble = _trouble(desk)

    assert trouble is not None
    assert (trouble.addresses, "may have arrived" in trouble.sentence) == ((MEL,), True)


def test_what_waits_is_told_before_what_has_ended(desk: Desk) -> None:
    desk.outbox.errors[MEL] = REFUSED
    deliver_due(desk.runtime)
    desk.outbox.errors[ADA] = TryLater("The mail server asked us to try again later.")
    desk.add_signups(created_at=MORNING)
    desk.clock.now = MORNING + timedelta(days=1)
    _tick(desk, minutes=90)

    trouble = _trouble(desk)

    assert trouble is not None
    assert (trouble.addresses, trouble.is_waiting) == ((ADA,), True)


@pytest.mark.parametrize(
    ("table", "values"),
    [
        (ReportRecipient, {"removed_at": NOW}),
        (ReportRecipient, {"unsubscribed_at": NOW}),
        (ReportRecipient, {"frequency": Frequency.OFF}),
        (ReportSettings, {"is_on": False}),
    ],
)
def test_who_wants_no_mail_misses_none(desk: Desk, table: type, values: dict[str, object]) -> None:
    desk.outbox.errors = {ADA: REFUSED, MEL: REFUSED}
    deliver_due(desk.runtime)

    desk.change(table, **values)

    assert _trouble(desk) is None


def test_a_copy_that_was_sent_hides_no_report_that_was_not(desk: Desk) -> None:
    desk.outbox.errors[MEL] = REFUSED
    deliver_due(desk.runtime)
    desk.outbox.errors.clear()
    desk.clock.advance(hours=1)

    send_partial_day(desk.runtime, desk.company_id, day=DAY + timedelta(days=1))

    trouble = _trouble(desk)
    assert desk.outbox.recipients[-2:] == [ADA, MEL]
    assert trouble is not None
    assert trouble.addresses == (MEL,)


def test_a_row_that_nobody_takes_in_hand_is_told_after_an_hour(desk: Desk) -> None:
    make_due(desk.runtime)
    early = _trouble(desk)
    desk.clock.advance(hours=1)

    trouble = _trouble(desk)

    assert early is None
    assert trouble == ReportTrouble(MORNING, NOT_TRIED, (ADA, MEL), is_waiting=True)


def test_a_report_that_cannot_be_prepared_is_told_since_its_first_day(desk: Desk) -> None:
    deliver_due(desk.runtime)
    with desk.runtime.sessions() as session:
        session.execute(text("UPDATE report_recipient SET frequency = 'hourly'"))
        session.commit()
    desk.clock.advance(days=1, minutes=59)
    early = _trouble(desk)
    desk.clock.advance(days=2, minutes=1)

    deliver_due(desk.runtime)

    due_at = MORNING + timedelta(days=1)
    assert early is None
    assert _trouble(desk) == ReportTrouble(due_at, NOT_PREPARED, (ADA, MEL), is_waiting=True)


@pytest.mark.parametrize(("hours", "is_told"), [(0, False), (1, True)])
def test_a_weekly_report_is_missed_on_monday(desk: Desk, hours: int, is_told: bool) -> None:
    desk.change(ReportRecipient, frequency=Frequency.WEEKLY)
    monday = MORNING + timedelta(days=2)
    desk.clock.now = monday - timedelta(minutes=1)
    deliver_due(desk.runtime)
    on_sunday = _trouble(desk)
    desk.clock.now = monday + timedelta(hours=hours)

    trouble = _trouble(desk)

    assert on_sunday is None
    assert (trouble is not None) is is_told
    assert trouble is None or trouble.since_at == monday


def test_settings_that_were_just_saved_are_given_an_hour(desk: Desk) -> None:
    desk.clock.advance(hours=2)
    before = _trouble(desk)
    with desk.runtime.sessions() as session:
        record_event(
            session,
            company_id=desk.company_id,
            user_id=None,
            action=AuditAction.REPORT_CHANGED,
            subject="daily report",
            now=desk.clock(),
        )
        session.commit()

    assert before is not None
    assert _trouble(desk) is None


def test_another_companys_trouble_is_not_told(desk: Desk) -> None:
    desk.outbox.errors = {ADA: AWAY, MEL: AWAY}
    _tick(desk, minutes=120)
    with desk.runtime.sessions() as session:
        other = make_company(session)

        assert find_trouble(session, other.id, now=desk.clock()) is None
