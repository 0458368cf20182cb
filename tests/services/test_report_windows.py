"""Days sent by hand among missed ones: every moment is mailed once, and none late."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from models import DeliveryState, EmptyDay, ReportRecipient
from services.local_days import SETTLING
from services.mail import MessageRefused, ServerAnswer
from services.report_delivery import deliver_due
from services.report_sending import send_day
from services.report_windows import uncovered_spans
from services.runtime import Runtime
from tests.conftest import Clock
from tests.factories import NOW
from tests.services.reporting import DAY, MORNING, Desk, day_start, make_desk

ADA, MEL = "ada@example.com", "mel@example.com"
DAYS = timedelta(days=1)


@pytest.fixture
def desk(runtime: Runtime, clock: Clock) -> Desk:
    desk = make_desk(runtime, clock, ADA, MEL, on_empty_day=EmptyDay.SEND)
    for days in range(1, 5):
        desk.add_signups(created_at=NOW + days * DAYS)
    return desk


def _assert_each_moment_once(desk: Desk, *, last_days: int) -> None:
    with desk.runtime.sessions() as session:
        recipient_ids = [row.id for row in session.query(ReportRecipient)]
    for recipient_id in recipient_ids:
        spans = sorted(
            (row.window_start_at, row.window_end_at)
            for row in desk.rows()
            if row.recipient_id == recipient_id and row.state is DeliveryState.SENT
        )
        assert spans[0][0] == day_start(DAY)
        assert all(left[1] == right[0] for left, right in pairwise(spans))
        assert spans[-1][1] == day_start(DAY + (last_days + 1) * DAYS)


def test_missed_days_before_one_sent_by_hand_come_at_the_next_tick(desk: Desk) -> None:
    desk.clock.advance(days=3)
    send_day(desk.runtime, desk.company_id, day=DAY + 3 * DAYS)

    deliver_due(desk.runtime)
    deliver_due(desk.runtime)
    desk.clock.advance(days=1)
    deliver_due(desk.runtime)

    assert desk.subjects()[::2] == [
        "1 new customer on Monday, 23 November",
        "3 new customers from Friday, 20 November to Sunday, 22 November",
        "1 new customer on Tuesday, 24 November",
    ]
    assert len(desk.outbox.received) == 6
    _assert_each_moment_once(desk, last_days=4)


@pytest.mark.parametrize("by_hand", [(1,), (2,), (0, 2), (1, 3), (0, 3), (3, 1)])
def test_any_days_sent_by_hand_leave_neither_gap_nor_overlap(
    desk: Desk, by_hand: tuple[int, ...]
) -> None:
    desk.clock.advance(days=3)
    for days in by_hand:
        send_day(desk.runtime, desk.company_id, day=DAY + days * DAYS)

    for _ in range(2):
        deliver_due(desk.runtime)
        desk.clock.advance(days=1)

    _assert_each_moment_once(desk, last_days=4)


def test_a_refused_day_before_one_sent_by_hand_comes_the_day_after(desk: Desk) -> None:
    desk.outbox.errors[MEL] = MessageRefused("Refused.", ServerAnswer(550, "full"))
    deliver_due(desk.runtime)
    desk.outbox.errors.clear()
    desk.clock.now = day_start(DAY + 2 * DAYS) + SETTLING
    send_day(desk.runtime, desk.company_id, day=DAY + DAYS)

    desk.clock.now = MORNING + DAYS
    deliver_due(desk.runtime)

    _assert_each_moment_once(desk, last_days=1)


def test_spans_are_cut_at_whatever_is_covered() -> None:
    at = [NOW + hours * timedelta(hours=1) for hours in range(10)]
    covered = [(at[0], at[2]), (at[3], at[5]), (at[4], at[5]), (at[7], at[9])]

    assert list(uncovered_spans(covered, start=at[1], end=at[8])) == [
        (at[2], at[3]),
        (at[5], at[7]),
    ]
    assert list(uncovered_spans(covered, start=at[4], end=at[5])) == []
    assert list(uncovered_spans([], start=at[0], end=at[1])) == [(at[0], at[1])]
