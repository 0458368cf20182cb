"""What changed between the look, the click and the batch is left, told, and never guessed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from models import (
    Bin,
    ChosenOutcome,
    Company,
    Customer,
    CustomerLink,
    ImportItem,
    ImportRun,
    ItemOutcome,
    MatchSuggestion,
    RemoteCustomer,
    RemoteState,
    ReviewChoice,
)
from services.bins import refresh_bins
from services.customer_import import run_import, start_import
from services.import_outcomes import OutcomeReason
from services.review_query import Meant, ReviewQuery
from services.runtime import Runtime
from tests.factories import (
    NOW,
    make_account,
    make_connection,
    make_link,
    make_reading,
    make_remote_customer,
)
from tests.matching_factories import make_choice, make_suggestion
from tests.services.importing import Importing

Change = Callable[[Importing, RemoteCustomer], object]


@pytest.fixture
def importing(session: Session, runtime: Runtime) -> Importing:
    return Importing(session, runtime)


def _carry_out(importing: Importing, run: ImportRun) -> ImportRun:
    """Carry the run out as it stands, without a check or a comparison before."""
    run_id = run.id
    importing.session.commit()
    run_import(importing.runtime, run_id, is_prepared=True)
    importing.session.expire_all()
    run = importing.session.get_one(ImportRun, run_id)
    counts = (run.created_count, run.linked_count, run.skipped_count, run.failed_count)
    assert sum(counts) == run.chosen_count
    return run


def _became(importing: Importing, remote: RemoteCustomer, change: Change) -> tuple[str, str]:
    """Start an import of the row, change it, and return its outcome with the reason's code."""
    run = importing.start(remote)
    change(importing, remote)
    item = importing.item(_carry_out(importing, run), remote)
    return item.outcome.value, item.reason_code


def _in_the_books(**values: object) -> Change:
    def change(importing: Importing, remote: RemoteCustomer) -> None:
        statement = update(RemoteCustomer).where(RemoteCustomer.id == remote.id)
        importing.session.execute(statement.values(**values))

    return change


def _somebody_the_same(importing: Importing, remote: RemoteCustomer) -> None:
    """Matching has found somebody here who came meanwhile."""
    make_suggestion(importing.session, remote, importing.here(name=remote.name))
    refresh_bins(importing.session, importing.account_id, [remote.id])


def _decided_to_link(importing: Importing, remote: RemoteCustomer) -> None:
    whom = importing.here()
    make_choice(
        importing.session, remote, outcome=ChosenOutcome.LINK, customer_id=whom.id, decided_at=NOW
    )
    refresh_bins(importing.session, importing.account_id, [remote.id])


@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("change", "became"),
    [
        (_in_the_books(revision=2, kept_revision=2, name="B"), ("skipped", "changed")),
        (_in_the_books(state=RemoteState.VANISHED), ("failed", "gone")),
        (_in_the_books(state=RemoteState.LEFT_OUT, status="archived"), ("failed", "left_out")),
        (_in_the_books(state=RemoteState.IGNORED), ("skipped", "ignored")),
        (_in_the_books(state=RemoteState.LINKED), ("skipped", "already_linked")),
        (_in_the_books(bin=Bin.MAYBE), ("skipped", "different")),
        (_somebody_the_same, ("skipped", "different")),
        (_decided_to_link, ("skipped", "different")),
        (_in_the_books(kept_revision=0), ("skipped", "not_compared")),
    ],
)
def test_a_new_one_that_is_another_now_is_left(
    importing: Importing, change: Change, became: tuple[str, str]
) -> None:
    remote = importing.there()

    assert _became(importing, remote, change) == became

    created = select(Customer).where(Customer.origin == "import")
    assert importing.session.scalars(created).all() == []


def test_what_changed_in_the_books_stays_in_the_list(importing: Importing) -> None:
    remote = importing.there()
    change = _in_the_books(revision=2, kept_revision=2)

    _became(importing, remote, change)

    importing.session.refresh(remote)
    assert (remote.state, remote.bin) == (RemoteState.UNSYNCED, Bin.NEW)
    assert "back in the list" in importing.session.scalars(select(ImportItem.reason)).one()


def _edited(importing: Importing, customer: Customer) -> None:
    customer.revision += 1


def _removed(importing: Importing, customer: Customer) -> None:
    importing.session.execute(delete(Customer).where(Customer.id == customer.id))


def _removed_with_bins(importing: Importing, customer: Customer) -> None:
    _removed(importing, customer)
    refresh_bins(importing.session, importing.account_id, None)


def _linked(importing: Importing, customer: Customer) -> None:
    link = make_link(importing.session, importing.there(), customer)
    link.linked_at = NOW + timedelta(seconds=1)


