"""A person and the beat at one moment: what both find missing still becomes one mail."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from threading import Thread
from typing import Any

import pytest

from models import Company, DeliveryState, EmptyDay, ReportSettings
from services import report_due, report_sending
from services.report_delivery import deliver_due, deliver_one
from services.report_due import make_due
from services.report_sending import send_day
from services.runtime import Runtime
from tests.conftest import Clock
from tests.services.reporting import DAY, day_start, make_desk

#: Long enough for the beat to make its rows, if nothing holds it.
HEAD_START_S = 0.5


def test_a_day_sent_by_hand_is_not_in_the_mail_that_the_beat_makes_meanwhile(
    runtime: Runtime, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, earlier = DAY - timedelta(days=3), DAY - timedelta(days=1)
    desk = make_desk(runtime, clock, reported_from_at=day_start(first))
    desk.change(ReportSettings, on_empty_day=EmptyDay.SEND)
    beat = Thread(target=make_due, args=(desk.runtime,))
    reopen = report_sending.reopen

    def reopen_after_the_beat(*arguments: Any, **options: Any) -> Any:
        beat.start()
        beat.join(HEAD_START_S)
        return reopen(*arguments, **options)

    monkeypatch.setattr(report_sending, "reopen", reopen_after_the_beat)

    send_day(desk.runtime, desk.company_id, day=earlier)
    beat.join()
    deliver_due(desk.runtime)

    sent = [row for row in desk.rows() if row.skip_reason is None]
    spans = sorted((row.window_start_at, row.window_end_at) for row in sent)
    assert (spans[0][0], spans[-1][1]) == (day_start(first), day_start(DAY + timedelta(days=1)))
    assert all(left[1] == right[0] for left, right in pairwise(spans))


@pytest.mark.both_databases
def test_a_row_that_is_claimed_while_the_beat_looks_is_in_one_mail(
    runtime: Runtime, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = make_desk(runtime, clock, on_empty_day=EmptyDay.SEND)
    deliver_due(replace(desk.runtime, mailer=None))
    clock.advance(days=1)
    other = Thread(target=deliver_one, args=(desk.runtime, desk.row().id))
    waiting_within = report_due.waiting_within

    def look_after_the_other_worker(*arguments: Any, **options: Any) -> Any:
        other.start()
        other.join(HEAD_START_S)
        return waiting_within(*arguments, **options)

    monkeypatch.setattr(report_due, "waiting_within", look_after_the_other_worker)

    make_due(desk.runtime)
    other.join()
    deliver_due(desk.runtime)

    sent = [row for row in desk.rows() if row.state is DeliveryState.SENT]
    assert [(row.first_day_on, row.day_on) for row in sent] == [(DAY, DAY + timedelta(days=1))]
    assert len(desk.outbox.received) == 1


@pytest.mark.parametrize(
    ("table", "values"), [(ReportSettings, {"is_on": False}), (Company, {"zone": "Asia/Tokyo"})]
)
def test_settings_that_change_while_the_beat_looks_are_those_that_count(
    runtime: Runtime,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    table: type,
    values: dict[str, object],
) -> None:
    desk = make_desk(runtime, clock)
    lock_report = report_due.lock_report

    def lock_after_the_change(*arguments: Any) -> bool:
        desk.change(table, **values)
        return lock_report(*arguments)

    monkeypatch.setattr(report_due, "lock_report", lock_after_the_change)

    make_due(desk.runtime)

    tokyo = day_start(DAY + timedelta(days=1), "Asia/Tokyo")
    assert [row.window_end_at for row in desk.rows()] == ([tokyo] if "zone" in values else [])
