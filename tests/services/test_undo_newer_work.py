"""What happened since the import decides what its undo leaves alone."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import (
    Bin,
    ChosenOutcome,
    Customer,
    CustomerEvent,
    CustomerLink,
    ItemOutcome,
    RemoteCustomer,
    RemoteState,
    ReviewChoice,
    WhyUnsynced,
)
from services.customer_removal import remove_customer
from services.import_undo import plan_undo
from services.merged_customers import follow_merges
from services.runtime import Runtime
from tests.matching_factories import make_choice, make_suggestion
from tests.services.undoing import PLACEHOLDER, Undoing


@pytest.fixture
def undoing(session: Session, runtime: Runtime) -> Undoing:
    return Undoing(session, runtime)


def _linked(undoing: Undoing, **theirs: str) -> tuple[RemoteCustomer, Customer]:
    """Somebody there who is to be linked to somebody here with nothing but a name."""
    here = undoing.here(name="Cool Cars", email=PLACEHOLDER, is_placeholder_email=True)
    remote = undoing.there(name="Cool Cars", bin=Bin.SAME, **theirs)
    make_suggestion(undoing.session, remote, here)
    return remote, here


def test_an_edited_customer_is_kept_and_says_who_edited_what(undoing: Undoing) -> None:
    remote = undoing.there()
    run = undoing.imported(remote)
    mel = undoing.mel()
    undoing.edit(undoing.customer_of(remote), mel, email="new@example.com", phone="415 555 0123")

    undo = undoing.undone(run)

    item = undoing.item(undo, remote)
    assert (item.outcome, item.reason_code) == (ItemOutcome.KEPT, "edited")
    assert item.reason == "e-mail and phone edited since the import"
    assert (item.touched_by_id, item.touched_at) == (mel.user_id, undoing.runtime.clock())
    assert remote.state is RemoteState.LINKED
    assert undo.kept_count == 1


def test_whom_a_person_chose_for_somebody_in_other_books_is_kept(undoing: Undoing) -> None:
    remote, other = undoing.there(), undoing.there()
    run = undoing.imported(remote, other)
    chosen, untouched = undoing.customer_of(remote), undoing.customer_of(other)
    waiting = undoing.elsewhere(untouched)
    undoing.session.delete(
        undoing.session.scalars(
            select(CustomerLink).where(CustomerLink.account_id == waiting.account_id)
        ).one()
    )
    waiting.state = RemoteState.UNSYNCED
    make_choice(
        undoing.session,
        waiting,
        outcome=ChosenOutcome.LINK,
        customer_id=chosen.id,
        decided_by_id=undoing.ada.user_id,
    )
    plan = plan_undo(undoing.session, run.company_id, run.public_id, now=undoing.runtime.clock())

    undo = undoing.undone(run)

    assert (plan.keep, plan.remove) == (1, 1)
    assert plan.kept[0].reason == "chosen for a Xero customer"
    item = undoing.item(undo, remote)
    assert (item.outcome, item.reason_code) == (ItemOutcome.KEPT, "chosen_for")
    assert item.reason == "chosen for a Xero customer"
    assert item.touched_by_id == undoing.ada.user_id
    assert undoing.count(ReviewChoice) == 1


def test_a_customer_who_was_linked_elsewhere_is_kept(undoing: Undoing) -> None:
    remote = undoing.there()
    run = undoing.imported(remote)
    undoing.elsewhere(undoing.customer_of(remote))

    undo = undoing.undone(run)

    item = undoing.item(undo, remote)
    assert (item.outcome, item.reason_code) == (ItemOutcome.KEPT, "linked_elsewhere")
    assert item.reason == "linked to Xero since the import"


def test_a_created_customer_that_the_books_merged_is_kept(undoing: Undoing) -> None:
    remote, heir = undoing.there(), undoing.there()
    run = undoing.imported(remote)
    _merge(undoing, remote, heir)

    undo = undoing.undone(run)

    assert undoing.codes(undo) == {remote.remote_id: "kept merged_into"}
    assert heir.state is RemoteState.LINKED


def test_a_link_that_followed_a_merger_ends_with_the_one_it_followed(undoing: Undoing) -> None:
    remote, _ = _linked(undoing, phone="415 555 0123")
    heir = undoing.there()
    before = undoing.table()
    run = undoing.imported(remote)
    _merge(undoing, remote, heir)

    undo = undoing.undone(run)

    undoing.session.expire_all()
    assert undoing.codes(undo) == {remote.remote_id: "unlinked unlinked"}
    assert heir.state is RemoteState.UNSYNCED
    assert undoing.table() == before


def _merge(undoing: Undoing, remote: RemoteCustomer, heir: RemoteCustomer) -> None:
    """The books join the customer with the heir, who is linked in its place."""
    remote.merged_into_remote_id = heir.remote_id
    follow_merges(
        undoing.session,
        undoing.account(),
        {remote.remote_id: heir.remote_id},
        now=undoing.runtime.clock(),
    )
    undoing.session.commit()


def test_who_was_removed_by_hand_is_skipped(undoing: Undoing) -> None:
    remote = undoing.there()
    run = undoing.imported(remote)
    customer = undoing.customer_of(remote)
    now = undoing.runtime.clock()
    remove_customer(undoing.session, undoing.ada, customer.public_id, now=now)

    undo = undoing.undone(run)

    assert undoing.codes(undo) == {remote.remote_id: "skipped already_removed"}
    assert remote.why is WhyUnsynced.REMOVED_HERE


def test_a_linked_customer_who_was_let_go_is_skipped(undoing: Undoing) -> None:
    remote, here = _linked(undoing, phone="415 555 0123")
    run = undoing.imported(remote)
    undoing.let_go(remote, here)

    undo = undoing.undone(run)

    assert undoing.codes(undo) == {remote.remote_id: "skipped already_unlinked"}
    assert here.phone == "415 555 0123"
    assert remote.why is WhyUnsynced.LET_GO


def test_a_created_customer_who_was_let_go_is_kept(undoing: Undoing) -> None:
    remote = undoing.there()
    run = undoing.imported(remote)
    undoing.let_go(remote, undoing.customer_of(remote))

    undo = undoing.undone(run)

    item = undoing.item(undo, remote)
    assert (item.outcome, item.reason_code) == (ItemOutcome.KEPT, "already_unlinked")
    assert item.touched_by_id == undoing.ada.user_id


def test_who_was_imported_again_since_belongs_to_the_later_import(undoing: Undoing) -> None:
    remote, here = _linked(undoing)
    run = undoing.imported(remote)
    undoing.let_go(remote, here)
    make_choice(undoing.session, remote, outcome=ChosenOutcome.LINK, customer_id=here.id)
    undoing.session.refresh(remote)
    remote.bin = Bin.SAME
    undoing.imported(remote)

    undo = undoing.undone(run)

    assert undoing.codes(undo) == {remote.remote_id: "skipped already_unlinked"}
    assert remote.state is RemoteState.LINKED


def test_an_import_of_before_the_history_keeps_whom_somebody_edited(undoing: Undoing) -> None:
    edited, untouched = undoing.there(), undoing.there()
    run = undoing.imported(edited, untouched)
    undoing.customer_of(edited).revision = 2
    run.began_at = None
    undoing.session.commit()

    undo = undoing.undone(run)

    assert undoing.codes(undo) == {
        edited.remote_id: "kept edited",
        untouched.remote_id: "removed removed_untouched",
    }


def test_an_import_of_before_the_history_empties_what_its_items_name(undoing: Undoing) -> None:
    remote, here = _linked(undoing, phone="415 555 0123", email="office@example.com")
    run = undoing.imported(remote)
    run.began_at = None
    for event in undoing.session.scalars(select(CustomerEvent)):
        undoing.session.delete(event)
    undoing.session.commit()

    undoing.undone(run)

    undoing.session.refresh(here)
    assert (here.phone, here.is_placeholder_email) == ("", True)
