"""Runs of one account follow each other; while the first is paused, the list is free."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import true, update
from sqlalchemy.orm import Session

from models import (
    Connection,
    ConnectionState,
    Customer,
    CustomerLink,
    ImportRun,
    ImportState,
    PauseReason,
    RunKind,
)
from services.alert import AlertState, view_alert
from services.connection_views import ConnectionView, view_connection
from services.customer_import import IMPORT_JOB, due_imports, process_batch
from services.import_lease import claim
from services.import_outcomes import OutcomeReason
from services.import_queue import find_busy
from services.match_job import due_matches
from services.providers.contract import ProviderKey
from services.runtime import Runtime
from services.unsynced import ensure_fresh
from tests.conftest import Clock, WakeUps
from tests.services.importing import Importing
from tests.services.undoing import Undoing


@pytest.fixture
def importing(session: Session, runtime: Runtime) -> Importing:
    return Importing(session, runtime)


def _pause(importing: Importing, run: ImportRun, reason: PauseReason = PauseReason.CHECK) -> None:
    run.state, run.pause_reason = ImportState.PAUSED, reason
    run.paused_until_at = importing.runtime.clock()
    importing.session.commit()


def test_a_second_selection_waits_for_the_first_and_skips_whom_that_took(
    importing: Importing, wake_ups: WakeUps
) -> None:
    only_first, both, only_second = (importing.there() for _ in range(3))
    first = importing.start(only_first, both)
    second = importing.start(both, only_second)

    assert importing.run(second).state is ImportState.QUEUED
    importing.run(first)
    second = importing.run(second)

    assert (second.created_count, second.skipped_count) == (1, 1)
    assert importing.item(second, both).reason == OutcomeReason.ALREADY_LINKED
    assert importing.count(Customer) == importing.count(CustomerLink) == 3


def test_the_runs_of_an_account_are_taken_in_their_order(
    importing: Importing, clock: Clock
) -> None:
    runs = [importing.start(importing.there()) for _ in range(3)]
    order = []

    for _ in runs:
        order += due_imports(importing.session, now=clock())
        importing.run(importing.session.get_one(ImportRun, order[-1]))

    assert order == [run.id for run in runs]
    assert due_imports(importing.session, now=clock()) == []


def test_the_end_of_a_run_wakes_the_next(importing: Importing, wake_ups: WakeUps) -> None:
    first = importing.start(importing.there())
    second = importing.start(importing.there())
    wake_ups.rows.clear()

    importing.run(first)

    assert wake_ups.rows == [(IMPORT_JOB, second.id)]


def test_each_account_has_a_queue_of_its_own(
    importing: Importing, session: Session, runtime: Runtime, clock: Clock
) -> None:
    other = Importing(session, runtime)
    runs = [place.start(place.there()) for place in (importing, other)]

    assert due_imports(session, now=clock()) == [run.id for run in runs]


def test_two_runs_of_an_account_never_run_at_once(
    importing: Importing, session: Session, clock: Clock
) -> None:
    """Whatever else fails, the index knows."""
    first, second = (importing.start(importing.there()) for _ in range(2))
    second.state, second.lease_until_at = ImportState.RUNNING, clock()
    session.commit()

    first_id = first.id
    assert due_imports(session, now=clock()) == []
    session.rollback()
    assert claim(importing.runtime, first_id, is_due=true()) is None


def test_a_run_behind_a_paused_one_waits(importing: Importing, clock: Clock) -> None:
    first, second = (importing.start(importing.there()) for _ in range(2))
    _pause(importing, first)
    first.paused_until_at = None
    importing.session.commit()

    second = importing.run(second)

    assert second.state is ImportState.QUEUED
    assert due_imports(importing.session, now=clock()) == []


def test_an_undo_stands_in_the_same_queue(
    importing: Importing, session: Session, clock: Clock
) -> None:
    first = importing.run(importing.start(importing.there()))
    undo = ImportRun(
        company_id=first.company_id,
        account_id=first.account_id,
        kind=RunKind.UNDO,
        undoes_id=first.id,
        state=ImportState.QUEUED,
        created_at=clock(),
        chosen_count=0,
    )
    session.add(undo)
    session.commit()
    second = importing.start(importing.there())

    assert due_imports(session, now=clock()) == [undo.id]
    importing.run(undo)

    assert due_imports(session, now=clock()) == [second.id]


@pytest.fixture
def undoing(session: Session, runtime: Runtime) -> Undoing:
    return Undoing(session, runtime)


@pytest.mark.parametrize("is_another_queued", [False, True])
def test_an_undo_does_not_wait_for_an_import_that_waits_for_its_provider(
    undoing: Undoing, session: Session, clock: Clock, is_another_queued: bool
) -> None:
    """An undo asks nobody; a person who takes back an import by mistake must not wait for days."""
    mistake = undoing.imported(undoing.there())
    paused = undoing.start(undoing.there())
    _pause(undoing, paused, PauseReason.PERMISSION)
    if is_another_queued:
        undoing.start(undoing.there())
    _end_permission(session)

    undo = undoing.ask(mistake)

    assert due_imports(session, now=clock()) == [undo.id]
    undo = undoing.run(undo)
    assert (undo.state, undo.removed_count) == (ImportState.FINISHED, 1)


def _end_permission(session: Session) -> None:
    session.execute(update(Connection).values(state=ConnectionState.RECONNECT_REQUIRED))
    session.commit()


def test_an_undo_waits_for_an_import_that_goes_on(
    undoing: Undoing, session: Session, clock: Clock
) -> None:
    mistake = undoing.imported(undoing.there())
    earlier = undoing.start(undoing.there())
    undo = undoing.ask(mistake)

    assert due_imports(session, now=clock()) == [earlier.id]
    undoing.claim(earlier)
    assert due_imports(session, now=clock()) == []
    assert undoing.run(undo).state is ImportState.QUEUED


def test_two_undos_behind_a_paused_import_keep_their_order(
    undoing: Undoing, session: Session, clock: Clock
) -> None:
    mistakes = [undoing.imported(undoing.there()) for _ in range(2)]
    _pause(undoing, undoing.start(undoing.there()), PauseReason.PERMISSION)
    _end_permission(session)

    first, _ = (undoing.ask(mistake) for mistake in mistakes)

    assert due_imports(session, now=clock()) == [first.id]


def test_a_paused_import_whose_moment_has_come_waits_for_the_undo_that_runs(
    undoing: Undoing, session: Session, clock: Clock, wake_ups: WakeUps
) -> None:
    mistake = undoing.imported(undoing.there())
    paused = undoing.start(undoing.there())
    _pause(undoing, paused)
    paused.paused_until_at = clock() + timedelta(seconds=5)
    session.commit()
    undo = undoing.ask(mistake)
    owner = undoing.claim(undo).owner
    clock.advance(seconds=10)

    assert due_imports(session, now=clock()) == []
    assert undoing.run(paused).state is ImportState.PAUSED
    while process_batch(session, undo.id, owner=owner, now=clock()):
        pass

    assert due_imports(session, now=clock()) == [paused.id]


@pytest.mark.parametrize("is_running", [False, True])
def test_while_an_undo_passes_a_paused_import_the_list_is_left_alone(
    undoing: Undoing, session: Session, clock: Clock, is_running: bool
) -> None:
    mistake = undoing.imported(undoing.there())
    paused = undoing.start(undoing.there(kept_revision=0))
    _pause(undoing, paused, PauseReason.PERMISSION)
    undo = undoing.ask(mistake)
    if is_running:
        undoing.claim(undo)

    busy = find_busy(session, undoing.account_id)

    assert busy is not None
    assert busy.id == undo.id
    if is_running:
        assert due_matches(session, now=clock()) == []


@pytest.mark.parametrize("is_paused", [False, True])
def test_only_a_paused_run_leaves_the_list_to_be_read_and_counted(
    importing: Importing, session: Session, clock: Clock, is_paused: bool
) -> None:
    run = importing.start(importing.there())
    importing.start(importing.there())
    if is_paused:
        _pause(importing, run)
    connection = session.get_one(Connection, importing.reading.connection_id)
    clock.advance(minutes=2)

    alert = view_alert(session, _view(importing), now=clock())
    followed = ensure_fresh(session, connection, wake=importing.runtime.wake, now=clock())

    assert alert.state is (AlertState.COUNTED if is_paused else AlertState.IMPORTING)
    assert (followed is not None) is is_paused


@pytest.mark.parametrize("is_paused", [False, True])
def test_only_a_paused_run_leaves_matching_to_the_sweep(
    importing: Importing, session: Session, clock: Clock, is_paused: bool
) -> None:
    run = importing.start(importing.there(kept_revision=0))
    importing.start(importing.there())
    if is_paused:
        _pause(importing, run)

    assert due_matches(session, now=clock()) == ([importing.account_id] if is_paused else [])


def _view(importing: Importing) -> ConnectionView | None:
    return view_connection(importing.session, importing.company.id, ProviderKey.QUICKBOOKS)
