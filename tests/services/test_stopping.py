"""A stop of a run: when it comes too late, what is written down, and who is woken."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import (
    AuditEvent,
    Customer,
    ImportRun,
    ImportState,
)
from services import customer_import
from services.customer_import import IMPORT_JOB, process_batch, run_import
from services.import_check import Checked
from services.run_control import (
    stop_run,
)
from services.runtime import Runtime
from tests.conftest import Clock, WakeUps
from tests.services.controlling import Controlled
from tests.services.importing import Importing
from tests.services.undoing import Undoing


@pytest.fixture
def controlled(session: Session, runtime: Runtime) -> Controlled:
    return Controlled(session, runtime)


@pytest.mark.parametrize("has_process_died", [False, True])
def test_a_stop_during_the_last_batch_comes_too_late(
    controlled: Controlled, clock: Clock, has_process_died: bool
) -> None:
    owner = controlled.begin(batches=3)
    if has_process_died:
        clock.advance(seconds=31)

    controlled.stop()
    if not has_process_died:
        controlled.batch(owner)

    run = controlled.now_run
    assert (run.state, run.created_count, run.skipped_count) == (ImportState.FINISHED, 3, 0)
    assert run.stopped_by_id is None, "it was not stopped, so nobody did"
    assert _told(controlled, run) == [("imported", "3 created, 0 linked")]


def test_a_stop_during_the_last_batch_of_an_undo_comes_too_late(
    session: Session, runtime: Runtime, clock: Clock
) -> None:
    undoing = Undoing(session, runtime)
    undo = undoing.ask(undoing.imported(undoing.there()))
    owner = undoing.claim(undo).owner
    process_batch(session, undo.id, owner=owner, now=clock())

    stop_run(session, undoing.ada, undo.public_id, wake=runtime.wake, now=clock())
    process_batch(session, undo.id, owner=owner, now=clock())

    assert (undo.state, undo.removed_count) == (ImportState.FINISHED, 1)


def _told(controlled: Importing, run: ImportRun) -> list[tuple[str, str]]:
    events = controlled.session.scalars(
        select(AuditEvent).where(AuditEvent.subject == run.public_id).order_by(AuditEvent.id)
    )
    return [(event.action, event.detail) for event in events]


def test_the_stop_of_an_undo_is_written_down_as_such(
    session: Session, runtime: Runtime, clock: Clock
) -> None:
    undoing = Undoing(session, runtime)
    undo = undoing.ask(undoing.imported(undoing.there()))

    stop_run(session, undoing.ada, undo.public_id, wake=runtime.wake, now=clock())

    assert _told(undoing, undo) == [("undo stopped", "1 left")]


def test_stopping_a_run_wakes_the_next_of_the_account(
    controlled: Controlled, wake_ups: WakeUps
) -> None:
    following = controlled.start(controlled.there())
    wake_ups.rows.clear()

    controlled.stop()

    assert wake_ups.rows == [(IMPORT_JOB, following.id)]


def test_stopping_a_run_at_work_leaves_the_next_to_its_process(
    controlled: Controlled, wake_ups: WakeUps
) -> None:
    controlled.start(controlled.there())
    controlled.begin()
    wake_ups.rows.clear()

    controlled.stop()

    assert wake_ups.rows == []


def test_a_stop_is_written_down_with_who_did_it(controlled: Controlled) -> None:
    owner = controlled.begin()
    controlled.stop()
    controlled.batch(owner)

    told = [("imported", "1 created, 0 linked"), ("import stopped", "2 left")]
    assert _told(controlled, controlled.now_run) == told
    by = select(AuditEvent.user_id).where(AuditEvent.action == "import stopped")
    assert controlled.session.scalars(by).all() == [controlled.ada.user_id]


def test_a_stop_while_it_is_checked_discards_the_check(
    controlled: Controlled, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped in another session, in the middle of what the process does before the batches."""

    def stop_meanwhile(*_arguments: object, **_options: object) -> Checked:
        controlled.stop()
        controlled.session.rollback()
        return Checked(calls=1)

    monkeypatch.setattr(customer_import, "check_books", stop_meanwhile)
    controlled.session.rollback()

    run_import(controlled.runtime, controlled.run_id)

    assert controlled.now_run.state is ImportState.STOPPED
    assert controlled.count(Customer) == 0
