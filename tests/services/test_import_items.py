"""The items of a run: who is taken, and what each was told."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import (
    Bin,
    ChosenOutcome,
    ImportItem,
    ImportRun,
    ItemOutcome,
    PlannedOutcome,
    RemoteCustomer,
    RemoteState,
    WhyUnsynced,
)
from services.customer_import import start_import
from services.decision_record import RowsChanged
from services.import_choice import ContinuedItems, ImportChoice, ImportScope
from services.import_decision import ANOTHER_REVISION
from services.review_query import Meant, ReviewQuery, RowFilter
from services.runtime import Runtime
from tests.matching_factories import make_choice, make_suggestion, make_told_apart
from tests.services.importing import Importing

CREATE, LINK, ASK, WAIT = PlannedOutcome


@pytest.fixture
def importing(session: Session, runtime: Runtime) -> Importing:
    return Importing(session, runtime)


def _start(importing: Importing, choice: ImportChoice, **more: Any) -> ImportRun:
    return start_import(
        importing.session,
        importing.account_id,
        choice=choice,
        requested_by_id=importing.ada.user_id,
        wake=importing.runtime.wake,
        now=importing.runtime.clock(),
        **more,
    )


def _told(importing: Importing, run: ImportRun) -> dict[str, tuple[Any, ...]]:
    items = select(ImportItem).where(ImportItem.run_id == run.id)
    rows = importing.session.scalars(items).all()
    assert {row.outcome for row in rows} == {ItemOutcome.PENDING}
    return {
        row.remote_id: (row.planned, row.planned_customer_id, row.seen_revision) for row in rows
    }


def _named(*remotes: RemoteCustomer, **seen: str) -> Meant:
    return Meant(tuple(remote.public_id for remote in remotes), seen=seen)


def _everybody(importing: Importing) -> dict[str, tuple[Any, ...]]:
    """Make one of each kind; return what each is told by an import that asks."""
    same, customer = importing.same()
    chosen, wanted = importing.there(bin=Bin.SAME), importing.here()
    make_choice(importing.session, chosen, outcome=ChosenOutcome.LINK, customer_id=wanted.id)
    make_suggestion(importing.session, chosen, importing.here())
    second, apart = importing.same()
    make_told_apart(importing.session, second, apart)
    other = importing.here()
    make_suggestion(importing.session, second, other, score=9.0)
    stale = importing.there(revision=3, kept_revision=2)
    decided = importing.there(revision=3, kept_revision=2)
    make_choice(importing.session, decided)
    taken_out = importing.there(bin=Bin.MAYBE, why=WhyUnsynced.LET_GO)
    return {
        importing.there().remote_id: (CREATE, None, 1),
        same.remote_id: (LINK, customer.id, 1),
        chosen.remote_id: (LINK, wanted.id, 1),
        second.remote_id: (LINK, other.id, 1),
        importing.doubtful()[0].remote_id: (ASK, None, 1),
        importing.there(bin=Bin.WAITING).remote_id: (WAIT, None, 1),
        stale.remote_id: (WAIT, None, 3),
        decided.remote_id: (CREATE, None, 3),
        taken_out.remote_id: (ASK, None, 1),
    }


@pytest.mark.both_databases
@pytest.mark.parametrize("is_named", [True, False])
def test_each_item_keeps_what_was_told(importing: Importing, is_named: bool) -> None:
    told = _everybody(importing)
    ignored = importing.there(state=RemoteState.IGNORED)
    rows = importing.session.scalars(select(RemoteCustomer)).all()
    choice = _named(*rows) if is_named else Meant(matching=ReviewQuery())

    run = _start(importing, choice)

    expected = told | ({ignored.remote_id: (None, None, 1)} if is_named else {})
    assert _told(importing, run) == expected
    assert run.chosen_count == len(expected)


@pytest.mark.parametrize("is_named", [True, False])
def test_where_the_doubtful_are_created_nobody_is_asked_about_but_who_was_taken_out(
    importing: Importing, is_named: bool
) -> None:
    told = _everybody(importing)
    rows = importing.session.scalars(select(RemoteCustomer)).all()
    choice = _named(*rows) if is_named else ImportScope.ALL

    run = _start(importing, choice, creates_maybes=True)

    plans = [plan for plan, *_ in _told(importing, run).values()]
    assert len(told) == len(plans)
    assert [plans.count(each) for each in (CREATE, LINK, ASK, WAIT)] == [4, 3, 1, 1]


def test_the_new_are_those_like_nobody_here(importing: Importing) -> None:
    _everybody(importing)

    run = _start(importing, ImportScope.NEW)

    plans = {plan for plan, *_ in _told(importing, run).values()}
    assert (plans, run.chosen_count) == ({CREATE, WAIT}, 3)


def test_a_filter_takes_who_matches_now(importing: Importing) -> None:
    importing.doubtful()
    found = importing.there(name="Harbor Lights", bin=Bin.MAYBE)

    run = _start(importing, Meant(matching=ReviewQuery(RowFilter.MAYBE, "harbor")))

    assert list(_told(importing, run)) == [found.remote_id]


def test_the_items_stand_in_the_order_in_which_they_are_taken(importing: Importing) -> None:
    for _ in range(12):
        importing.there()

    run = _start(importing, ImportScope.ALL)

    ordered = select(ImportItem.remote_id).where(ImportItem.run_id == run.id)
    by_row = importing.session.scalars(ordered.order_by(ImportItem.id)).all()
    assert by_row == importing.session.scalars(ordered.order_by(ImportItem.remote_id)).all()


def test_a_token_is_kept_as_what_the_person_saw(importing: Importing) -> None:
    changed, same, another = importing.there(revision=2, kept_revision=2), *importing.same()
    removed, whom = importing.there(), importing.here()
    rows = (changed, same, removed)
    seen = {
        changed.public_id: "1",
        same.public_id: f"1.1.{whom.public_id}",
        removed.public_id: f"1.1.{'0' * 16}",
    }

    run = _start(importing, _named(*rows, **seen))

    assert another.id != whom.id
    assert _told(importing, run) == {
        changed.remote_id: (CREATE, None, ANOTHER_REVISION),
        same.remote_id: (LINK, whom.id, 1),
        removed.remote_id: (LINK, 0, 1),
    }


def test_nothing_is_written_where_everybody_has_changed(importing: Importing) -> None:
    changed = importing.there(revision=2, kept_revision=2)

    with pytest.raises(RowsChanged):
        _start(importing, _named(changed, **{changed.public_id: "1"}))

    importing.session.rollback()
    assert importing.count(ImportRun) == importing.count(ImportItem) == 0


def test_yesterdays_selection_takes_only_who_is_known(importing: Importing) -> None:
    remote = importing.there()

    run = _start(importing, Meant((remote.public_id, remote.public_id, "0" * 16)))

    assert _told(importing, run) == {remote.remote_id: (CREATE, None, 1)}


@pytest.mark.both_databases
def test_who_failed_is_looked_at_anew_and_who_was_stopped_is_not(importing: Importing) -> None:
    failed, stopped, other = (importing.there() for _ in range(3))
    first = _start(importing, _named(failed, stopped, other))
    for remote, outcome, code in (
        (failed, ItemOutcome.FAILED, "broken"),
        (stopped, ItemOutcome.SKIPPED, "stopped"),
        (other, ItemOutcome.SKIPPED, "waits"),
    ):
        item = importing.item(first, remote)
        item.outcome, item.reason_code = outcome, code
        importing.session.commit()
    failed.revision = failed.kept_revision = stopped.revision = stopped.kept_revision = 2
    importing.session.commit()

    again = _start(importing, ContinuedItems(first.id, outcome=ItemOutcome.FAILED))
    rest = _start(importing, ContinuedItems(first.id, reason_codes=("stopped",)))

    assert _told(importing, again) == {failed.remote_id: (CREATE, None, 2)}
    assert _told(importing, rest) == {stopped.remote_id: (CREATE, None, 1)}


def test_one_who_failed_can_be_tried_alone(importing: Importing) -> None:
    remotes = [importing.there(), importing.there()]
    first = _start(importing, _named(*remotes))
    for item in importing.session.scalars(select(ImportItem)):
        item.outcome = ItemOutcome.FAILED
    importing.session.commit()
    one = remotes[1].remote_id

    run = _start(importing, ContinuedItems(first.id, outcome=ItemOutcome.FAILED, remote_ids=(one,)))

    assert list(_told(importing, run)) == [one]
