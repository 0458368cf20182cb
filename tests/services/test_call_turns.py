"""All processes together keep to the limits of one remote account."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from datetime import datetime, timedelta
from itertools import accumulate
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from sqlalchemy import URL, func, select, text
from sqlalchemy.orm import Session, sessionmaker

from models import ProviderCall
from services.call_turns import make_turn
from services.connections import open_client
from services.providers import registry
from services.providers.contract import CallLimits, CallTurn, ProviderKey, ProviderUnavailable
from services.runtime import Runtime
from tests.conftest import Clock
from tests.services import workers
from tests.services.support import Place, refuse_open_transactions

LIMIT = 3
CALLS_EACH = 10
REFUSED = "."


@pytest.fixture
def turns(sessions: sessionmaker[Session], clock: Clock) -> Callable[..., CallTurn]:
    """Make turns that pass the time by moving the clock."""

    def make(
        *,
        concurrent: int = LIMIT,
        per_minute: int | None = None,
        provider: ProviderKey = ProviderKey.XERO,
        account: str = "one",
        sleep: Callable[[float, Event], None] = lambda wait_s, _stop: clock.advance(seconds=wait_s),
    ) -> CallTurn:
        return make_turn(
            sessions,
            clock,
            provider=provider,
            remote_account_id=account,
            limits=CallLimits(concurrent, per_minute),
            sleep=sleep,
        )

    return make


def test_a_turn_that_is_free_is_taken_at_once(turns: Callable[..., CallTurn], clock: Clock) -> None:
    before = clock.now

    for _ in range(2 * LIMIT):
        with turns()(Event()):
            pass

    assert clock.now == before


def test_eight_threads_never_exceed_the_limit(
    sessions: sessionmaker[Session], clock: Clock, tmp_path: Path
) -> None:
    steps = tmp_path / "steps"
    steps.touch()

    workers.in_threads(lambda: _call_often(sessions, clock, steps), 8)

    assert _in_flight(steps) == [LIMIT, 0]


@pytest.mark.full
def test_two_processes_share_the_limit(
    database_url: URL, sessions: sessionmaker[Session], tmp_path: Path
) -> None:
    steps = tmp_path / "steps"
    steps.touch()

    reports = workers.run_together(
        _call_in_threads,
        database_url.render_as_string(hide_password=False),
        str(steps),
        processes=2,
    )

    assert reports == [[None] * 4] * 2
    assert _in_flight(steps) == [LIMIT, 0]


def test_a_full_account_lets_another_call_in_when_one_has_ended(
    turns: Callable[..., CallTurn],
) -> None:
    held = [_held(turns()) for _ in range(LIMIT)]
    looks: list[float] = []

    def _end_one_at_the_third_look(wait_s: float, _stop: Event) -> None:
        looks.append(wait_s)
        if len(looks) == 3:
            held.pop().__exit__(None, None, None)

    with turns(sleep=_end_one_at_the_third_look)(Event()):
        pass

    assert len(looks) == 3
    assert all(0.05 <= wait_s <= 0.25 for wait_s in looks)


def test_calls_are_spread_over_the_minutes_without_losing_time(
    turns: Callable[..., CallTurn], clock: Clock
) -> None:
    turn, begun, start = turns(per_minute=48), [], clock.now

    for _ in range(120):
        with turn(Event()):
            begun.append(clock.now)
            clock.advance(milliseconds=100)

    windows = [sum(at <= other < at + timedelta(seconds=60) for other in begun) for at in begun]
    assert max(windows) == 48
    assert timedelta(seconds=120) <= begun[-1] - start < timedelta(seconds=125)


def test_the_turn_of_a_killed_process_is_free_after_forty_seconds(
    turns: Callable[..., CallTurn], clock: Clock
) -> None:
    killed = _held(turns(concurrent=1))
    begun_at = clock.now

    with turns(concurrent=1)(Event()):
        entered_at = clock.now

    assert timedelta(seconds=40) <= entered_at - begun_at < timedelta(seconds=41)
    assert killed


@pytest.mark.parametrize(
    "other", [{"account": "two"}, {"provider": ProviderKey.QUICKBOOKS}], ids=["account", "provider"]
)
def test_others_are_not_held_up(
    turns: Callable[..., CallTurn], clock: Clock, other: dict[str, Any]
) -> None:
    full = _held(turns(concurrent=1))
    before = clock.now

    with turns(concurrent=1, **other)(Event()):
        entered_at = clock.now

    assert entered_at == before
    assert full


def test_nothing_begins_after_the_reading_was_called_off(
    turns: Callable[..., CallTurn], session: Session
) -> None:
    stop = Event()
    stop.set()

    with pytest.raises(ProviderUnavailable, match="called off"), turns()(stop):
        pass

    assert session.scalar(select(func.count()).select_from(ProviderCall)) == 0


def test_waiting_ends_when_the_reading_is_called_off(turns: Callable[..., CallTurn]) -> None:
    full, stop = _held(turns(concurrent=1)), Event()
    waiting = turns(concurrent=1, sleep=lambda _wait_s, stop: stop.set())

    with pytest.raises(ProviderUnavailable, match="called off"), waiting(stop):
        pass

    assert full


def test_no_transaction_is_open_during_the_call(
    turns: Callable[..., CallTurn], database_url: URL
) -> None:
    with turns()(Event()):
        refuse_open_transactions(database_url)()


def test_a_failed_call_gives_its_turn_back(turns: Callable[..., CallTurn], clock: Clock) -> None:
    before = clock.now
    with pytest.raises(ProviderUnavailable), turns(concurrent=1)(Event()):
        raise ProviderUnavailable("no answer")

    with turns(concurrent=1)(Event()):
        entered_at = clock.now

    assert entered_at == before


def test_calls_of_earlier_minutes_are_forgotten(
    turns: Callable[..., CallTurn], clock: Clock, sessions: sessionmaker[Session]
) -> None:
    for _ in range(5):
        with turns()(Event()):
            pass
    clock.advance(minutes=3)

    with turns()(Event()):
        pass

    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(ProviderCall)) == 1


def test_an_answer_is_kept_though_its_end_cannot_be_written(
    turns: Callable[..., CallTurn],
    sessions: sessionmaker[Session],
    caplog: pytest.LogCaptureFixture,
) -> None:
    with turns()(Event()), sessions() as session:
        session.execute(text("DROP TABLE provider_call"))
        session.commit()

    assert "could not be marked as ended" in caplog.text


def test_the_client_of_a_connection_takes_turns_at_its_account(
    runtime: Runtime, harbor: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    options: dict[str, Any] = {}
    monkeypatch.setattr(
        registry, "open_accounting_client", lambda *_args, **given: options.update(given)
    )
    open_client(runtime, harbor.connection_id)

    with options["turn"](Event()), runtime.sessions() as session:
        call = session.scalars(select(ProviderCall)).one()

    assert (call.provider, call.remote_account_id) == ("quickbooks", options["remote_account_id"])


def _held(turn: CallTurn) -> AbstractContextManager[None]:
    """Take a turn and do not give it back while the result is kept."""
    held = turn(Event())
    held.__enter__()
    return held


def _call_in_threads(pipe: Pipe, barrier: Any, path: str, steps: str) -> None:
    runtime = workers.open_runtime(path)
    with closing(pipe):
        work = lambda: _call_often(runtime.sessions, runtime.clock, Path(steps))  # noqa: E731
        pipe.send(workers.in_threads(work, 4, barrier))


def _call_often(
    sessions: sessionmaker[Session], clock: Callable[[], datetime], steps: Path
) -> None:
    turn = make_turn(
        sessions,
        clock,
        provider=ProviderKey.XERO,
        remote_account_id="one",
        limits=CallLimits(LIMIT),
        sleep=lambda _wait_s, _stop: _note_once(steps, REFUSED),
    )
    for _ in range(CALLS_EACH):
        with turn(Event()):
            _note(steps, "+")
            _wait_for_a_refusal(steps)
            _note(steps, "-")


def _wait_for_a_refusal(steps: Path) -> None:
    """Hold the turn until all are taken and somebody found no room, or found some beyond them."""
    give_up_at = time.monotonic() + workers.PATIENCE_S
    while (most := _in_flight(steps)[0]) <= LIMIT:
        if most == LIMIT and REFUSED in steps.read_text():
            return
        assert time.monotonic() < give_up_at, "nobody was ever refused"
        os.sched_yield()


def _note_once(steps: Path, step: str) -> None:
    if step not in steps.read_text():
        _note(steps, step)
    os.sched_yield()


def _note(steps: Path, step: str) -> None:
    # Short appends are whole and in order, whoever writes them.
    with steps.open("a", buffering=1) as file:
        file.write(step)


def _in_flight(steps: Path) -> list[int]:
    """Return the most calls that were on their way at once, and how many never ended."""
    worth = {"+": 1, "-": -1, REFUSED: 0}
    counts = list(accumulate(worth[step] for step in steps.read_text()))
    return [max(counts), counts[-1]]
