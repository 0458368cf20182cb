"""One process matches a company at a time; whoever dies is followed, whoever is late is refused."""

from __future__ import annotations

import logging
import threading
from typing import Any

import pytest
from sqlalchemy import select

from models import Company, MatchSuggestion, RemoteAccount
from services import match_job, match_process
from services.match_job import due_matches, ensure_matched, match_account
from services.match_lease import LEASE, LeaseLost, beating, claim, give_back, write_held
from services.match_process import ChildDied
from services.match_state import find_place
from services.match_whole import WholeMatching
from services.runtime import Runtime
from tests.conftest import Clock
from tests.factories import (
    make_account,
    make_company,
    make_connection,
    make_customer,
    make_reading,
    make_remote_customer,
)
from tests.services.matching_support import match_everything
from tests.services.support import count, rows


@pytest.fixture
def account_id(runtime: Runtime) -> int:
    """An account with one customer who is here as well, not compared yet."""
    with runtime.sessions() as session:
        company = make_company(session)
        account = make_account(session, company)
        reading = make_reading(session, make_connection(session, account))
        same = {"name": "Ann Brandt", "email": "ann@example.com"}
        make_customer(session, company, **same)
        make_remote_customer(session, reading, **same, emails_text="ann@example.com")
        return int(account.id)


def _found_count(runtime: Runtime) -> int:
    return count(runtime.sessions, MatchSuggestion)


def _due(runtime: Runtime) -> list[int]:
    with runtime.sessions() as session:
        return due_matches(session, now=runtime.clock())


def test_a_second_process_leaves_the_company_to_the_first(
    runtime: Runtime, account_id: int
) -> None:
    lease = claim(runtime, account_id)

    match_account(runtime, account_id)

    assert lease is not None
    assert _found_count(runtime) == 0
    assert _due(runtime) == []


def test_a_killed_process_is_followed_when_its_lease_has_ended(
    runtime: Runtime, account_id: int, clock: Clock
) -> None:
    claim(runtime, account_id)
    clock.advance(seconds=LEASE.total_seconds() + 1)
    due = _due(runtime)

    match_account(runtime, account_id)

    assert due == [account_id]
    assert _found_count(runtime) == 1


def test_a_late_holder_writes_nothing(runtime: Runtime, account_id: int, clock: Clock) -> None:
    late = claim(runtime, account_id)
    clock.advance(seconds=LEASE.total_seconds() + 1)
    assert late is not None
    assert claim(runtime, account_id) is not None
    with runtime.sessions() as session:
        place = find_place(session, account_id)
    assert place is not None

    with pytest.raises(LeaseLost):
        WholeMatching(runtime.sessions, late, place).match(now=clock())
    with pytest.raises(LeaseLost):
        give_back(runtime, late)

    assert _found_count(runtime) == 0


def test_accounts_of_a_company_share_the_lease(runtime: Runtime, account_id: int) -> None:
    with runtime.sessions() as session:
        company_id = session.get_one(RemoteAccount, account_id).company_id
        company = session.get_one(Company, company_id)
        other_id = make_account(session, company, provider="xero").id

    first = claim(runtime, account_id)

    assert first is not None
    assert claim(runtime, other_id) is None


def test_beats_keep_the_lease(
    runtime: Runtime, account_id: int, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.match_lease.HEARTBEAT_S", 0.001)
    lease = claim(runtime, account_id)
    assert lease is not None
    clock.advance(seconds=20)

    with beating(runtime, lease):
        _wait_for_beat(runtime, clock)

    write_held(runtime.sessions, lease, lambda _session: None)


def _wait_for_beat(runtime: Runtime, clock: Clock) -> None:
    pause = threading.Event()
    query = select(RemoteAccount.match_lease_until_at)
    expected = clock() + LEASE
    assert any(
        rows(runtime.sessions, query)[0][0] == expected or pause.wait(0.002) for _ in range(5_000)
    )


def test_a_failure_waits_longer_each_time_and_says_no_names(
    runtime: Runtime,
    account_id: int,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.ERROR)

    def break_down(*_args: Any) -> None:
        raise ValueError("Ann Brandt broke it")

    monkeypatch.setattr(match_job, "match_whole", break_down)
    waits = []
    for _ in range(4):
        match_account(runtime, account_id)
        begun_at = clock()
        while not _due(runtime):
            clock.advance(seconds=10)
        waits.append((clock() - begun_at).total_seconds())

    assert waits == [40, 70, 130, 250]
    assert "ValueError" in caplog.text
    assert "Ann" not in caplog.text


def test_an_import_does_not_wait_for_the_end_of_a_failure(
    runtime: Runtime, account_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:

        def die(*_args: Any) -> None:
            raise ChildDied("exit code 1")

        patch.setattr(match_job, "match_whole", die)
        match_account(runtime, account_id)

    ensure_matched(runtime, account_id)

    assert _found_count(runtime) == 1


def test_an_import_waits_for_whoever_matches(runtime: Runtime, account_id: int) -> None:
    lease = claim(runtime, account_id)
    assert lease is not None
    waits: list[float] = []

    def sleep(wait_s: float) -> None:
        waits.append(wait_s)
        if len(waits) == 3:
            give_back(runtime, lease)

    ensure_matched(runtime, account_id, sleep=sleep)

    assert len(waits) == 3
    assert _found_count(runtime) == 1


def test_a_large_list_is_matched_in_a_child_process(
    runtime: Runtime, account_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.match_state.SMALL_LISTS", 0)
    monkeypatch.setattr(WholeMatching, "match", None)

    match_everything(runtime, account_id)

    assert _found_count(runtime) == 1
    assert _due(runtime) == []


def test_a_child_that_dies_is_told_without_names_and_tried_later(
    runtime: Runtime,
    account_id: int,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("services.match_state.SMALL_LISTS", 0)
    monkeypatch.setattr(match_process, "_database_url", lambda _runtime: "sqlite:////nowhere/x.db")

    match_everything(runtime, account_id)

    assert "OperationalError" in caplog.text
    assert "nowhere" not in caplog.text
    assert _due(runtime) == []


def test_a_child_that_takes_too_long_is_ended(
    runtime: Runtime,
    account_id: int,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("services.match_state.SMALL_LISTS", 0)
    monkeypatch.setattr(match_process, "MAX_S", 0.0)

    match_everything(runtime, account_id)

    assert "it took too long" in caplog.text
    assert _found_count(runtime) == 0
