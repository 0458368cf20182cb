"""What the clock sets in motion."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from jobs import embedded, running, tasks
from jobs.embedded import EmbeddedEngine
from jobs.running import run_beat
from jobs.tasks import JOBS, deliver_reports, sweep, tick
from models import Reading, ReadingState
from services.heartbeat import DELIVERY, TICK, last_beat_at
from services.readings import refresh
from services.report_delivery import DELIVERY_JOB
from services.runtime import Runtime
from services.unsynced import READ_JOB
from tests.conftest import Clock, WakeUps
from tests.fakes import FakeAccountingClient
from tests.services.reporting import make_desk
from tests.services.support import Place, ask, one

WAIT_S = 20


def _beat(runtime: Runtime, name: str = TICK) -> object:
    with runtime.sessions() as session:
        return last_beat_at(session, name=name)


def test_a_tick_leaves_its_moment(runtime: Runtime, clock: Clock) -> None:
    before = _beat(runtime)
    tick(runtime)
    first = _beat(runtime)
    clock.advance(minutes=1)

    tick(runtime)

    assert before is None
    assert first == clock.now - timedelta(minutes=1)
    assert _beat(runtime) == clock.now


def test_a_step_that_always_breaks_keeps_no_later_one_from_being_taken(
    runtime: Runtime,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def break_off(_runtime: Runtime) -> None:
        raise RuntimeError("this row always breaks")

    desk = make_desk(runtime, clock)
    for step in ("send_links", "send_confirmations"):
        monkeypatch.setattr(tasks, step, break_off)

    run_beat(desk.runtime, deliver_reports)

    assert desk.outbox.recipients == ["ada@example.com"]
    assert [record.getMessage() for record in caplog.records] == ["a deliver_reports broke"]


def test_what_would_end_a_process_ends_a_job_only(
    runtime: Runtime, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leave(_runtime: Runtime, _row_id: int) -> None:
        raise SystemExit(3)

    monkeypatch.setattr(running, "JOBS", {READ_JOB: leave})

    running.run_job(runtime, READ_JOB, 7)

    assert [record.getMessage() for record in caplog.records] == ["the job read_customers broke"]


def test_reports_that_are_due_go_out(runtime: Runtime, clock: Clock) -> None:
    desk = make_desk(runtime, clock)

    deliver_reports(desk.runtime)
    deliver_reports(desk.runtime)

    assert desk.outbox.recipients == ["ada@example.com"]


def test_sending_has_a_pulse_of_its_own_that_beats_with_each_mail(
    runtime: Runtime, clock: Clock
) -> None:
    desk = make_desk(runtime, clock, "ada@example.com", "mel@example.com")
    beats: list[object] = []

    def take_ten_minutes() -> None:
        beats.append(_beat(runtime, DELIVERY))
        clock.advance(minutes=10)

    desk.outbox.meanwhile = take_ten_minutes

    deliver_reports(desk.runtime)

    assert beats == [clock.now - timedelta(minutes=20), clock.now - timedelta(minutes=10)]
    assert _beat(runtime) is None


def test_sending_beats_without_mail(runtime: Runtime, clock: Clock) -> None:
    deliver_reports(replace(runtime, mailer=None))

    assert _beat(runtime, DELIVERY) == clock.now


def test_a_silent_mail_server_does_not_hold_up_the_tick(
    runtime: Runtime, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_silent, ticked_meanwhile, may_answer = (threading.Event() for _ in range(3))

    def stay_silent() -> None:
        is_silent.set()
        may_answer.wait(WAIT_S)

    def note_tick(_runtime: Runtime) -> None:
        if is_silent.is_set():
            ticked_meanwhile.set()

    monkeypatch.setattr(embedded, "TICK_S", 0.05)
    monkeypatch.setattr(embedded, "tick", note_tick)
    desk = make_desk(runtime, clock)
    desk.outbox.meanwhile = stay_silent
    engine = EmbeddedEngine()
    engine.attach(desk.runtime)

    engine.start()
    has_ticked = ticked_meanwhile.wait(WAIT_S)
    may_answer.set()
    engine.stop()

    assert has_ticked
    assert desk.outbox.recipients == ["ada@example.com"]


def test_a_report_sent_again_goes_out_by_its_job_or_else_with_the_next_beat(
    runtime: Runtime, clock: Clock
) -> None:
    desk = make_desk(runtime, clock, "ada@example.com", "mel@example.com")
    deliver_reports(replace(desk.runtime, mailer=None))

    JOBS[DELIVERY_JOB](desk.runtime, desk.rows()[1].id)
    woken = list(desk.outbox.recipients)
    deliver_reports(desk.runtime)

    assert woken == ["mel@example.com"]
    assert desk.outbox.recipients == ["mel@example.com", "ada@example.com"]


def test_a_sweep_wakes_the_reading_whose_wake_up_was_lost(
    runtime: Runtime, harbor: Place, clock: Clock, wake_ups: WakeUps
) -> None:
    reading_id = ask(runtime, harbor)
    clock.advance(seconds=5)

    sweep(runtime)

    assert wake_ups.rows == [(READ_JOB, reading_id)]


def test_a_sweep_leaves_a_reading_that_was_asked_for_just_now(
    runtime: Runtime, harbor: Place, wake_ups: WakeUps
) -> None:
    ask(runtime, harbor)

    sweep(runtime)

    assert wake_ups.rows == []


def test_a_reading_is_only_late_when_its_server_was_restarted(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, clock: Clock, wake_ups: WakeUps
) -> None:
    reading_id = ask(runtime, harbor)
    clock.advance(minutes=5)

    tick(runtime)
    sweep(runtime)
    for _, row_id in wake_ups.rows:
        refresh(runtime, row_id)

    assert one(runtime.sessions, Reading, reading_id).state is ReadingState.FINISHED
    assert books.call_count == 1


def test_a_reading_that_nobody_began_within_an_hour_is_ended(
    runtime: Runtime, harbor: Place, clock: Clock, wake_ups: WakeUps
) -> None:
    reading_id = ask(runtime, harbor)
    clock.advance(hours=1, seconds=1)

    sweep(runtime)
    tick(runtime)

    assert wake_ups.rows == []
    assert one(runtime.sessions, Reading, reading_id).state is ReadingState.FAILED
