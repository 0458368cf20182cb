"""Old deliveries go, and whoever prepares reports finds the same days uncovered as before."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select

from models import (
    DeliveryState,
    ReportDelivery,
    ReportKind,
    ReportRecipient,
    ReportSettings,
    SkipReason,
)
from models.base import new_public_id
from services.delivery_retention import clear_deliveries
from services.report_due import make_due
from services.report_windows import Span, covered_windows, uncovered_spans
from services.runtime import Runtime
from tests.conftest import Clock
from tests.factories import NOW, make_company, make_report_recipient, make_report_settings
from tests.services.support import count, rows

DAY = timedelta(days=1)
#: 80 days before the day of NOW.
FIRST_AT = datetime.fromisoformat("2026-09-01T00:00:00+00:00")
BEFORE = FIRST_AT + 50 * DAY
IN_HAND = (DeliveryState.DUE, DeliveryState.CLAIMED, DeliveryState.HANDING_OVER)


def _recipient(runtime: Runtime, *, company_from_at: datetime = FIRST_AT) -> int:
    with runtime.sessions() as session:
        company = make_company(session, zone="UTC")
        make_report_settings(session, company, reported_from_at=company_from_at)
        return make_report_recipient(session, company, reported_from_at=FIRST_AT).id


def _add(
    runtime: Runtime,
    recipient_id: int,
    first: int,
    *,
    days: int = 1,
    state: DeliveryState = DeliveryState.SENT,
    reason: SkipReason | None = None,
    handovers: int = 0,
    kind: ReportKind = ReportKind.DAILY,
) -> None:
    """Write the delivery of so many days, which ended the morning after if it has."""
    end_at = FIRST_AT + (first + days) * DAY
    with runtime.sessions() as session:
        recipient = session.get_one(ReportRecipient, recipient_id)
        session.add(
            ReportDelivery(
                public_id=new_public_id(),
                company_id=recipient.company_id,
                recipient_id=recipient_id,
                kind=kind,
                first_day_on=date(2026, 9, 1) + first * DAY,
                day_on=date(2026, 9, 1) + (first + days - 1) * DAY,
                window_start_at=FIRST_AT + first * DAY,
                window_end_at=end_at,
                message_id=new_public_id(),
                state=state,
                skip_reason=reason,
                handover_count=handovers,
                next_attempt_at=end_at,
                due_at=end_at,
                ended_at=None if state in IN_HAND else end_at,
            )
        )
        session.commit()


def _uncovered(runtime: Runtime, recipient_id: int) -> list[Span]:
    with runtime.sessions() as session:
        recipient = session.get_one(ReportRecipient, recipient_id)
        settings = session.scalars(
            select(ReportSettings).where(ReportSettings.company_id == recipient.company_id)
        ).one()
        assert settings.reported_from_at is not None
        start = max(settings.reported_from_at, recipient.reported_from_at)
        covered = covered_windows(session, [recipient])[recipient_id]
        return list(uncovered_spans(covered, start=start, end=FIRST_AT + 80 * DAY))


def _days(runtime: Runtime, recipient_id: int) -> list[int]:
    query = select(ReportDelivery.window_start_at).where(
        ReportDelivery.recipient_id == recipient_id, ReportDelivery.kind == ReportKind.DAILY
    )
    found = rows(runtime.sessions, query.order_by(ReportDelivery.window_start_at))
    return [(start_at - FIRST_AT).days for (start_at,) in found]


@pytest.mark.parametrize("seed", range(12))
def test_the_same_days_stay_uncovered_whatever_stands_there(runtime: Runtime, seed: int) -> None:
    chance = random.Random(seed)
    begins_at = FIRST_AT + chance.choice((0, 0, 7)) * DAY
    recipient_id = _recipient(runtime, company_from_at=begins_at)
    day = 0
    while day < 70:
        days = chance.choice((1, 1, 1, 1, 2, 7))
        # Mostly sent, as life is; else anything, or nothing at all.
        is_plain = chance.random() < 0.97 - 0.1 * (seed % 3)
        if is_plain or chance.random() < 0.8:
            _add(
                runtime,
                recipient_id,
                day,
                days=days,
                state=DeliveryState.SENT if is_plain else chance.choice(list(DeliveryState)),
                reason=chance.choice(list(SkipReason)),
                handovers=chance.choice((0, 1)),
            )
        day += days
    before, waiting = _uncovered(runtime, recipient_id), _waiting(runtime)
    newest = _days(runtime, recipient_id)[-1]

    list(clear_deliveries(runtime, before=BEFORE))
    again = sum(clear_deliveries(runtime, before=BEFORE))

    assert _uncovered(runtime, recipient_id) == before
    assert _waiting(runtime) == waiting
    assert _days(runtime, recipient_id)[-1] == newest
    assert again == 0


def _waiting(runtime: Runtime) -> list[tuple[int]]:
    query = select(ReportDelivery.id).where(ReportDelivery.ended_at.is_(None))
    return rows(runtime.sessions, query.order_by(ReportDelivery.id))


@pytest.mark.both_databases
def test_rows_before_a_gap_go_and_rows_behind_it_stay(runtime: Runtime) -> None:
    recipient_id = _recipient(runtime)
    for day in (0, 1, 2, 4, 5, 60):
        _add(runtime, recipient_id, day)

    assert sum(clear_deliveries(runtime, before=BEFORE)) == 3

    assert _days(runtime, recipient_id) == [4, 5, 60]


@pytest.mark.parametrize("state", [DeliveryState.CLAIMED, DeliveryState.HANDING_OVER])
def test_what_is_on_its_way_may_still_fail_so_it_is_not_passed(
    runtime: Runtime, state: DeliveryState
) -> None:
    recipient_id = _recipient(runtime)
    for day in range(6):
        _add(runtime, recipient_id, day, state=state if day == 2 else DeliveryState.SENT)

    assert sum(clear_deliveries(runtime, before=BEFORE)) == 2

    assert _days(runtime, recipient_id) == [2, 3, 4, 5]


def test_the_newest_row_stays_and_copies_open_nothing(runtime: Runtime) -> None:
    recipient_id = _recipient(runtime)
    for day in range(3):
        _add(runtime, recipient_id, day)
    for day in range(3):
        _add(runtime, recipient_id, day, kind=ReportKind.COPY)

    assert sum(clear_deliveries(runtime, before=BEFORE)) == 4

    assert _days(runtime, recipient_id) == [2]
    assert count(runtime.sessions, ReportDelivery) == 2


@pytest.mark.both_databases
def test_the_next_mails_bring_what_was_open_before_and_nothing_twice(
    runtime: Runtime, clock: Clock
) -> None:
    recipient_id = _recipient(runtime)
    for day in range(75):
        if day not in (70, 71):
            _add(runtime, recipient_id, day)
    clock.now = NOW

    cleared = sum(clear_deliveries(runtime, before=BEFORE))
    make_due(runtime)

    made = rows(
        runtime.sessions,
        select(ReportDelivery.first_day_on, ReportDelivery.day_on)
        .where(ReportDelivery.state == DeliveryState.DUE)
        .order_by(ReportDelivery.day_on),
    )
    assert cleared == 49
    assert made == [
        (date(2026, 11, 10), date(2026, 11, 11)),
        (date(2026, 11, 15), date(2026, 11, 19)),
    ]
