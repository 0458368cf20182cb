"""A link ended by hand: the customer stays, the remote customer waits for a person."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import (
    AuditEvent,
    Bin,
    ChosenOutcome,
    Connection,
    Customer,
    CustomerAction,
    CustomerEvent,
    CustomerLink,
    RemoteCustomer,
    RemoteState,
    WhyUnsynced,
)
from services.bins import refresh_bins
from services.customer_books import RemoteStanding
from services.placeholder_email import is_placeholder_email
from services.providers.contract import ProviderKey
from services.review_choices import choose
from services.review_query import Meant
from services.runtime import Runtime
from services.unlinking import UnknownLink, unlink
from services.whereabouts import where_is
from tests.factories import make_account, make_link, make_reading, make_remote_customer
from tests.matching_factories import make_choice, make_matched, make_suggestion
from tests.services.undoing import Undoing


@pytest.fixture
def undoing(session: Session, runtime: Runtime) -> Undoing:
    return Undoing(session, runtime)


@pytest.mark.both_databases
def test_the_customer_stays_and_the_other_waits_for_a_person(undoing: Undoing) -> None:
    here, remote = undoing.here(phone="415 555 0123"), undoing.there()
    make_link(undoing.session, remote, here)

    undoing.let_go(remote, here)

    undoing.session.expire_all()
    assert undoing.count(CustomerLink) == 0
    assert here.phone == "415 555 0123"
    assert (remote.state, remote.why) == (RemoteState.UNSYNCED, WhyUnsynced.LET_GO)
    assert remote.bin is Bin.MAYBE


def test_it_is_written_down_with_the_customer_and_in_the_audit(undoing: Undoing) -> None:
    here, remote = undoing.here(), undoing.there()
    make_link(undoing.session, remote, here)

    undoing.let_go(remote, here)

    event = undoing.session.scalars(select(CustomerEvent)).one()
    audit = undoing.session.scalars(select(AuditEvent)).one()
    assert (event.action, event.customer_id) == (CustomerAction.UNLINKED, here.id)
    assert (event.user_id, event.run_id) == (undoing.ada.user_id, None)
    assert event.account_id == undoing.account_id
    assert (audit.action, audit.subject, audit.detail) == ("unlinked", here.public_id, "quickbooks")


def test_the_page_of_the_customer_tells_whom_it_was_unlinked_from(undoing: Undoing) -> None:
    here, other, remote = undoing.here(), undoing.here(), undoing.there()
    make_link(undoing.session, remote, here)
    undoing.let_go(remote, here)
    for customer in (here, other):
        make_suggestion(undoing.session, remote, customer)

    found = [
        where_is(
            undoing.session,
            undoing.ada.company_id,
            customer.public_id,
            access=undoing.runtime.access,
        )[0]
        for customer in (here, other)
    ]

    assert [place.standing for place in found] == [RemoteStanding.MAYBE] * 2
    assert [place.is_let_go for place in found] == [True, False]


def test_a_decision_brings_whom_somebody_let_go_back_into_an_import(undoing: Undoing) -> None:
    here, remote = undoing.here(), undoing.there()
    make_link(undoing.session, remote, here)
    undoing.let_go(remote, here)

    choose(
        undoing.session,
        undoing.ada,
        undoing.account_id,
        meant=Meant((remote.public_id,)),
        outcome=ChosenOutcome.CREATE,
        now=undoing.runtime.clock(),
    )

    undoing.session.refresh(remote)
    assert remote.bin is Bin.NEW
    assert undoing.imported(remote).created_count == 1


def test_who_is_exactly_the_customer_is_the_same_once_the_other_is_let_go(
    undoing: Undoing,
) -> None:
    here, remote, other = undoing.here(), undoing.there(), undoing.there(bin=Bin.MAYBE)
    make_link(undoing.session, remote, here)
    make_suggestion(undoing.session, other, here)

    undoing.let_go(remote, here)

    undoing.session.refresh(other)
    assert other.bin is Bin.SAME


def test_the_other_links_of_the_customer_stay(undoing: Undoing) -> None:
    here, remote, other = undoing.here(), undoing.there(), undoing.there()
    for each in (remote, other):
        make_link(undoing.session, each, here)

    undoing.let_go(remote, here)

    undoing.session.refresh(other)
    assert other.state is RemoteState.LINKED
    assert undoing.count(CustomerLink) == 1


def test_a_link_that_is_not_there_is_unknown(undoing: Undoing) -> None:
    here, remote = undoing.here(), undoing.there()

    with pytest.raises(UnknownLink):
        undoing.let_go(remote, here)


def test_another_company_knows_no_such_link(
    undoing: Undoing, session: Session, runtime: Runtime
) -> None:
    here, remote = undoing.here(), undoing.there()
    make_link(undoing.session, remote, here)

    with pytest.raises(UnknownLink):
        unlink(
            session,
            Undoing(session, runtime).ada,
            here.public_id,
            provider=ProviderKey.QUICKBOOKS,
            remote_id=remote.remote_id,
            now=runtime.clock(),
        )

    assert undoing.count(CustomerLink) == 1
    assert undoing.count(Customer) == 1


def _twice_linked(undoing: Undoing) -> tuple[Customer, list[RemoteCustomer]]:
    """Link somebody to customer 1 of two accounts of QuickBooks."""
    here, first = undoing.here(), undoing.there(remote_id="1")
    other = make_account(undoing.session, undoing.company)
    make_matched(undoing.session, other)
    connection = undoing.session.scalars(select(Connection)).one()
    reading = make_reading(undoing.session, connection, account_id=other.id)
    second = make_remote_customer(undoing.session, reading, remote_id="1")
    for remote in (first, second):
        make_link(undoing.session, remote, here)
    return here, [first, second]


@pytest.mark.parametrize("place", [0, 1])
def test_of_two_books_with_the_same_id_the_one_that_is_meant_ends(
    undoing: Undoing, place: int
) -> None:
    here, remotes = _twice_linked(undoing)
    meant = remotes.pop(place)

    undoing.let_go(meant, here)

    link = undoing.session.scalars(select(CustomerLink)).one()
    assert link.account_id == remotes[0].account_id


def test_of_two_books_with_the_same_id_none_is_guessed(undoing: Undoing) -> None:
    here, _remotes = _twice_linked(undoing)

    with pytest.raises(UnknownLink):
        unlink(
            undoing.session,
            undoing.ada,
            here.public_id,
            provider=ProviderKey.QUICKBOOKS,
            remote_id="1",
            now=undoing.runtime.clock(),
        )

    assert undoing.count(CustomerLink) == 2


def test_who_was_let_go_and_is_imported_again_shares_no_placeholder(undoing: Undoing) -> None:
    remote = undoing.there(email=None)
    undoing.imported(remote)
    first = undoing.customer_of(remote)
    undoing.let_go(remote, first)
    make_choice(undoing.session, remote)
    refresh_bins(undoing.session, remote.account_id, [remote.id])
    undoing.session.commit()

    undoing.imported(remote)

    again = undoing.customer_of(remote)
    assert again.id != first.id
    assert again.email != first.email
    assert again.is_placeholder_email
    assert first.is_placeholder_email
    assert is_placeholder_email(first.email)


def test_an_address_of_ones_own_stays(undoing: Undoing) -> None:
    here, remote = undoing.here(email="ann@example.com"), undoing.there(email=None)
    make_link(undoing.session, remote, here)

    undoing.let_go(remote, here)

    undoing.session.refresh(here)
    assert here.email == "ann@example.com"