def _linked_with_bins(importing: Importing, customer: Customer) -> None:
    _linked(importing, customer)
    refresh_bins(importing.session, importing.account_id, None)


def _no_longer_the_same(importing: Importing, customer: Customer) -> None:
    importing.session.execute(
        update(MatchSuggestion)
        .where(MatchSuggestion.customer_id == customer.id)
        .values(customer_id=importing.here().id)
    )


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (_edited, "not_compared"),
        (_removed, "target_gone"),
        (_removed_with_bins, "target_gone"),
        (_linked, "target_taken"),
        (_linked_with_bins, "target_taken"),
        (_no_longer_the_same, "different"),
    ],
)
def test_a_link_to_somebody_who_is_another_now_is_not_made(
    importing: Importing, change: Callable[[Importing, Customer], None], code: str
) -> None:
    remote, customer = importing.same()
    run = importing.start(remote)
    change(importing, customer)

    item = importing.item(_carry_out(importing, run), remote)

    assert (item.outcome, item.reason_code) == (ItemOutcome.SKIPPED, code)
    assert not importing.session.scalars(
        select(CustomerLink).where(CustomerLink.remote_id == remote.remote_id)
    ).all()


@pytest.mark.parametrize("field", ["name", "email"])
@pytest.mark.parametrize("creates_maybes", [False, True])
def test_whoever_was_added_here_a_moment_ago_is_not_created_again(
    importing: Importing, field: str, creates_maybes: bool
) -> None:
    alike, other = importing.there(name="Ann", email="Ann@example.com"), importing.there()
    run = importing.start(alike, other, creates_maybes=creates_maybes)
    importing.here(**{field: getattr(alike, field)}, kept_revision=0)

    run = _carry_out(importing, run)

    assert (run.created_count, run.skipped_count) == (1, 1)
    assert importing.item(run, alike).reason_code == "different"


def test_an_import_of_other_books_at_the_same_time_makes_nobody_twice(
    importing: Importing,
) -> None:
    remote = importing.there(name="Ann", email="ann@example.com")
    books = make_account(importing.session, importing.session.get_one(Company, 1), provider="xero")
    reading = make_reading(importing.session, make_connection(importing.session, books))
    theirs = make_remote_customer(importing.session, reading, email="ann@example.com")
    first = importing.start(remote)
    run = start_import(
        importing.session,
        books.id,
        choice=Meant((theirs.public_id,)),
        requested_by_id=None,
        wake=importing.runtime.wake,
        now=importing.runtime.clock(),
    )

    _carry_out(importing, first)
    run = _carry_out(importing, run)

    assert importing.item(run, theirs).reason_code == "different"
    assert importing.count(Customer) == 1


def test_two_in_the_file_with_one_address_are_both_created(importing: Importing) -> None:
    run = importing.start(*(importing.there(email="pair@example.com") for _ in range(2)))

    assert _carry_out(importing, run).created_count == 2


def test_of_two_overlapping_imports_each_is_created_once(importing: Importing) -> None:
    first, shared, last = (importing.there() for _ in range(3))
    runs = [importing.start(first, shared), importing.start(shared, last)]

    ended = [_carry_out(importing, run) for run in runs]

    assert [(run.created_count, run.skipped_count) for run in ended] == [(2, 0), (1, 1)]
    assert importing.item(ended[1], shared).reason == OutcomeReason.ALREADY_LINKED
    assert importing.count(Customer) == 3


def test_all_that_matched_are_taken_though_the_list_changes(importing: Importing) -> None:
    gone, there = importing.there(), importing.there()
    meant = Meant(matching=ReviewQuery())
    run = start_import(
        importing.session,
        importing.account_id,
        choice=meant,
        requested_by_id=None,
        wake=importing.runtime.wake,
        now=importing.runtime.clock(),
    )
    gone.state = RemoteState.VANISHED
    later = importing.there()

    run = _carry_out(importing, run)

    assert (run.chosen_count, run.created_count, run.failed_count) == (2, 1, 1)
    assert importing.item(run, there).outcome is ItemOutcome.CREATED
    assert importing.session.get_one(RemoteCustomer, later.id).state is RemoteState.UNSYNCED


def test_a_choice_taken_back_meanwhile_is_not_carried_out(importing: Importing) -> None:
    remote, _customer = importing.doubtful()
    make_choice(importing.session, remote)
    refresh_bins(importing.session, importing.account_id, [remote.id])
    importing.session.commit()
    run = importing.start(remote)
    importing.session.execute(delete(ReviewChoice))
    refresh_bins(importing.session, importing.account_id, [remote.id])

    item = importing.item(_carry_out(importing, run), remote)

    assert item.reason_code == "different"
