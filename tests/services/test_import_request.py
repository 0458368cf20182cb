"""Which click starts an import, and which one is shown the import that was there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models import (
    Bin,
    Connection,
    ImportItem,
    ImportRun,
    ItemOutcome,
    RemoteCustomer,
    RemoteState,
)
from services.customer_import import NothingChosen
from services.decisions import ListChanged, RowsChanged
from services.import_outcomes import OutcomeReason
from services.import_request import (
    ImportPlan,
    ImportRepeated,
    ImportRequest,
    count_changed,
    plan_import,
    start_requested,
)
from services.review_query import Meant, ReviewQuery, RowFilter
from services.runtime import Runtime
from tests.factories import make_reading
from tests.matching_factories import make_choice
from tests.services.importing import Importing


@pytest.fixture
def importing(session: Session, runtime: Runtime) -> Importing:
    return Importing(session, runtime)


def _start(importing: Importing, request: ImportRequest) -> str:
    return start_requested(
        importing.session,
        importing.account_id,
        request,
        requested_by_id=importing.ada.user_id,
        wake=importing.runtime.wake,
        now=importing.runtime.clock(),
    )


def _plan(importing: Importing, request: ImportRequest) -> ImportPlan:
    return plan_import(
        importing.session, importing.account_id, request, now=importing.runtime.clock()
    )


def _all_seen(importing: Importing) -> ImportRequest:
    return _all(importing.reading.public_id)


def _named(*remotes: RemoteCustomer) -> ImportRequest:
    return ImportRequest(Meant(tuple(remote.public_id for remote in remotes)))


def _all(reading: str, **seen: Any) -> ImportRequest:
    """Everybody unsynced, as the alert asks for them."""
    values = {"matching": ReviewQuery(), "reading": reading} | seen
    return ImportRequest(Meant(**values), creates_maybes=True)


def test_a_plan_says_what_will_become_of_the_named(importing: Importing) -> None:
    named = [importing.same()[0], importing.there(), importing.there(email=None)]
    named += [importing.doubtful()[0], importing.there(bin=Bin.WAITING)]
    named.append(importing.there(state=RemoteState.IGNORED))
    request = _named(*named)

    plan = _plan(importing, request)

    assert plan == ImportPlan(
        create=2, link=1, ask=1, skip=1, waiting=1, without_email=1, ignored=1
    )
    assert plan.chosen == 6


def test_a_plan_is_refused_as_the_import_would_be(importing: Importing) -> None:
    importing.there()

    with pytest.raises(ListChanged):
        _plan(importing, _all("0" * 16))
    with pytest.raises(NothingChosen):
        _plan(importing, ImportRequest(Meant(("0" * 16,))))
    _start(importing, _all_seen(importing))
    with pytest.raises(ImportRepeated):
        _plan(importing, _all_seen(importing))


def test_a_plan_of_all_creates_the_doubtful(importing: Importing) -> None:
    importing.same()
    importing.doubtful()
    importing.there(state=RemoteState.IGNORED)

    plan = _plan(importing, _all_seen(importing))

    assert plan == ImportPlan(create=1, link=1, ignored=1)


def test_all_that_a_filter_matches_are_imported_and_nobody_else(importing: Importing) -> None:
    importing.doubtful()
    new = importing.there()
    matching = ReviewQuery(RowFilter.NEW)
    request = ImportRequest(Meant(matching=matching, reading=importing.reading.public_id, count=1))

    plan = _plan(importing, request)
    _start(importing, request)

    assert plan == ImportPlan(create=1)
    assert importing.session.scalars(select(ImportItem.remote_id)).all() == [new.remote_id]


def test_a_filter_that_matches_others_now_is_told(importing: Importing) -> None:
    importing.there()

    with pytest.raises(ListChanged):
        _start(importing, _all(importing.reading.public_id, count=2))


def test_who_changed_since_the_person_looked_is_left_and_told(importing: Importing) -> None:
    changed, unchanged = importing.there(revision=2, kept_revision=2), importing.there()
    ids = (changed.public_id, unchanged.public_id)
    request = ImportRequest(Meant(ids, seen=dict.fromkeys(ids, "1")))

    plan = _plan(importing, request)
    _start(importing, request)

    assert plan == ImportPlan(create=1, skip=1)
    assert count_changed(importing.session, importing.account_id, request) == 1
    run = importing.run(importing.session.scalars(select(ImportRun)).one())
    assert importing.item(run, changed).reason == OutcomeReason.CHANGED
    assert importing.item(run, unchanged).outcome is ItemOutcome.CREATED


def test_an_import_of_changed_rows_only_is_refused(importing: Importing) -> None:
    changed = importing.there(revision=2, kept_revision=2).public_id
    request = ImportRequest(Meant((changed,), seen={changed: "1"}))

    with pytest.raises(RowsChanged):
        _plan(importing, request)
    with pytest.raises(RowsChanged):
        _start(importing, request)


def test_who_was_left_to_a_person_a_moment_ago_is_not_asked_about_by_another_run(
    importing: Importing,
) -> None:
    maybe, _customer = importing.doubtful()
    run = importing.run(importing.start(maybe))

    with pytest.raises(ImportRepeated) as repeated:
        _start(importing, _named(maybe))

    assert repeated.value.public_id == run.public_id


def test_what_broke_is_tried_again_at_once(importing: Importing) -> None:
    broken = importing.there()
    first = importing.run(importing.start(broken))
    importing.session.execute(update(ImportItem).values(outcome=ItemOutcome.FAILED))
    importing.session.execute(update(RemoteCustomer).values(state=RemoteState.UNSYNCED))
    importing.session.commit()

    again = _start(importing, _named(broken))

    assert again != first.public_id


def test_somebody_whom_the_last_import_did_not_take_is_no_repetition(importing: Importing) -> None:
    importing.run(importing.start(importing.there()))
    ignored = importing.there(state=RemoteState.IGNORED)

    run = _start(importing, _named(ignored))

    assert run


def test_a_second_click_is_told_which_run_has_done_it(importing: Importing) -> None:
    taken = importing.there()
    run = importing.run(importing.start(taken))

    for request in (_all_seen(importing), _named(taken)):
        with pytest.raises(ImportRepeated) as error:
            _start(importing, request)
        assert error.value.public_id == run.public_id


def test_an_import_of_others_that_just_ended_does_not_speak_for_a_changed_list(
    importing: Importing,
) -> None:
    seen = _all_seen(importing)
    taken, archived = importing.there(), importing.there()
    importing.run(importing.start(taken))
    archived = importing.session.get_one(RemoteCustomer, archived.id)
    archived.state = RemoteState.LEFT_OUT
    connection = importing.session.get_one(Connection, importing.reading.connection_id)
    later = importing.runtime.clock() + timedelta(seconds=5)
    newer = make_reading(importing.session, connection, finished_at=later)

    with pytest.raises(ListChanged):
        _start(importing, seen)
    with pytest.raises(NothingChosen):
        _start(importing, _all(newer.public_id))


def test_whoever_chose_others_is_queued_behind(importing: Importing) -> None:
    first, second, third = importing.there(), importing.there(), importing.there()
    run = importing.start(first, second)

    with pytest.raises(ImportRepeated) as repeated:
        _start(importing, _named(first, second))
    behind = _start(importing, _named(second, third))
    again = [_named(first), _named(third), _named(second, third)]
    shown = []
    for request in again:
        with pytest.raises(ImportRepeated) as refused:
            _start(importing, request)
        shown.append(refused.value.public_id)

    assert repeated.value.public_id == run.public_id
    assert shown == [run.public_id, behind, behind]
    assert importing.count(ImportRun) == 2


def test_whoever_wants_the_doubtful_created_too_is_queued_behind(importing: Importing) -> None:
    run = importing.start(importing.there(), importing.doubtful()[0])

    behind = _start(importing, _all_seen(importing))

    assert behind != run.public_id


def test_who_changed_since_the_comparison_counts_as_waiting(importing: Importing) -> None:
    decided, stale = importing.there(revision=2), importing.there(revision=2, email=None)
    make_choice(importing.session, decided)
    importing.there()
    reading = importing.reading.public_id

    matching = _plan(importing, ImportRequest(Meant(matching=ReviewQuery(), reading=reading)))
    named = _plan(importing, _named(decided, stale))

    assert matching == ImportPlan(create=2, waiting=1)
    assert named == ImportPlan(create=1, waiting=1)
