"""A customer is removed with everything that hangs on it, and nothing of it meets the next one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models import (
    AuditEvent,
    Bin,
    ChosenOutcome,
    Customer,
    CustomerKey,
    CustomerLink,
    ImportItem,
    KeptCustomer,
    MatchSuggestion,
    RemoteAccount,
    RemoteState,
    ReviewChoice,
    ToldApart,
    WhyUnsynced,
)
from services.customer_removal import UnknownCustomer, remove_customer, remove_rows
from services.kept_parties import COMPARE_AGAIN
from services.match_job import match_account
from services.match_lease import LeaseLost, claim, hold
from services.match_state import FEW_ROWS
from services.runtime import Runtime
from tests.factories import NOW, make_link
from tests.matching_factories import make_choice, make_told_apart
from tests.services.undoing import Undoing

SOMEBODY = {"name": "Hedvika Oyelaran", "email": "hedvika@example.com", "kept_revision": 0}


@pytest.fixture
def undoing(session: Session, runtime: Runtime) -> Undoing:
    return Undoing(session, runtime)


def _remove(undoing: Undoing, customer: Customer) -> None:
    remove_customer(undoing.session, undoing.ada, customer.public_id, now=undoing.runtime.clock())
    undoing.session.expire_all()


def _match(undoing: Undoing) -> None:
    undoing.session.rollback()
    match_account(undoing.runtime, undoing.account_id)
    undoing.session.expire_all()


@pytest.mark.both_databases
def test_whoever_it_was_linked_to_is_unsynced_in_all_books(undoing: Undoing) -> None:
    here, remote = undoing.here(), undoing.there()
    make_link(undoing.session, remote, here)
    other = undoing.elsewhere(here)

    _remove(undoing, here)

    assert undoing.count(Customer) == undoing.count(CustomerLink) == 0
    for each in (remote, other):
        assert (each.state, each.why) == (RemoteState.UNSYNCED, WhyUnsynced.REMOVED_HERE)
        assert each.bin is Bin.MAYBE


def test_the_audit_tells_who_removed_it_and_no_name(undoing: Undoing) -> None:
    here, remote = undoing.here(), undoing.there()
    make_link(undoing.session, remote, here)
    public_id = here.public_id

    _remove(undoing, here)

    event = undoing.session.scalars(select(AuditEvent)).one()
    assert (event.action, event.subject, event.detail) == (
        "customer removed",
        public_id,
        "1 linked",
    )
    assert event.user_id == undoing.ada.user_id


@pytest.mark.both_databases
def test_the_next_customer_with_the_same_row_id_meets_nobody_of_the_former(
    undoing: Undoing,
) -> None:
    here, remote = undoing.here(**SOMEBODY), undoing.there(**SOMEBODY)
    _match(undoing)
    former_id = here.id
    assert undoing.count(MatchSuggestion) == 1

    _remove(undoing, here)

    assert undoing.count(CustomerKey) == undoing.count(KeptCustomer) == 0
    assert undoing.count(MatchSuggestion) == 0
    assert remote.kept_revision == COMPARE_AGAIN or undoing.account().matched_at is None
    undoing.here(id=former_id, name="Ulf Quartey", email="ulf@example.com", kept_revision=0)
    _match(undoing)
    assert undoing.count(MatchSuggestion) == 0
    assert remote.bin is Bin.NEW


def test_a_choice_for_it_and_a_pair_told_apart_end_with_it(undoing: Undoing) -> None:
    here, chosen, apart = undoing.here(), undoing.there(bin=Bin.SAME), undoing.there()
    make_choice(undoing.session, chosen, outcome=ChosenOutcome.LINK, customer_id=here.id)
    make_told_apart(undoing.session, apart, here)

    _remove(undoing, here)

    assert undoing.count(ReviewChoice) == undoing.count(ToldApart) == 0
    assert chosen.bin is Bin.NEW


def test_an_import_that_waits_links_nobody_to_the_same_row_id(undoing: Undoing) -> None:
    remote, here = undoing.same()
    run = undoing.start(remote)
    former_id = here.id
    assert undoing.item(run, remote).planned_customer_id == former_id
    _remove(undoing, here)
    somebody = undoing.here(id=former_id)

    undoing.run(run)

    item = undoing.item(run, remote)
    assert item.outcome.value == "skipped"
    assert undoing.session.get_one(Customer, somebody.id).email == somebody.email
    assert undoing.count(CustomerLink) == 0


def test_the_items_of_imports_forget_the_row_id(undoing: Undoing) -> None:
    remote = undoing.there()
    run = undoing.imported(remote)

    _remove(undoing, undoing.customer_of(remote))

    assert undoing.session.scalars(select(ImportItem.customer_id)).all() == [None]
    assert undoing.item(run, remote).outcome.value == "created"


def test_of_very_many_the_accounts_are_matched_anew(undoing: Undoing) -> None:
    for number in range(FEW_ROWS + 1):
        undoing.session.add(_row(undoing, number))
    undoing.session.commit()
    _match(undoing)
    ids = undoing.session.scalars(select(Customer.id)).all()

    remove_rows(undoing.session, undoing.company.id, ids, now=NOW)
    undoing.session.commit()

    assert undoing.count(CustomerKey) == undoing.count(Customer) == 0
    assert undoing.account().matched_at is None


def _row(undoing: Undoing, number: int) -> Customer:
    return Customer(
        company_id=undoing.company.id,
        name=f"Customer {number}",
        sort_key=f"customer {number}",
        email=f"c{number}@example.com",
        email_key=f"c{number}@example.com",
        origin="hand",
        created_at=NOW,
    )


def test_a_matching_under_way_has_to_begin_anew(undoing: Undoing) -> None:
    here = undoing.here()
    undoing.session.rollback()
    lease = claim(undoing.runtime, undoing.account_id)
    assert lease is not None

    _remove(undoing, here)

    with pytest.raises(LeaseLost):
        hold(undoing.session, lease)
    assert claim(undoing.runtime, undoing.account_id) is not None


def test_the_wait_after_a_failed_matching_stays(undoing: Undoing) -> None:
    here = undoing.here()
    until_at = NOW + timedelta(minutes=5)
    undoing.session.execute(
        update(RemoteAccount).values(match_lease_owner="failed 3", match_lease_until_at=until_at)
    )
    undoing.session.commit()

    _remove(undoing, here)

    assert undoing.account().match_lease_until_at == until_at


def test_another_company_knows_no_such_customer(
    undoing: Undoing, session: Session, runtime: Runtime
) -> None:
    here, other = undoing.here(), Undoing(session, runtime)

    with pytest.raises(UnknownCustomer):
        remove_customer(session, other.ada, here.public_id, now=runtime.clock())

    remove_rows(session, other.company.id, [here.id], now=runtime.clock())
    session.commit()
    assert undoing.count(Customer) == 1
