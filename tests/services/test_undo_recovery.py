"""An undo goes on after a kill or a stop, waits for its turn, and may follow an import again."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from models import (
    Bin,
    Customer,
    ImportRun,
    ImportState,
    RemoteCustomer,
)
from services.customer_import import process_batch
from services.import_undo import (
    NothingToUndo,
    plan_undo,
)
from services.runtime import Runtime
from tests.conftest import Clock
from tests.matching_factories import make_suggestion
from tests.services.undoing import Undoing, add_up


@pytest.fixture
def undoing(session: Session, runtime: Runtime) -> Undoing:
    return Undoing(session, runtime)


def _same(undoing: Undoing) -> tuple[RemoteCustomer, Customer]:
    both = {"name": "Cool Cars", "email": "office@example.com"}
    here, remote = undoing.here(**both), undoing.there(**both, phone="415 555 0123", bin=Bin.SAME)
    make_suggestion(undoing.session, remote, here)
    return remote, here


def _counts(undo: ImportRun) -> tuple[int, int, int, int]:
    return undo.removed_count, undo.unlinked_count, undo.kept_count, undo.skipped_count


def _plan(undoing: Undoing, run: ImportRun) -> tuple[int, int, int, int]:
    now = undoing.runtime.clock()
    plan = plan_undo(undoing.session, undoing.company.id, run.public_id, now=now)
    return plan.remove, plan.unlink, plan.keep, plan.skip


def test_an_undo_waits_for_the_import_before_it(undoing: Undoing) -> None:
    first = undoing.imported(undoing.there())
    waiting = undoing.start(undoing.there())
    undo = undoing.ask(first)

    undoing.run(undo)
    assert undo.state is ImportState.QUEUED

    undoing.run(waiting)
    undoing.run(undo)

    assert undoing.session.get_one(ImportRun, undo.id).state is ImportState.FINISHED
    assert undoing.count(Customer) == 1


def test_what_a_stopped_import_brought_can_be_undone(undoing: Undoing) -> None:
    remotes = [undoing.there() for _ in range(4)]
    run = undoing.start(*remotes)
    _batch(undoing, run, size=3)
    run.wants_stop = True
    undoing.session.commit()
    _batch(undoing, run, size=3)
    assert run.state is ImportState.STOPPED

    undo = undoing.undone(run)

    assert (undo.chosen_count, undo.removed_count) == (3, 3)
    assert undoing.count(Customer) == 0


def test_an_undo_goes_on_where_a_killed_process_left_it(undoing: Undoing, clock: Clock) -> None:
    remotes = [undoing.there() for _ in range(5)]
    linked, _ = _same(undoing)
    before = undoing.table()
    run = undoing.imported(*remotes, linked)
    undo = undoing.ask(run)
    _batch(undoing, undo, size=2)
    clock.advance(seconds=60)

    undoing.run(undo)

    undo = undoing.session.get_one(ImportRun, undo.id)
    assert undo.state is ImportState.FINISHED
    assert _counts(undo) == (5, 1, 0, 0)
    assert undoing.table() == before


def test_a_batch_that_was_not_committed_leaves_nothing(undoing: Undoing) -> None:
    run = undoing.imported(undoing.there(), undoing.there())
    before = undoing.table()
    undo = undoing.ask(run)
    lease = undoing.claim(undo)
    undoing.session.rollback()
    with undoing.runtime.sessions() as session:
        session.commit = session.flush  # type: ignore[method-assign]
        process_batch(session, lease.run_id, owner=lease.owner, now=undoing.runtime.clock())

    assert undoing.table() == before
    assert set(undoing.codes(undo).values()) == {"pending "}


def test_a_stopped_undo_can_be_asked_again_for_what_is_left(undoing: Undoing, clock: Clock) -> None:
    run = undoing.imported(*(undoing.there() for _ in range(3)))
    undo = undoing.ask(run)
    _batch(undoing, undo, size=2)
    undo.wants_stop = True
    undoing.session.commit()
    _batch(undoing, undo, size=2)
    assert (undo.state, undo.removed_count, undo.skipped_count) == (ImportState.STOPPED, 2, 1)
    assert _plan(undoing, run) == (1, 0, 0, 0)

    again = undoing.undone(run)

    assert (again.chosen_count, again.removed_count) == (1, 1)
    clock.advance(minutes=2)
    with pytest.raises(NothingToUndo):
        undoing.ask(run)


def _batch(undoing: Undoing, run: ImportRun, *, size: int) -> None:
    """Carry out one batch, as a process does that dies after it."""
    run_id = run.id
    owner = run.lease_owner or undoing.claim(run).owner
    undoing.session.rollback()
    with undoing.runtime.sessions() as session:
        process_batch(session, run_id, owner=owner, now=undoing.runtime.clock(), size=size)
    undoing.session.expire_all()


def test_an_import_and_its_undo_may_follow_each_other_again(undoing: Undoing) -> None:
    both = {"name": "Hedvika Oyelaran", "phone": "415 555 0123", "kept_revision": 0}
    undoing.here(**both, email="hedvika@example.com")
    remote = undoing.there(**both, email="hedvika@example.com", address="12 Alder Street")
    other = undoing.there(kept_revision=0)
    before = undoing.table()
    for _ in range(2):
        run = undoing.imported(remote, other)
        assert (run.created_count, run.linked_count) == (1, 1)

        undo = undoing.undone(run)

        assert add_up(undo)
        assert undoing.table() == before
