"""Two years of ticks, through every change of the clocks: one mail per local day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from models import EmptyDay
from services.report_delivery import deliver_due
from services.runtime import Runtime
from tests.conftest import Clock
from tests.services.reporting import make_desk

ZONES = ["America/New_York", "Europe/Berlin", "Asia/Beirut", "Pacific/Kiritimati"]
START = datetime(2026, 1, 2, 12, tzinfo=UTC)
#: A weekend in which each zone changes its clocks, or would.
CHANGES = {
    "America/New_York": datetime(2026, 3, 7, tzinfo=UTC),
    "Europe/Berlin": datetime(2026, 10, 24, tzinfo=UTC),
    "Asia/Beirut": datetime(2026, 3, 28, tzinfo=UTC),
    "Pacific/Kiritimati": datetime(2026, 12, 30, tzinfo=UTC),
}


def _run(
    runtime: Runtime,
    clock: Clock,
    *,
    zone: str,
    hour: int,
    start: datetime,
    days: int,
    step: timedelta,
) -> None:
    """Tick from start on, and check that every local day was mailed once and whole."""
    settings = {
        "local_hour": hour,
        "on_empty_day": EmptyDay.SEND,
        "reported_from_at": start,
        "zone": zone,
    }
    desk = make_desk(runtime, clock, **settings)
    desk.clock.now = start
    while desk.clock.now < start + timedelta(days=days):
        deliver_due(desk.runtime)
        desk.clock.now += step

    rows = desk.rows()
    assert days - 2 <= len(rows) <= days
    assert len(desk.outbox.received) == len(rows)
    assert [right.day_on - left.day_on for left, right in pairwise(rows)] == (
        [timedelta(days=1)] * (len(rows) - 1)
    )
    assert all(left.window_end_at == right.window_start_at for left, right in pairwise(rows))


@pytest.mark.parametrize("hour", [0, 2])
@pytest.mark.parametrize("zone", ZONES)
def test_a_change_of_the_clocks_makes_one_mail_a_day(
    runtime: Runtime, clock: Clock, zone: str, hour: int
) -> None:
    step = timedelta(minutes=30)
    _run(runtime, clock, zone=zone, hour=hour, start=CHANGES[zone], days=4, step=step)


@pytest.mark.full
@pytest.mark.sqlite_only
@pytest.mark.parametrize("zone", ZONES)
def test_two_years_of_ticks_make_one_mail_a_day(runtime: Runtime, clock: Clock, zone: str) -> None:
    step = timedelta(hours=6)
    _run(runtime, clock, zone=zone, hour=7, start=START, days=730, step=step)
