"""A newer choice is never taken for an older run; the same click again always is."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import (
    Bin,
    ChosenOutcome,
    Customer,
    ImportRun,
    ImportState,
    ItemOutcome,
    RemoteCustomer,
)
from services.customer_import import process_batch
from services.import_request import ImportRepeated, ImportRequest, start_requested
from services.review_query import Meant, ReviewQuery
from services.runtime import Runtime
from tests.conftest import Clock
from tests.matching_factories import make_choice
from tests.services.importing import Importing

pytestmark = pytest.mark.both_databases


@pytest.fixture
def importing(session: Session, runtime: Runtime) -> Importing:
    return Importing(session, runtime)


def _named(*remotes: RemoteCustomer, is_seen: bool = True) -> ImportRequest:
    seen = {remote.public_id: f"{remote.revision}" for remote in remotes} if is_seen else {}
    return ImportRequest(Meant(tuple(remote.public_id for remote in remotes), seen=seen))


def _matching(importing: Importing) -> ImportRequest:
    return ImportRequest(Meant(matching=ReviewQuery(), reading=importing.reading.public_id))


def _ask(importing: Importing, request: ImportRequest) -> int:
    """Press the button; return the row id of the run that is shown then."""
    session = importing.session
    try:
        public_id = start_requested(
            session,
            importing.account_id,
            request,
            requested_by_id=importing.ada.user_id,
            wake=importing.runtime.wake,
            now=importing.runtime.clock(),
        )
    except ImportRepeated as repeated:
        public_id = repeated.public_id
    return session.scalars(select(ImportRun.id).where(ImportRun.public_id == public_id)).one()


def _decide(importing: Importing, remote: RemoteCustomer, customer: Customer) -> None:
    """Have a person say that the two are one."""
    make_choice(importing.session, remote, outcome=ChosenOutcome.LINK, customer_id=customer.id)
    remote.bin = Bin.SAME
    importing.session.commit()


def test_the_same_click_again_is_shown_the_run_that_waits(importing: Importing) -> None:
    new, *others = importing.there(), importing.same()[0], importing.doubtful()[0]
    first = importing.start(new, *others).id

    requests = [_named(new), _named(new, *others, is_seen=False), _matching(importing)]

    assert [_ask(importing, request) for request in requests] == [first] * 3


def test_whoever_saw_a_change_gets_a_run_of_their_own(importing: Importing) -> None:
    changed = importing.there()
    old, old_list = _ask(importing, _named(changed)), _matching(importing)
    changed.revision = changed.kept_revision = 2
    importing.session.commit()

    seen, of_the_list = _ask(importing, _named(changed)), _ask(importing, old_list)

    assert seen != old
    assert of_the_list == seen
    importing.run(importing.session.get_one(ImportRun, old))
    run = importing.run(importing.session.get_one(ImportRun, seen))
    assert importing.item(run, changed).outcome is ItemOutcome.CREATED


@pytest.mark.parametrize("is_named", [True, False])
def test_a_decision_since_the_click_gets_a_run_of_its_own(
    importing: Importing, is_named: bool
) -> None:
    maybe, customer = importing.doubtful()
    old = importing.start(maybe, importing.there()).id
    _decide(importing, maybe, customer)
    request = _named(maybe, is_seen=False) if is_named else _matching(importing)

    new = _ask(importing, request)

    assert new != old
    importing.run(importing.session.get_one(ImportRun, old))
    run = importing.run(importing.session.get_one(ImportRun, new))
    assert importing.item(run, maybe).outcome is ItemOutcome.LINKED
    assert importing.item(run, maybe).customer_id == customer.id


def test_a_run_that_is_being_stopped_takes_nobody_any_more(importing: Importing) -> None:
    rows = [importing.there() for _ in range(2)]
    run = importing.start(*rows)
    importing.claim(run)
    importing.session.refresh(run)
    run.wants_stop = True
    importing.session.commit()

    assert run.state is ImportState.RUNNING
    assert _ask(importing, _named(*rows)) != run.id


def test_whom_a_run_has_brought_already_it_is_shown_for(importing: Importing, clock: Clock) -> None:
    rows = [importing.there() for _ in range(2)]
    run_id = importing.start(*rows).id
    request = _named(*rows)
    owner = importing.claim(importing.session.get_one(ImportRun, run_id)).owner
    process_batch(importing.session, run_id, owner=owner, now=clock(), size=1)

    assert _ask(importing, request) == run_id
    assert _ask(importing, _matching(importing)) == run_id
