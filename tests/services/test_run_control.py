"""What a person does with a run: stop it in any state, hurry it, have the rest done by another."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from models import (
    Customer,
    ImportItem,
    ImportRun,
    ImportState,
    ItemOutcome,
    PauseReason,
    RemoteState,
)
from services.customer_import import IMPORT_JOB, due_imports
from services.import_lease import LeaseLost
from services.import_outcomes import OutcomeReason
from services.import_views import UnknownImport
from services.run_control import (
    NothingFailed,
    NothingToContinue,
    RunEnded,
    continue_run,
    retry_failed,
    stop_run,
    try_now,
)
from services.runtime import Runtime
from tests.conftest import Clock, WakeUps
from tests.services.controlling import Controlled
from tests.services.importing import Importing


@pytest.fixture
def controlled(session: Session, runtime: Runtime) -> Controlled:
    return Controlled(session, runtime)


@pytest.mark.parametrize("state", [ImportState.QUEUED, ImportState.PAUSED])
def test_a_run_that_waits_is_stopped_at_once(controlled: Controlled, state: ImportState) -> None:
    controlled.change(state=state)

    run = controlled.stop()

    assert (run.state, run.stopped_by_id) == (ImportState.STOPPED, controlled.ada.user_id)
    assert run.skipped_count == run.chosen_count == 3
    assert controlled.reasons(run) == ["stopped"] * 3
    assert due_imports(controlled.session, now=controlled.runtime.clock()) == []


def test_a_run_that_is_written_stops_before_its_next_batch(controlled: Controlled) -> None:
    owner = controlled.begin()

    run = controlled.stop()
    assert (run.state, run.wants_stop) == (ImportState.RUNNING, True)
    has_more = controlled.batch(owner)

    run = controlled.now_run
    assert not has_more
    assert (run.state, run.created_count, run.skipped_count) == (ImportState.STOPPED, 1, 2)
    assert controlled.item(run, controlled.remotes[2]).reason == OutcomeReason.STOPPED
    assert controlled.remotes[2].state is RemoteState.UNSYNCED


def test_a_run_that_is_only_checked_yet_is_stopped_at_once(controlled: Controlled) -> None:
    owner = controlled.begin(batches=0)

    run = controlled.stop()

    assert run.state is ImportState.STOPPED
    with pytest.raises(LeaseLost):
        controlled.batch(owner)


def test_a_run_whose_process_died_is_stopped_at_once(controlled: Controlled, clock: Clock) -> None:
    owner = controlled.begin()
    clock.advance(seconds=31)

    assert controlled.stop().state is ImportState.STOPPED

    with pytest.raises(LeaseLost):
        controlled.batch(owner)


def test_a_stop_outlives_the_process_that_did_not_see_it(
    controlled: Controlled, clock: Clock
) -> None:
    controlled.begin()
    controlled.stop()
    clock.advance(seconds=31)

    run = controlled.run(controlled.now_run)

    assert (run.state, run.created_count, run.skipped_count) == (ImportState.STOPPED, 1, 2)


@pytest.mark.parametrize("state", [ImportState.STOPPED, ImportState.FINISHED])
def test_what_has_ended_is_neither_stopped_nor_hurried(
    controlled: Controlled, wake_ups: WakeUps, state: ImportState
) -> None:
    controlled.change(state=state)

    with pytest.raises(RunEnded):
        controlled.stop()
    with pytest.raises(RunEnded):
        _try_now(controlled)


def _try_now(controlled: Controlled) -> None:
    try_now(
        controlled.session,
        controlled.ada,
        controlled.now_run.public_id,
        wake=controlled.runtime.wake,
        now=controlled.runtime.clock(),
    )


def test_nobody_touches_the_run_of_another_company(
    controlled: Controlled, session: Session, runtime: Runtime, clock: Clock
) -> None:
    zoe = Importing(session, runtime).ada
    public_id = controlled.now_run.public_id
    wake = runtime.wake

    with pytest.raises(UnknownImport):
        stop_run(session, zoe, public_id, wake=wake, now=clock())
    with pytest.raises(UnknownImport):
        try_now(session, zoe, public_id, wake=wake, now=clock())
    with pytest.raises(UnknownImport):
        continue_run(session, zoe, public_id, wake=wake, now=clock())
    with pytest.raises(UnknownImport):
        retry_failed(session, zoe, public_id, remote_ids=None, wake=wake, now=clock())


def test_a_paused_run_is_tried_when_a_person_wants_it(
    controlled: Controlled, clock: Clock, wake_ups: WakeUps
) -> None:
    controlled.change(
        state=ImportState.PAUSED,
        pause_reason=PauseReason.CHECK,
        paused_until_at=clock() + timedelta(hours=1),
    )

    _try_now(controlled)

    assert due_imports(controlled.session, now=clock()) == [controlled.run_id]
    assert wake_ups.rows[-1] == (IMPORT_JOB, controlled.run_id)


def test_continuing_imports_whom_the_stopped_run_left(controlled: Controlled) -> None:
    owner = controlled.begin()
    controlled.stop()
    controlled.batch(owner)

    again = controlled.again()

    assert (again.continues_id, again.chosen_count) == (controlled.run_id, 2)
    assert controlled.run(again).created_count == 2
    assert controlled.count(Customer) == 3


def test_a_second_click_on_continue_is_given_the_same_run(
    controlled: Controlled, clock: Clock
) -> None:
    controlled.stop()
    first = controlled.again().id

    while_it_waits = controlled.again().id
    controlled.run(controlled.session.get_one(ImportRun, first))
    clock.advance(seconds=30)
    just_after = controlled.again().id

    assert while_it_waits == just_after == first


def test_there_is_nothing_to_continue_after_the_end(controlled: Controlled) -> None:
    controlled.run(controlled.now_run)

    with pytest.raises(NothingToContinue):
        controlled.again()


def test_a_retry_takes_those_who_failed(controlled: Controlled, session: Session) -> None:
    gone, left_out, _ = controlled.remotes
    gone.state, left_out.state = RemoteState.VANISHED, RemoteState.LEFT_OUT
    session.commit()
    controlled.run(controlled.now_run)
    gone.state = left_out.state = RemoteState.UNSYNCED
    session.commit()

    one_again = controlled.retry(gone)
    both_again = controlled.retry()

    assert (one_again.chosen_count, both_again.chosen_count) == (1, 2)
    assert controlled.run(one_again).created_count == 1
    both_again = controlled.run(both_again)
    assert (both_again.created_count, both_again.skipped_count) == (1, 1)
    assert _outcome_of_first(controlled) is ItemOutcome.FAILED, "the first receipt stays as it was"


def _outcome_of_first(controlled: Controlled) -> ItemOutcome:
    item: ImportItem = controlled.item(controlled.now_run, controlled.remotes[0])
    return item.outcome


def test_a_second_click_on_retry_is_given_the_same_run(
    controlled: Controlled, session: Session
) -> None:
    gone = controlled.remotes[0]
    gone.state = RemoteState.VANISHED
    session.commit()
    controlled.run(controlled.now_run)

    assert controlled.retry(gone).id == controlled.retry(gone).id == controlled.retry().id


def test_whoever_did_not_fail_is_not_tried_again(controlled: Controlled) -> None:
    controlled.run(controlled.now_run)

    with pytest.raises(NothingFailed):
        controlled.retry()
    with pytest.raises(NothingFailed):
        controlled.retry(controlled.remotes[0])
