"""Whatever happens between an import and its undo: it adds up, and nothing entered here is lost."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from models import (
    Customer,
    CustomerAction,
    CustomerEvent,
    CustomerLink,
    ImportItem,
    ImportRun,
    ImportState,
    ItemOutcome,
    RemoteCustomer,
    RemoteState,
)
from services.customer_import import run_import
from services.import_undo import plan_undo
from services.match_job import match_account
from services.runtime import Runtime
from tests.conftest import Clock
from tests.factories import NOW
from tests.services.undo_steps import STEPS, join, make_lists, read_gains
from tests.services.undoing import Undoing, add_up

#: A seed has no simpler one.
AS_DRAWN = [Phase.explicit, Phase.generate]
SLOW = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
SEEDS, COUNTS = st.integers(0, 10**6), st.integers(0, 12)


def _match(undoing: Undoing) -> None:
    undoing.session.rollback()
    match_account(undoing.runtime, undoing.account_id)
    undoing.session.expire_all()


def _import_all(undoing: Undoing) -> ImportRun:
    """Import everybody; the doubtful are created."""
    _match(undoing)
    remotes = undoing.session.scalars(
        select(RemoteCustomer).where(RemoteCustomer.account_id == undoing.account_id)
    ).all()
    run = undoing.start(*remotes, creates_maybes=True)
    run_id = run.id
    undoing.session.rollback()
    run_import(undoing.runtime, run_id, is_prepared=True)
    undoing.session.expire_all()
    return run


def _standing(undoing: Undoing) -> list[tuple[Any, ...]]:
    """Return how the remote customers stand, in which bins, once everybody is compared."""
    _match(undoing)
    rows = undoing.session.execute(
        select(RemoteCustomer.remote_id, RemoteCustomer.state, RemoteCustomer.bin)
        .where(RemoteCustomer.account_id == undoing.account_id)
        .order_by(RemoteCustomer.id)
    )
    return [tuple(row) for row in rows]


@settings(max_examples=2, phases=AS_DRAWN, suppress_health_check=SLOW)
@given(seed=SEEDS, count=st.integers(0, 3))
def test_an_undo_gives_the_tables_back_as_they_were(
    runtime: Runtime, clock: Clock, seed: int, count: int
) -> None:
    _import_and_undo(runtime, clock, seed, count)


@pytest.mark.full
@settings(max_examples=40, phases=AS_DRAWN, suppress_health_check=SLOW)
@given(seed=SEEDS, count=st.integers(0, 5))
def test_many_more_undos_give_the_tables_back(
    runtime: Runtime, clock: Clock, seed: int, count: int
) -> None:
    _import_and_undo(runtime, clock, seed, count)


def _import_and_undo(runtime: Runtime, clock: Clock, seed: int, count: int) -> None:
    """Only readings happen in between, so nothing but what they know of the books remains."""
    chance, clock.now = random.Random(seed), NOW
    with runtime.sessions() as session:
        undoing = Undoing(session, runtime)
        make_lists(undoing, chance)
        for _ in range(count):
            read_gains(undoing, chance)
        before, standing = undoing.table(), _standing(undoing)
        run = _import_all(undoing)
        books = _snapshot_books(undoing)
        for _ in range(count):
            clock.advance(minutes=5)
            read_gains(undoing, chance)

        undo = undoing.undone(run)

        assert undoing.table() == before
        assert add_up(undo)
        assert undo.kept_count == undo.skipped_count == 0
        _put_books_back(undoing, books)
        assert _standing(undoing) == standing


def _snapshot_books(undoing: Undoing) -> dict[int, tuple[str, str, str | None]]:
    rows = undoing.session.scalars(select(RemoteCustomer))
    return {row.id: (row.phone, row.address, row.email) for row in rows}


def _put_books_back(undoing: Undoing, books: dict[int, tuple[str, str, str | None]]) -> None:
    """What readings found meanwhile would otherwise decide about bins, too."""
    for row in undoing.session.scalars(select(RemoteCustomer)):
        row.phone, row.address, row.email = books[row.id]
        row.emails_text = row.email or ""
        row.revision += 1
    undoing.session.commit()


@settings(max_examples=2, phases=AS_DRAWN, suppress_health_check=SLOW)
@given(seed=SEEDS, count=COUNTS)
def test_whatever_happens_the_undo_adds_up_and_nothing_entered_is_lost(
    runtime: Runtime, clock: Clock, seed: int, count: int
) -> None:
    _live_and_undo(runtime, clock, seed, count)


@pytest.mark.full
@settings(max_examples=60, phases=AS_DRAWN, suppress_health_check=SLOW)
@given(seed=SEEDS, count=COUNTS)
def test_whatever_else_happens_the_undo_adds_up(
    runtime: Runtime, clock: Clock, seed: int, count: int
) -> None:
    _live_and_undo(runtime, clock, seed, count)


def _live_and_undo(runtime: Runtime, clock: Clock, seed: int, count: int) -> None:
    chance, clock.now = random.Random(seed), NOW
    with runtime.sessions() as session:
        undoing = Undoing(session, runtime)
        make_lists(undoing, chance)
        before = {row[0] for row in undoing.table()}
        run = _import_all(undoing)
        for _ in range(count):
            clock.advance(minutes=5)
            step = chance.choice(STEPS)
            if session.scalar(select(Customer.id).limit(1)) is not None or step is join:
                step(undoing, chance)
        entered, here = _entered(undoing), {row[0] for row in undoing.table()}
        now = undoing.runtime.clock()
        plan = plan_undo(session, undoing.company.id, run.public_id, now=now)

        undo = undoing.undone(run)

        assert undo.state is ImportState.FINISHED
        assert add_up(undo)
        assert (plan.remove, plan.unlink, plan.keep, plan.skip) == (
            undo.removed_count,
            undo.unlinked_count,
            undo.kept_count,
            undo.skipped_count,
        )
        _assert_reasons(undoing, undo)
        gone = here - {row[0] for row in undoing.table()}
        assert not gone & before
        assert len(gone) == undo.removed_count
        assert _entered(undoing) == entered
        _assert_states(undoing)
    _forget(runtime)


def _entered(undoing: Undoing) -> dict[tuple[int, str], str]:
    """Return each value that a person wrote last into a field, where it still stands."""
    last = {
        (event.customer_id, event.field): event
        for event in undoing.session.scalars(select(CustomerEvent).order_by(CustomerEvent.id))
        if event.field
    }
    customers = {row.id: row for row in undoing.session.scalars(select(Customer))}
    return {
        key: getattr(customers[key[0]], key[1])
        for key, event in last.items()
        if event.action is CustomerAction.EDITED
    }


def _assert_reasons(undoing: Undoing, undo: ImportRun) -> None:
    for item in undoing.session.scalars(select(ImportItem).where(ImportItem.run_id == undo.id)):
        assert item.reason_code
        assert item.reason
        assert item.outcome is not ItemOutcome.PENDING
        if item.outcome is ItemOutcome.KEPT:
            assert item.customer_id is not None


def _assert_states(undoing: Undoing) -> None:
    """Linked is who has a link, and nobody else."""
    links = {
        tuple(row)
        for row in undoing.session.execute(select(CustomerLink.account_id, CustomerLink.remote_id))
    }
    own = RemoteCustomer.company_id == undoing.company.id
    for remote in undoing.session.scalars(select(RemoteCustomer).where(own)):
        is_linked = (remote.account_id, remote.remote_id) in links
        assert (remote.state is RemoteState.LINKED) is is_linked


def _forget(runtime: Runtime) -> None:
    """Leave the next example row ids from the beginning."""
    with runtime.sessions() as session:
        for table in (CustomerLink, Customer):
            session.query(table).delete()
        session.commit()
