"""The threads of the serving process: whoever waits for a provider holds nobody else up."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from jobs.embedded import EmbeddedEngine
from models import (
    ImportRun,
    ImportState,
)
from services.customer_import import IMPORT_JOB
from services.runtime import Runtime
from tests.fakes import FakeAccountingClient
from tests.services.support import make_place, one, queue_import
from tests.services.undoing import Undoing

WAIT_S = 20


@pytest.fixture
def engine(runtime: Runtime) -> Iterator[EmbeddedEngine]:
    engine = EmbeddedEngine()
    engine.attach(runtime)
    yield engine
    engine.stop()


def test_no_beat_is_dropped_for_being_late_and_none_runs_beside_itself(
    engine: EmbeddedEngine,
) -> None:
    engine.start()

    assert engine._scheduler is not None
    beats = engine._scheduler.get_jobs()
    assert len(beats) == 3
    assert {(beat.misfire_grace_time, beat.coalesce, beat.max_instances) for beat in beats} == {
        (None, True, 1)
    }


def test_imports_that_wait_for_their_provider_do_not_hold_up_an_undo_of_another_company(
    engine: EmbeddedEngine,
    runtime: Runtime,
    session: Session,
    books: FakeAccountingClient,
) -> None:
    """Five companies whose provider hangs, and a sixth that takes back a mistake."""
    undoing = Undoing(session, runtime)
    undo_id = undoing.ask(undoing.imported(undoing.there())).id
    session.rollback()
    run_ids = [queue_import(runtime, make_place(runtime), ["1"]) for _ in range(5)]
    all_hang, may_answer = threading.Barrier(len(run_ids) + 1), threading.Event()

    def hang() -> None:
        all_hang.wait(WAIT_S)
        may_answer.wait(WAIT_S)

    books.meanwhile = hang
    engine.start()
    for run_id in run_ids:
        engine.wake(IMPORT_JOB, run_id)
    try:
        all_hang.wait(WAIT_S)
        engine.wake(IMPORT_JOB, undo_id)
        is_undone = _ends(runtime, undo_id)
    finally:
        books.meanwhile = lambda: None
        may_answer.set()

    assert is_undone


def _ends(runtime: Runtime, run_id: int) -> bool:
    """Say whether the run ends, while others work on it."""
    pause = threading.Event()
    for _ in range(WAIT_S * 20):
        if one(runtime.sessions, ImportRun, run_id).state is ImportState.FINISHED:
            return True
        pause.wait(0.05)
    return False
