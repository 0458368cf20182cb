"""Which click starts an import, and which one is shown the import that was there."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from models import Connection, ImportItem, ItemOutcome, RemoteCustomer, RemoteState
from services.customer_import import ImportAlreadyRunning, NothingChosen
from services.decisions import ListChanged
from services.import_request import (
    ImportPlan,
    ImportRepeated,
    ImportRequest,
    plan_import,
    start_requested,
)
from services.runtime import Runtime
from tests.factories import make_reading
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
    return ImportRequest(seen_reading=importing.reading.public_id)


def test_a_plan_says_what_will_become_of_the_named(importing: Importing) -> None:
    same = importing.there(name="Cool Cars", email="cars@example.com")
    importing.here(name="Cool Cars", email="cars@example.com")
    named = [same, importing.there(), importing.there(email=None)]
    named.append(importing.there(state=RemoteState.IGNORED))
    request = ImportRequest(public_ids=tuple(remote.public_id for remote in named))

    plan = _plan(importing, request)

    assert plan == ImportPlan(create=2, link=1, skip=1, without_email=1)
    assert plan.chosen == 4


def test_a_plan_is_refused_as_the_import_would_be(importing: Importing) -> None:
    importing.there()

    with pytest.raises(ListChanged):
        _plan(importing, ImportRequest(seen_reading="0" * 16))
    with pytest.raises(NothingChosen):
        _plan(importing, ImportRequest(public_ids=("0" * 16,)))
    _start(importing, _all_seen(importing))
    with pytest.raises(ImportRepeated):
        _plan(importing, _all_seen(importing))


def test_what_broke_is_tried_again_at_once(importing: Importing) -> None:
    broken = importing.there()
    first = importing.run(importing.start(broken))
    importing.session.execute(update(ImportItem).values(outcome=ItemOutcome.FAILED))
    importing.session.execute(update(RemoteCustomer).values(state=RemoteState.UNSYNCED))
    importing.session.commit()

    again = _start(importing, ImportRequest(public_ids=(broken.public_id,)))

    assert again != first.public_id


def test_somebody_whom_the_last_import_did_not_take_is_no_repetition(importing: Importing) -> None:
    importing.run(importing.start(importing.there()))
    ignored = importing.there(state=RemoteState.IGNORED)

    run = _start(importing, ImportRequest(public_ids=(ignored.public_id,)))

    assert run


def test_a_second_click_is_told_which_run_has_done_it(importing: Importing) -> None:
    taken = importing.there()
    run = importing.run(importing.start(taken))

    for request in (_all_seen(importing), ImportRequest(public_ids=(taken.public_id,))):
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
        _start(importing, ImportRequest(seen_reading=newer.public_id))


def test_whoever_chose_others_is_told_that_theirs_was_not_started(importing: Importing) -> None:
    first, second, third = importing.there(), importing.there(), importing.there()
    run = importing.start(first, second)
    others = ImportRequest(public_ids=(second.public_id, third.public_id))

    for request in (others, _all_seen(importing)):
        with pytest.raises(ImportAlreadyRunning) as running:
            _start(importing, request)
        assert running.value.public_id == run.public_id
    with pytest.raises(ImportRepeated) as repeated:
        _start(importing, ImportRequest(public_ids=(first.public_id, second.public_id)))
    assert repeated.value.public_id == run.public_id
