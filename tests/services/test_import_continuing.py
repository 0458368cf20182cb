"""Who is taken again when a run is continued or retried, and what was told stays true of whom."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from models import ImportItem, ItemOutcome, RemoteCustomer, RemoteState
from services.customer_removal import remove_customer
from services.import_outcomes import OutcomeReason
from services.run_control import NothingFailed, NothingToContinue
from services.runtime import Runtime
from tests.services.controlling import Controlled

pytestmark = pytest.mark.both_databases


@pytest.fixture
def controlled(session: Session, runtime: Runtime) -> Controlled:
    return Controlled(session, runtime)


def _fail_all(controlled: Controlled) -> None:
    """Let every customer of the run fail because the accounting software has archived it."""
    _set(controlled.remotes, RemoteState.LEFT_OUT, controlled.session)
    controlled.run(controlled.now_run)
    _set(controlled.remotes, RemoteState.UNSYNCED, controlled.session)


def _set(remotes: list[RemoteCustomer], state: RemoteState, session: Session) -> None:
    for remote in remotes:
        remote.state = state
    session.commit()


@pytest.mark.parametrize("state", [RemoteState.LINKED, RemoteState.IGNORED])
def test_whoever_was_settled_meanwhile_is_not_continued(
    controlled: Controlled, state: RemoteState
) -> None:
    controlled.stop()
    _set(controlled.remotes[:1], state, controlled.session)

    again = controlled.again()

    assert again.chosen_count == 2
    assert controlled.again().id == again.id, "the second click"


def test_where_all_are_linked_meanwhile_there_is_nothing_to_continue(
    controlled: Controlled,
) -> None:
    controlled.stop()
    _set(controlled.remotes, RemoteState.LINKED, controlled.session)

    with pytest.raises(NothingToContinue):
        controlled.again()


def test_where_all_are_linked_meanwhile_nothing_has_failed(controlled: Controlled) -> None:
    _fail_all(controlled)
    linked, *others = controlled.remotes
    _set([linked], RemoteState.LINKED, controlled.session)

    again = controlled.retry()

    assert again.chosen_count == 2
    with pytest.raises(NothingFailed):
        controlled.retry(linked)
    _set(others, RemoteState.LINKED, controlled.session)
    assert controlled.retry().id == again.id, "the run that does it is shown"


def test_whoever_is_archived_is_retried_because_the_check_may_find_it(
    controlled: Controlled,
) -> None:
    _fail_all(controlled)
    _set(controlled.remotes, RemoteState.LEFT_OUT, controlled.session)

    assert controlled.retry().chosen_count == 3


def test_a_run_that_is_being_stopped_is_not_shown_for_its_repetition(
    controlled: Controlled,
) -> None:
    controlled.stop()
    first = controlled.again()
    first.wants_stop = True
    controlled.session.commit()

    assert controlled.again().id != first.id


def test_a_continued_run_links_nobody_to_the_same_row_id(controlled: Controlled) -> None:
    controlled.stop()
    remote, here = controlled.same()
    run = controlled.start(remote)
    controlled.run_id, former_id, session = run.id, here.id, controlled.session
    controlled.stop()
    remove_customer(session, controlled.ada, here.public_id, now=controlled.runtime.clock())
    session.expire_all()
    controlled.here(id=former_id)

    again = controlled.run(controlled.again())

    item: ImportItem = controlled.item(again, remote)
    assert item.planned_customer_id != former_id
    assert (item.outcome, item.reason) == (ItemOutcome.SKIPPED, OutcomeReason.TARGET_GONE)
