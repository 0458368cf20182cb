"""Whose turn it is while mails fail: nobody waits for ever behind those who always break off."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from models import DeliveryState
from services import smtp
from services.database import BUSY_TIMEOUT_MS
from services.delivery_claim import CLAIM_LEASE, HANDOVER_LEASE, NOTING
from services.mail import BrokenOff, ServerTrouble
from services.report_delivery import FAILURES_IN_A_ROW, OTHERS_FAILED, deliver_due
from services.report_trouble import find_trouble
from services.runtime import Runtime
from tests.conftest import Clock
from tests.factories import (
    make_company,
    make_customer,
    make_report_recipient,
    make_report_settings,
)
from tests.services.reporting import DAY, MORNING, Desk, day_start, make_desk

BROKEN_OFF = BrokenOff("The mail server closed the connection.")
MINUTE = timedelta(minutes=1)
#: Every minute at first, later every two hours, up to 26 hours.
TICKS = (*range(6), *range(60, 26 * 60, 120))


def _make_desk(runtime: Runtime, clock: Clock, *, bad: int, good: int) -> Desk:
    """A company of bad addresses that comes first, and one of good ones after it."""
    desk = make_desk(runtime, clock, *(f"bad-{number}@example.com" for number in range(bad)))
    with runtime.sessions() as session:
        other = make_company(session, zone="America/New_York")
        make_report_settings(session, other, reported_from_at=day_start(DAY))
        make_customer(session, other)
        for number in range(good):
            make_report_recipient(session, other, address=f"good-{number}@example.com")
    return desk


def _break_off(desk: Desk, error: Exception, *, bad: int) -> None:
    desk.outbox.errors = {f"bad-{number}@example.com": error for number in range(bad)}


@pytest.mark.parametrize("bad", [2, 3, pytest.param(10, marks=pytest.mark.full)])
def test_who_always_breaks_off_holds_up_nobody_for_more_than_minutes(
    runtime: Runtime, clock: Clock, bad: int
) -> None:
    desk = _make_desk(runtime, clock, bad=bad, good=7)
    _break_off(desk, BROKEN_OFF, bad=bad)
    sent_at: list[int] = []
    for minutes in TICKS:
        clock.now = MORNING + minutes * MINUTE
        deliver_due(desk.runtime)
        sent_at += [minutes] * (len(desk.outbox.received) - len(sent_at))

    rows = [row for row in desk.rows() if row.day_on == DAY]
    assert sent_at == [bad // FAILURES_IN_A_ROW] * 7
    assert {row.attempts for row in rows if row.state is DeliveryState.SENT} == {1}
    ended = {row.state for row in rows if row.company_id == desk.company_id}
    assert ended <= {DeliveryState.FAILED, DeliveryState.SKIPPED}


def test_who_has_not_been_tried_begins_the_next_round(runtime: Runtime, clock: Clock) -> None:
    desk = _make_desk(runtime, clock, bad=4, good=2)
    _break_off(desk, BROKEN_OFF, bad=4)

    deliver_due(desk.runtime)
    waiting = desk.rows()[-1]
    clock.advance(minutes=1)
    deliver_due(desk.runtime)

    assert (waiting.attempts, waiting.next_attempt_at) == (0, MORNING)
    assert waiting.answer_text == OTHERS_FAILED
    assert desk.outbox.recipients == ["good-0@example.com", "good-1@example.com"]


def test_one_recipient_is_never_taken_for_the_server(runtime: Runtime, clock: Clock) -> None:
    desk = make_desk(runtime, clock, "bad-0@example.com")
    _break_off(desk, BROKEN_OFF, bad=1)
    for _ in range(FAILURES_IN_A_ROW):
        deliver_due(desk.runtime)
        desk.add_signups(created_at=clock.now)
        clock.advance(days=1)
    desk.add_recipients("good-0@example.com")

    deliver_due(desk.runtime)

    assert "good-0@example.com" in desk.outbox.recipients


def test_a_server_that_breaks_off_every_mail_is_given_three_a_minute_and_admins_are_told(
    runtime: Runtime, clock: Clock
) -> None:
    desk = _make_desk(runtime, clock, bad=30, good=1)
    tried: list[int] = []
    desk.outbox.meanwhile = lambda: tried.append((clock.now - MORNING) // MINUTE)
    _break_off(desk, BROKEN_OFF, bad=30)
    for minutes in (0, 1, 61):
        clock.now = MORNING + minutes * MINUTE
        deliver_due(desk.runtime)

    with desk.runtime.sessions() as session:
        trouble = find_trouble(session, desk.company_id + 1, now=clock())
    assert tried == [0] * 3 + [1] * 3 + [61] * 3
    assert trouble is not None
    assert trouble.sentence == OTHERS_FAILED


def test_a_server_that_takes_only_so_many_at_once_gets_them_all_in_time(
    runtime: Runtime, clock: Clock
) -> None:
    desk = make_desk(runtime, clock, *(f"recipient-{number}@example.com" for number in range(12)))
    taken: list[int] = []

    def take_two_a_minute() -> None:
        minute = (clock.now - MORNING) // MINUTE
        if taken.count(minute) == 2:
            raise ServerTrouble("Too many connections.")
        taken.append(minute)

    desk.outbox.meanwhile = take_two_a_minute
    for minutes in range(10):
        clock.now = MORNING + minutes * MINUTE
        deliver_due(desk.runtime)

    assert len(desk.outbox.received) == 12


def test_a_server_that_takes_mails_gives_nobody_up_who_was_not_tried(
    runtime: Runtime, clock: Clock
) -> None:
    desk = make_desk(runtime, clock, "ada@example.com", "mel@example.com", "olu@example.com")
    desk.outbox.errors["mel@example.com"] = ServerTrouble("Too many connections.")
    clock.advance(hours=23, minutes=59, seconds=30)

    deliver_due(desk.runtime)

    assert desk.states()["olu@example.com"] is DeliveryState.DUE


def test_no_mail_is_begun_when_the_process_shall_end(runtime: Runtime, clock: Clock) -> None:
    desk = make_desk(runtime, clock, "ada@example.com", "mel@example.com")
    desk.outbox.meanwhile = desk.runtime.stopping.set

    deliver_due(desk.runtime)

    assert desk.states() == {
        "ada@example.com": DeliveryState.SENT,
        "mel@example.com": DeliveryState.DUE,
    }


def test_no_lease_ends_before_the_longest_mail_is_written_down() -> None:
    noting = NOTING + timedelta(milliseconds=BUSY_TIMEOUT_MS)
    before_the_dot = timedelta(seconds=smtp.BEFORE_DOT_TIMEOUT_S)
    after_it = timedelta(seconds=smtp.FINAL_DOT_TIMEOUT_S + smtp.GOODBYE_TIMEOUT_S)

    assert before_the_dot + 2 * noting < CLAIM_LEASE
    assert after_it + noting < HANDOVER_LEASE


def test_a_long_queue_is_sorted_once_for_many_mails(runtime: Runtime, clock: Clock) -> None:
    desk = make_desk(runtime, clock, *(f"recipient-{number}@example.com" for number in range(20)))
    sorted_by_turns: list[str] = []

    def listen(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if "ORDER BY report_delivery.kind" in statement:
            sorted_by_turns.append(statement)

    event.listen(runtime.sessions.kw["bind"], "before_cursor_execute", listen)

    deliver_due(desk.runtime)

    assert len(desk.outbox.received) == 20
    assert len(sorted_by_turns) == 2
