"""Somebody else writes for longer than the busy timeout: work waits, and nothing is lost."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session, sessionmaker

from models import ProviderCall, Reading, ReadingState
from services import lease_beat, reading_claim
from services.call_turns import make_turn
from services.database import is_busy, is_full, retry_while_busy
from services.providers.contract import CallLimits, ProviderKey
from services.reading_queue import LEASE
from services.readings import refresh
from services.runtime import Runtime
from services.token_lease import TokenLease
from tests.conftest import Clock
from tests.fakes import FakeAccountingClient, FakeAuthorization
from tests.services.support import Place, ask, count, one
from tests.services.token_rows import held_tokens

pytestmark = pytest.mark.sqlite_only

TRIES = 3


class Writer:
    """Somebody who holds the write lock until a number of others have slept for it."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self.waits: list[float] = []
        self.lets_go_after = TRIES

    def begin(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def sleep(self, wait_s: float, _stop: Event | None = None) -> None:
        self.waits.append(wait_s)
        if len(self.waits) == self.lets_go_after:
            self.end()

    def end(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def close(self) -> None:
        self._connection.close()


@pytest.fixture
def writer(sessions: sessionmaker[Session], database_path: Path) -> Iterator[Writer]:
    """Another writer; our own units do not wait for it at all, so that no test takes long."""
    event.listen(
        sessions.kw["bind"],
        "checkout",
        lambda opened, *_: opened.execute("PRAGMA busy_timeout=0"),
    )
    writer = Writer(database_path)
    yield writer
    writer.close()


def _fail(error: Exception, times: int) -> Callable[[], str]:
    errors = [error] * times

    def work() -> str:
        if errors:
            raise errors.pop()
        return "done"

    return work


def _refusal(code: str) -> DBAPIError:
    original = Exception("refused")
    original.sqlstate = code  # type: ignore[attr-defined]
    return DBAPIError("UPDATE", {}, original)


def test_a_lock_is_busy_and_another_error_is_not(
    sessions: sessionmaker[Session], writer: Writer
) -> None:
    writer.begin()

    with sessions() as session, pytest.raises(OperationalError) as locked:
        count(sessions, Reading)
        session.connection()
    with pytest.raises(OperationalError) as broken, sessions() as session:
        writer.end()
        session.connection().exec_driver_sql("SELECT nothing FROM nowhere")

    assert is_busy(locked.value)
    assert not is_busy(broken.value)
    assert not is_busy(RuntimeError("database is locked"))


@pytest.mark.parametrize(("code", "busy"), [("40001", True), ("40P01", True), ("23505", False)])
def test_postgresql_says_by_its_code_whether_trying_again_helps(code: str, busy: bool) -> None:
    assert is_busy(_refusal(code)) is busy


@pytest.mark.parametrize(("code", "full"), [("53100", True), ("53200", False), ("40001", False)])
def test_postgresql_says_by_its_code_whether_the_disk_is_full(code: str, full: bool) -> None:
    assert is_full(_refusal(code)) is full


def test_work_is_done_again_until_nobody_is_in_the_way() -> None:
    waits: list[float] = []

    done = retry_while_busy(
        _fail(_refusal("40001"), TRIES), until=60, sleep=waits.append, monotonic=lambda: 0
    )

    assert done == "done"
    assert len(waits) == TRIES


def test_trying_ends_at_the_moment_that_was_set() -> None:
    moments: list[float] = []

    with pytest.raises(DBAPIError):
        retry_while_busy(
            _fail(_refusal("40001"), 1000),
            until=20,
            sleep=moments.append,
            monotonic=lambda: sum(moments),
        )

    assert 19 < sum(moments) <= 20


def test_an_error_that_waiting_does_not_mend_is_raised_at_once() -> None:
    with pytest.raises(DBAPIError):
        retry_while_busy(_fail(_refusal("23505"), 1), until=60, sleep=lambda _wait_s: pytest.fail())


def test_new_tokens_wait_for_a_long_writer_and_are_stored(
    runtime: Runtime, harbor: Place, authorization: FakeAuthorization, writer: Writer
) -> None:
    authorization.meanwhile = writer.begin
    lease = TokenLease(runtime, harbor.connection_id, sleep=writer.sleep)

    token = lease.supply("access-0")

    assert token == "access-1"
    assert len(writer.waits) == TRIES
    assert held_tokens(runtime, harbor)["refresh_token"] == "refresh-1"


def test_tokens_that_cannot_be_stored_while_the_lease_runs_are_told_in_the_log(
    runtime: Runtime,
    harbor: Place,
    authorization: FakeAuthorization,
    writer: Writer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    writer.lets_go_after = 10_000
    authorization.meanwhile = writer.begin
    lease = TokenLease(
        runtime,
        harbor.connection_id,
        sleep=writer.sleep,
        monotonic=lambda: sum(writer.waits),
    )

    with pytest.raises(OperationalError):
        lease.supply("access-0")

    assert sum(writer.waits) == pytest.approx(30, abs=1)
    assert "new tokens could not be stored" in caplog.text
    assert "access-1" not in caplog.text
    assert "refresh-1" not in caplog.text


def test_a_call_waits_for_a_long_writer_before_and_after(
    sessions: sessionmaker[Session], clock: Clock, writer: Writer
) -> None:
    turn = make_turn(
        sessions,
        clock,
        provider=ProviderKey.XERO,
        remote_account_id="one",
        limits=CallLimits(1),
        sleep=writer.sleep,
    )
    writer.begin()

    with turn(Event()):
        waits_before = len(writer.waits)
        writer.waits.clear()
        writer.begin()

    assert (waits_before, len(writer.waits)) == (TRIES, TRIES)
    with sessions() as session:
        open_calls = select(func.count()).where(ProviderCall.ended_at.is_(None))
        assert session.scalar(open_calls) == 0


def test_a_beat_that_cannot_be_written_does_not_end_the_heartbeat(
    runtime: Runtime,
    harbor: Place,
    books: FakeAccountingClient,
    clock: Clock,
    writer: Writer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(reading_claim, "HEARTBEAT_S", 0.001)
    monkeypatch.setattr(lease_beat, "BUSY_MAX_S", 0)
    _let_this_thread_wait(runtime)
    reading_id = ask(runtime, harbor)

    def take_long() -> None:
        writer.begin()
        assert _soon(lambda: "was not written" in caplog.text), "no beat was refused"
        clock.advance(seconds=20)
        writer.end()
        assert _soon(lambda: _lease_end() == clock() + LEASE), "no beat came after it"

    def _lease_end() -> object:
        return one(runtime.sessions, Reading, reading_id).lease_until_at

    books.meanwhile = take_long

    refresh(runtime, reading_id)

    assert one(runtime.sessions, Reading, reading_id).state is ReadingState.FINISHED


def _let_this_thread_wait(runtime: Runtime) -> None:
    """Let the reading itself wait for the beats, which are a thousand times as many as usual."""
    this = threading.current_thread()

    def wait(opened: sqlite3.Connection, *_: object) -> None:
        if threading.current_thread() is this:
            opened.execute("PRAGMA busy_timeout=5000")

    event.listen(runtime.sessions.kw["bind"], "checkout", wait)


def _soon(is_so: Callable[[], bool]) -> bool:
    pause = threading.Event()
    return any(is_so() or pause.wait(0.002) for _ in range(5_000))
