"""Whom an import links: as decided, else beyond doubt, and never a guess about who is gone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from models import (
    Bin,
    ChosenOutcome,
    Customer,
    CustomerLink,
    ItemOutcome,
    RemoteCustomer,
    RemoteState,
    ReviewChoice,
)
from services.bins import refresh_bins
from services.import_outcomes import OutcomeReason
from services.runtime import Runtime
from tests.conftest import Clock
from tests.factories import NOW, make_link
from tests.matching_factories import make_choice, make_suggestion
from tests.services.importing import Importing


@pytest.fixture
def importing(session: Session, runtime: Runtime) -> Importing:
    return Importing(session, runtime)


def _outcome(importing: Importing, remote: RemoteCustomer) -> tuple[ItemOutcome, str]:
    """Import the row alone."""
    run = importing.run(importing.start(remote))
    item = importing.item(run, remote)
    return item.outcome, item.reason


def _links(importing: Importing) -> dict[str, int]:
    rows = importing.session.scalars(select(CustomerLink)).all()
    return {row.remote_id: row.customer_id for row in rows}


def _chosen(importing: Importing, customer: Customer) -> RemoteCustomer:
    """Somebody there whom a person decided to link to the customer."""
    remote = importing.there(bin=Bin.SAME)
    make_suggestion(importing.session, remote, customer, tier="possible", score=0.0)
    make_choice(importing.session, remote, outcome=ChosenOutcome.LINK, customer_id=customer.id)
    return remote


def test_a_choice_is_carried_out_and_then_forgotten(importing: Importing) -> None:
    customer = importing.here()
    remote = _chosen(importing, customer)
    better = importing.here()
    make_suggestion(importing.session, remote, better)

    assert _outcome(importing, remote) == (ItemOutcome.LINKED, OutcomeReason.CHOSEN)

    assert _links(importing) == {remote.remote_id: customer.id}
    assert importing.count(ReviewChoice) == 0


def test_whom_a_person_decided_to_create_is_created(importing: Importing) -> None:
    remote, _customer = importing.doubtful()
    make_choice(importing.session, remote)
    refresh_bins(importing.session, importing.account_id, [remote.id])
    importing.session.commit()

    assert _outcome(importing, remote) == (ItemOutcome.CREATED, "")

    assert importing.count(ReviewChoice) == 0
    assert importing.count(Customer) == 2


@pytest.mark.parametrize("was_chosen", [False, True])
def test_a_customer_who_was_removed_meanwhile_is_not_replaced(
    importing: Importing, was_chosen: bool
) -> None:
    customer = importing.here()
    remote = _chosen(importing, customer)
    if not was_chosen:
        importing.session.execute(delete(ReviewChoice))
    importing.session.delete(importing.session.get_one(Customer, customer.id))
    importing.session.commit()

    assert _outcome(importing, remote) == (ItemOutcome.SKIPPED, OutcomeReason.TARGET_GONE)

    assert importing.count(Customer) == 0
    assert (remote.state, remote.bin) == (RemoteState.UNSYNCED, Bin.NEW)


@pytest.mark.parametrize("was_chosen", [False, True])
def test_a_customer_who_was_linked_meanwhile_is_not_linked_twice(
    importing: Importing, was_chosen: bool
) -> None:
    remote, customer = importing.same()
    if was_chosen:
        make_choice(importing.session, remote, outcome=ChosenOutcome.LINK, customer_id=customer.id)
    link = make_link(importing.session, importing.there(), customer)
    link.linked_at = NOW + timedelta(seconds=1)
    importing.session.commit()

    assert _outcome(importing, remote) == (ItemOutcome.SKIPPED, OutcomeReason.TARGET_TAKEN)

    assert remote.bin is Bin.MAYBE
    assert len(_links(importing)) == 1


def test_a_pair_that_a_person_named_is_linked_though_the_customer_was_linked_before(
    importing: Importing,
) -> None:
    customer = importing.here()
    make_link(importing.session, importing.there(), customer)
    remote = _chosen(importing, customer)

    assert _outcome(importing, remote) == (ItemOutcome.LINKED, OutcomeReason.CHOSEN)


@pytest.mark.parametrize("in_one_run", [False, True])
def test_two_whom_a_person_decided_to_be_one_customer_are_both_linked(
    importing: Importing, clock: Clock, in_one_run: bool
) -> None:
    customer = importing.here()
    clock.advance(seconds=10)
    first, second = _chosen(importing, customer), _chosen(importing, customer)

    if in_one_run:
        importing.run(importing.start(first, second))
    else:
        importing.run(importing.start(first))
        importing.run(importing.start(second))

    assert set(_links(importing).values()) == {customer.id}
    assert len(_links(importing)) == 2


def test_whoever_could_be_a_customer_who_was_linked_is_asked_about(importing: Importing) -> None:
    remote, customer = importing.same()
    other = importing.there(bin=Bin.SAME)
    make_suggestion(importing.session, other, customer, score=19.0)

    _outcome(importing, remote)

    assert other.bin is Bin.MAYBE


def test_of_two_in_one_batch_who_are_exactly_one_customer_only_one_is_linked(
    importing: Importing,
) -> None:
    first, customer = importing.same()
    second = importing.there(bin=Bin.SAME)
    make_suggestion(importing.session, second, customer, score=19.0)

    run = importing.run(importing.start(first, second))

    assert (run.linked_count, run.skipped_count) == (1, 1)
    assert importing.item(run, second).reason == OutcomeReason.TARGET_TAKEN
