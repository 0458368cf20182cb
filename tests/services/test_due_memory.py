"""The beat asks every minute, the database only where something may have changed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from models import Company, EmptyDay, ReportRecipient, ReportSettings
from services import report_due
from services.due_rows import insert_delivery
from services.local_days import day_window, find_zone
from services.mail import TryLater
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


def test_a_day_that_waits_behind_another_is_mailed_at_the_next_beat(desk: Desk) -> None:
    """Its turn comes when the last day is out, which was sent by hand and is still on its way."""
    desk.clock.now = MORNING - MINUTE
    deliver_due(desk.runtime)
    desk.clock.now = MORNING + ONE_DAY
    desk.outbox.errors = {"ada@example.com": TryLater("The mail server asked us to wait.")}
    with desk.runtime.sessions() as session:
        company = session.get_one(Company, desk.company_id)
        insert_delivery(
            session,
            session.scalars(select(ReportRecipient)).one(),
            window=day_window(find_zone(company.zone), DAY + ONE_DAY),
            sender=desk.runtime.mail_from,
            now=desk.clock(),
        )
        session.commit()
    deliver_due(desk.runtime)
    desk.outbox.errors = {}

    for _ in range(3):
        desk.clock.advance(minutes=1)
        deliver_due(desk.runtime)

    assert sorted(row.day_on for row in desk.rows()) == [DAY, DAY + ONE_DAY]
    assert len(desk.outbox.received) == 2


def test_a_recipient_who_comes_back_is_mailed_within_five_minutes(desk: Desk) -> None:
    for _ in range(2):
        deliver_due(desk.runtime)
    desk.add_recipients("mel@example.com")

    for _ in range(5):
        desk.clock.advance(minutes=1)
        deliver_due(desk.runtime)

    assert desk.outbox.recipients == ["ada@example.com", "mel@example.com"]
