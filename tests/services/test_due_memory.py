"""The beat asks every minute, the database only where something may have changed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from models import Company, EmptyDay, ReportSettings
from services import report_due
from services.report_delivery import deliver_due
from services.runtime import Runtime
from tests.conftest import Clock
from tests.services.reporting import DAY, MORNING, Desk, make_desk

MINUTE, ONE_DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def desk(runtime: Runtime, clock: Clock) -> Desk:
    return make_desk(runtime, clock, on_empty_day=EmptyDay.SEND)


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The companies that were looked at."""
    found: list[int] = []
    look = report_due._make_due

    def note_look(runtime: Runtime, company_id: int, **options: object) -> bool:
        found.append(company_id)
        return look(runtime, company_id, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(report_due, "_make_due", note_look)
    return found


def test_where_nothing_is_due_an_hour_of_beats_is_twelve_looks(
    desk: Desk, looks: list[int]
) -> None:
    deliver_due(desk.runtime)
    looks.clear()

    for _ in range(60):
        desk.clock.advance(minutes=1)
        deliver_due(desk.runtime)

    assert len(looks) == 12


def test_the_hour_wakes_whoever_rests(desk: Desk) -> None:
    for now in (MORNING, MORNING + ONE_DAY - MINUTE, MORNING + ONE_DAY):
        desk.clock.now = now
        deliver_due(desk.runtime)
        deliver_due(desk.runtime)

    assert [row.day_on for row in desk.rows()] == [DAY, DAY + ONE_DAY]


@pytest.mark.parametrize(
    ("table", "values"), [(ReportSettings, {"local_hour": 6}), (Company, {"zone": "Asia/Tokyo"})]
)
def test_another_hour_or_zone_counts_at_the_next_beat(
    desk: Desk, table: type, values: dict[str, object]
) -> None:
    desk.clock.now = MORNING - MINUTE
    for _ in range(2):
        deliver_due(desk.runtime)
    desk.change(table, **values)

    deliver_due(desk.runtime)

    assert len(desk.outbox.received) == 1


def test_a_recipient_who_comes_back_is_mailed_within_five_minutes(desk: Desk) -> None:
    for _ in range(2):
        deliver_due(desk.runtime)
    desk.add_recipients("mel@example.com")

    for _ in range(5):
        desk.clock.advance(minutes=1)
        deliver_due(desk.runtime)

    assert desk.outbox.recipients == ["ada@example.com", "mel@example.com"]
