"""A day's report to one company: once per recipient, whatever its settings do meanwhile."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import pytest

from models import (
    Company,
    DeliveryState,
    EmptyDay,
    ReportDelivery,
    ReportRecipient,
    ReportSettings,
    SkipReason,
)
from services.report_delivery import NOT_SET_UP, deliver_due
from services.runtime import Runtime
from tests.conftest import Clock
from tests.factories import NOW
from tests.services.reporting import DAY, MORNING, Desk, day_start, make_desk

NEXT_DAY_AT = day_start(DAY + timedelta(days=1))


@pytest.fixture
def desk(runtime: Runtime, clock: Clock) -> Desk:
    return make_desk(runtime, clock)


def test_the_report_goes_out_at_the_local_hour(desk: Desk) -> None:
    desk.clock.now = MORNING - timedelta(seconds=1)
    deliver_due(desk.runtime)
    too_early = desk.subjects()
    desk.clock.now = MORNING

    deliver_due(desk.runtime)

    assert too_early == []
    assert desk.subjects() == ["1 new customer on Friday, 20 November"]
    assert desk.row().state is DeliveryState.SENT
    assert (desk.row().answer_code, desk.row().listed_count) == (250, 1)


def test_every_later_tick_sends_nothing(desk: Desk) -> None:
    for _ in range(24 * 4 - 1):
        deliver_due(desk.runtime)
        desk.clock.advance(minutes=15)

    assert len(desk.outbox.received) == 1


def test_each_recipient_gets_a_message_of_their_own(runtime: Runtime, clock: Clock) -> None:
    desk = make_desk(runtime, clock, "ada@example.com", "mel@example.com", "olu@example.com")

    deliver_due(desk.runtime)

    assert [mail["To"] for mail in desk.mails()] == desk.outbox.recipients
    assert sorted(desk.outbox.recipients) == [
        "ada@example.com",
        "mel@example.com",
        "olu@example.com",
    ]
    assert len({mail["Message-ID"] for mail in desk.mails()}) == 3


def test_three_hours_late_it_still_reports_its_day(desk: Desk) -> None:
    desk.clock.advance(hours=3)

    deliver_due(desk.runtime)

    assert desk.subjects() == ["1 new customer on Friday, 20 November"]


def test_after_five_days_down_one_mail_covers_them(desk: Desk) -> None:
    for days in range(5):
        desk.add_signups(created_at=NOW + timedelta(days=days))
    desk.clock.advance(days=4)

    deliver_due(desk.runtime)

    assert desk.subjects() == ["6 new customers from Friday, 20 November to Tuesday, 24 November"]
    assert (desk.row().first_day_on, desk.row().day_on) == (DAY, DAY + timedelta(days=4))


def test_what_came_after_the_day_is_tomorrows(desk: Desk) -> None:
    desk.add_signups(created_at=MORNING - timedelta(hours=1))

    deliver_due(desk.runtime)
    desk.clock.advance(days=1)
    deliver_due(desk.runtime)

    assert desk.subjects() == [
        "1 new customer on Friday, 20 November",
        "1 new customer on Saturday, 21 November",
    ]


def test_switching_on_never_catches_up(desk: Desk) -> None:
    desk.change(ReportSettings, reported_from_at=NEXT_DAY_AT)

    deliver_due(desk.runtime)

    assert desk.rows() == []


def test_a_new_recipient_begins_with_their_first_day(desk: Desk) -> None:
    desk.add_recipients("new@example.com", reported_from_at=NEXT_DAY_AT)
    desk.add_signups(created_at=NOW + timedelta(days=1))

    deliver_due(desk.runtime)
    desk.clock.advance(days=1)
    deliver_due(desk.runtime)

    assert desk.outbox.recipients == ["ada@example.com", "ada@example.com", "new@example.com"]
    assert {row.first_day_on for row in desk.rows()} == {DAY, DAY + timedelta(days=1)}


@pytest.mark.parametrize("hour", [0, 6, 8, 23])
def test_another_hour_after_todays_mail_sends_none_today(desk: Desk, hour: int) -> None:
    deliver_due(desk.runtime)
    desk.add_signups(created_at=NOW + timedelta(days=1))
    desk.change(ReportSettings, local_hour=hour)

    for _ in range(16):
        desk.clock.advance(hours=1)
        deliver_due(desk.runtime)

    assert len(desk.outbox.received) == 1


@pytest.mark.parametrize(
    "zone", ["Pacific/Kiritimati", "Europe/Berlin", "America/Los_Angeles", "Pacific/Pago_Pago"]
)
def test_another_zone_neither_skips_nor_repeats(desk: Desk, zone: str) -> None:
    for hours in range(0, 24 * 4, 3):
        desk.add_signups(created_at=NOW + timedelta(hours=hours))
    deliver_due(desk.runtime)
    desk.change(Company, zone=zone)

    for _ in range(24 * 6):
        desk.clock.advance(hours=1)
        deliver_due(desk.runtime)

    rows = desk.rows()
    assert len({row.day_on for row in rows}) == len(rows)
    windows = sorted((row.window_start_at, row.window_end_at) for row in rows)
    assert all(left[1] == right[0] for left, right in pairwise(windows))
    assert sum(row.listed_count or 0 for row in rows) == 1 + 32


def test_an_unknown_zone_falls_back_to_utc(desk: Desk) -> None:
    desk.change(Company, zone="Atlantis/Capital")

    deliver_due(desk.runtime)

    assert desk.subjects() == ["1 new customer on Friday, 20 November"]


def test_a_day_without_signups_is_skipped_with_its_reason(desk: Desk) -> None:
    desk.clock.advance(days=1)
    desk.change(ReportSettings, reported_from_at=NEXT_DAY_AT)

    deliver_due(desk.runtime)

    assert desk.outbox.received == []
    assert desk.row().skip_reason is SkipReason.NOBODY_SIGNED_UP


def test_a_day_without_signups_is_mailed_where_wanted(desk: Desk) -> None:
    desk.clock.advance(days=1)
    desk.change(ReportSettings, reported_from_at=NEXT_DAY_AT, on_empty_day=EmptyDay.SEND)

    deliver_due(desk.runtime)

    assert desk.subjects() == ["No new customers on Saturday, 21 November"]


def test_a_day_with_only_placeholders_is_an_empty_day(desk: Desk) -> None:
    desk.clock.advance(days=1)
    desk.change(ReportSettings, reported_from_at=NEXT_DAY_AT)
    desk.add_signups(
        3,
        email="quickbooks-1@placeholder.local",
        is_placeholder_email=True,
        created_at=NOW + timedelta(days=1),
    )

    deliver_due(desk.runtime)

    assert desk.row().skip_reason is SkipReason.NOBODY_SIGNED_UP


@pytest.mark.parametrize(
    ("table", "values", "reason"),
    [
        (ReportRecipient, {"unsubscribed_at": NOW}, SkipReason.UNSUBSCRIBED),
        (ReportRecipient, {"removed_at": NOW}, SkipReason.RECIPIENT_REMOVED),
        (ReportSettings, {"is_on": False}, SkipReason.REPORT_OFF),
    ],
)
def test_who_wants_it_no_more_is_asked_again_before_the_final_dot(
    desk: Desk, table: type, values: dict[str, object], reason: SkipReason
) -> None:
    desk.outbox.meanwhile = lambda: desk.change(table, **values)

    deliver_due(desk.runtime)

    assert desk.outbox.received == []
    assert (desk.row().state, desk.row().skip_reason) == (DeliveryState.SKIPPED, reason)


def test_a_recipient_deleted_on_the_way_gets_nothing(desk: Desk) -> None:
    def delete() -> None:
        with desk.runtime.sessions() as session:
            session.delete(session.get_one(Company, desk.company_id))
            session.commit()

    desk.outbox.meanwhile = delete

    deliver_due(desk.runtime)

    assert desk.outbox.received == []
    assert desk.rows() == []


def test_without_a_mail_server_reports_wait_and_say_why(desk: Desk) -> None:
    deliver_due(_without_mailer(desk))

    assert (desk.row().state, desk.row().attempts) == (DeliveryState.DUE, 0)
    assert desk.row().answer_text == NOT_SET_UP

    deliver_due(desk.runtime)

    assert desk.row().state is DeliveryState.SENT


def test_days_without_a_mail_server_come_in_one_mail(desk: Desk) -> None:
    desk.add_signups(created_at=NOW + timedelta(days=1))
    deliver_due(_without_mailer(desk))
    desk.clock.advance(days=1)
    deliver_due(_without_mailer(desk))

    deliver_due(desk.runtime)

    assert desk.subjects() == ["2 new customers from Friday, 20 November to Saturday, 21 November"]
    assert [row.skip_reason for row in desk.rows()] == [SkipReason.CARRIED_OVER, None]


def test_a_row_keeps_its_window_when_the_hour_moves(desk: Desk) -> None:
    deliver_due(_without_mailer(desk))
    window = (desk.row().window_start_at, desk.row().window_end_at)
    desk.change(Company, zone="Europe/Berlin")

    deliver_due(desk.runtime)

    row = desk.row()
    assert (row.window_start_at, row.window_end_at) == window
    assert row.state is DeliveryState.SENT


def _without_mailer(desk: Desk) -> Runtime:
    return replace(desk.runtime, mailer=None)


@pytest.mark.both_databases
def test_a_signup_that_is_committed_after_midnight_is_in_the_mail_of_midnight(
    runtime: Runtime, clock: Clock
) -> None:
    desk = make_desk(runtime, clock, local_hour=0)
    for seconds in (1, 299):
        clock.now = NEXT_DAY_AT + timedelta(seconds=seconds)
        deliver_due(desk.runtime)
    desk.add_signups(created_at=NEXT_DAY_AT - timedelta(milliseconds=1))

    clock.now = NEXT_DAY_AT + timedelta(minutes=5)
    deliver_due(desk.runtime)

    assert desk.subjects() == ["2 new customers on Friday, 20 November"]


def test_day_labels_are_dates_of_the_companys_calendar(runtime: Runtime, clock: Clock) -> None:
    desk = make_desk(runtime, clock, zone="Pacific/Kiritimati", local_hour=0)
    desk.clock.now = NOW

    deliver_due(desk.runtime)

    assert [row.day_on for row in desk.rows()] == [date(2026, 11, 20)]
    assert [row.kind.value for row in desk.rows()] == ["daily"]
    assert isinstance(desk.row(), ReportDelivery)
