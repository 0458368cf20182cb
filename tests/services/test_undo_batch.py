"""An undo removes, unlinks, empties, keeps and skips, each with its reason."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import (
    Bin,
    ChosenOutcome,
    Customer,
    CustomerAction,
    CustomerEvent,
    CustomerLink,
    ImportState,
    ItemOutcome,
    RemoteCustomer,
    RemoteState,
    RunKind,
    WhyUnsynced,
)
from services.customer_removal import remove_customer
from services.filling import fill
from services.runtime import Runtime
from tests.factories import make_link
from tests.matching_factories import make_choice, make_suggestion
from tests.services.undoing import PLACEHOLDER, Undoing, add_up

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture
def undoing(session: Session, runtime: Runtime) -> Undoing:
    return Undoing(session, runtime)


def _linked(undoing: Undoing, **theirs: str) -> tuple[RemoteCustomer, Customer]:
    """Somebody there who is to be linked to somebody here with nothing but a name."""
    here = undoing.here(name="Cool Cars", email=PLACEHOLDER, is_placeholder_email=True)
    remote = undoing.there(name="Cool Cars", bin=Bin.SAME, **theirs)
    make_suggestion(undoing.session, remote, here)
    return remote, here


@pytest.mark.both_databases
def test_a_created_customer_is_removed_and_unsynced_again(undoing: Undoing) -> None:
    remote = undoing.there()
    run = undoing.imported(remote)

    undo = undoing.undone(run)

    assert undoing.count(Customer) == 0
    assert undoing.count(CustomerLink) == 0
    assert (remote.state, remote.why) == (RemoteState.UNSYNCED, WhyUnsynced.UNLINKED)
    assert remote.why_at == undoing.runtime.clock()
    assert remote.bin is Bin.NEW
    assert undoing.codes(undo) == {remote.remote_id: "removed removed_untouched"}
    assert (undo.kind, undo.state, undo.removed_count) == (RunKind.UNDO, ImportState.FINISHED, 1)


@pytest.mark.both_databases
def test_a_link_is_ended_and_what_it_filled_is_emptied(undoing: Undoing) -> None:
    remote, here = _linked(
        undoing,
        email="office@example.com",
        company_name="Cool Cars LLC",
        phone="415 555 0123",
        address="12 Alder Street",
    )
    before = undoing.table()
    run = undoing.imported(remote)
    assert here.email == "office@example.com"

    undo = undoing.undone(run)

    assert undoing.table() == before
    assert (here.email, here.is_placeholder_email) == (PLACEHOLDER, True)
    assert undoing.codes(undo) == {remote.remote_id: "unlinked unlinked"}
    assert (remote.state, remote.bin) == (RemoteState.UNSYNCED, Bin.SAME)


def test_the_customers_history_tells_the_undo(undoing: Undoing) -> None:
    remote, _ = _linked(undoing, phone="415 555 0123", email="office@example.com")
    run = undoing.imported(remote)

    undo = undoing.undone(run)

    events = undoing.session.scalars(
        select(CustomerEvent).where(CustomerEvent.run_id == undo.id).order_by(CustomerEvent.field)
    ).all()
    assert [(each.action, each.field, each.before, each.after) for each in events] == [
        (CustomerAction.UNLINKED, "", "", ""),
        (CustomerAction.EMPTIED, "email", "office@example.com", PLACEHOLDER),
        (CustomerAction.EMPTIED, "phone", "415 555 0123", ""),
    ]
    assert {each.user_id for each in events} == {undoing.ada.user_id}


def test_what_a_reading_filled_over_the_link_is_emptied_too(undoing: Undoing) -> None:
    remote, here = _linked(undoing)
    before = undoing.table()
    run = undoing.imported(remote)
    values = {"phone": "415 555 0123"}
    now = undoing.runtime.clock() + timedelta(hours=1)
    fill(undoing.session, here, values, account_id=undoing.account_id, run_id=None, now=now)
    undoing.session.commit()

    undoing.undone(run)

    assert undoing.table() == before


def test_a_linked_customer_who_was_edited_is_unlinked_and_keeps_the_edit(undoing: Undoing) -> None:
    remote, here = _linked(undoing, phone="415 555 0123", email="office@example.com")
    run = undoing.imported(remote)
    undoing.edit(here, phone="212 555 0199")

    undo = undoing.undone(run)

    assert undoing.codes(undo) == {remote.remote_id: "unlinked unlinked"}
    assert (here.phone, here.email) == ("212 555 0199", PLACEHOLDER)


def test_a_value_that_a_person_entered_again_stays(undoing: Undoing) -> None:
    remote, here = _linked(undoing, phone="415 555 0123")
    run = undoing.imported(remote)
    undoing.edit(here, phone="212 555 0199")
    undoing.edit(here, phone="415 555 0123")

    undoing.undone(run)

    undoing.session.refresh(here)
    assert here.phone == "415 555 0123"


def test_one_customer_linked_by_two_rows_of_the_run_is_as_before(undoing: Undoing) -> None:
    first, here = _linked(undoing, phone="415 555 0123")
    second = undoing.there(address="12 Alder Street", bin=Bin.SAME)
    make_suggestion(undoing.session, second, here)
    for remote in (first, second):
        make_choice(undoing.session, remote, outcome=ChosenOutcome.LINK, customer_id=here.id)
    before = undoing.table()
    run = undoing.imported(first, second)
    assert run.linked_count == 2

    undo = undoing.undone(run)

    assert undo.unlinked_count == 2
    assert undoing.table() == before


def test_a_created_customer_whom_the_same_run_linked_again_is_removed(undoing: Undoing) -> None:
    first, second = undoing.there(), undoing.there()
    run = undoing.imported(first, second)
    here = undoing.customer_of(first)
    other = undoing.customer_of(second)
    # As if the run had linked the second to whom it had created for the first.
    item = undoing.item(run, second)
    item.outcome, item.customer_id = ItemOutcome.LINKED, here.id
    link = undoing.session.scalars(
        select(CustomerLink).where(CustomerLink.remote_id == second.remote_id)
    ).one()
    link.customer_id = here.id
    undoing.session.delete(other)
    undoing.session.commit()

    undo = undoing.undone(run)

    assert undoing.count(Customer) == 0
    assert {first.state, second.state} == {RemoteState.UNSYNCED}
    assert add_up(undo)


def test_whoever_is_archived_there_by_now_is_left_out(undoing: Undoing) -> None:
    archived, vanished = undoing.there(), undoing.there()
    run = undoing.imported(archived, vanished)
    archived.is_counted = vanished.is_counted = False
    vanished.fingerprint = ""
    undoing.session.commit()

    undoing.undone(run)

    assert archived.state is RemoteState.LEFT_OUT
    assert vanished.state is RemoteState.VANISHED
    assert archived.kept_revision != archived.revision


def test_a_choice_for_a_removed_customer_ends_and_its_bin_follows(undoing: Undoing) -> None:
    remote, other = undoing.there(), undoing.there(bin=Bin.SAME)
    undoing.imported(remote)
    customer = undoing.customer_of(remote)
    make_suggestion(undoing.session, other, customer, tier="likely", score=6.0)
    make_choice(undoing.session, other, outcome=ChosenOutcome.LINK, customer_id=customer.id)

    # An undo keeps who was chosen; by hand anybody can be removed.
    remove_customer(undoing.session, undoing.ada, customer.public_id, now=undoing.runtime.clock())

    undoing.session.refresh(other)
    assert other.bin is Bin.NEW


def test_a_choice_that_the_link_had_overtaken_stands_again(undoing: Undoing) -> None:
    remote, here = _linked(undoing)
    other = undoing.there(bin=Bin.SAME)
    early = undoing.runtime.clock() - timedelta(days=1)
    make_choice(
        undoing.session, other, outcome=ChosenOutcome.LINK, customer_id=here.id, decided_at=early
    )
    run = undoing.imported(remote)

    undoing.undone(run)

    undoing.session.refresh(other)
    assert other.bin is Bin.SAME


def test_a_customer_linked_before_by_hand_in_the_same_books_stays_so(undoing: Undoing) -> None:
    remote, here = _linked(undoing)
    other = undoing.there()
    make_link(undoing.session, other, here)
    make_choice(undoing.session, remote, outcome=ChosenOutcome.LINK, customer_id=here.id)
    run = undoing.imported(remote)

    undoing.undone(run)

    assert (remote.state, other.state) == (RemoteState.UNSYNCED, RemoteState.LINKED)
