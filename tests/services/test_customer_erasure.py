"""Erasing a customer for good: nothing of it is left here, and nothing brings it back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, select, true, update
from sqlalchemy.orm import Session

from models import (
    AuditEvent,
    Base,
    Bin,
    ChosenOutcome,
    Customer,
    CustomerEvent,
    CustomerKey,
    CustomerLink,
    ImportItem,
    ItemOutcome,
    KeptRemote,
    LookAlike,
    MatchSuggestion,
    RemoteCustomer,
    RemoteKey,
    RemoteState,
    ReviewChoice,
    ToldApart,
)
from services.customer_erasure import erase_customer
from services.customers import UnknownCustomer
from services.database import shorten_log
from services.erased_remotes import ERASED_NAME, ERASED_REASON
from services.item_rows import list_items
from services.match_job import match_account
from services.match_lease import LeaseLost, claim, hold
from services.runtime import Runtime
from tests.factories import make_link
from tests.matching_factories import (
    make_choice,
    make_look_alike,
    make_suggestion,
    make_told_apart,
)
from tests.services.erasing import find_word, text_columns
from tests.services.undoing import Undoing, add_up

WORD = "canary"
#: What stays, and why it may.
STAYS = {
    ("customer", "public_id"): "a random number; the row goes",
    ("remote_customer", "public_id"): "a random number",
    ("remote_customer", "remote_id"): "who is ignored is known by it, and by nothing else",
    ("remote_customer", "parent_remote_id"): "a number of the books",
    ("remote_customer", "merged_into_remote_id"): "a number of the books; a merger is told by it",
    ("remote_customer", "fingerprint"): "a digest; a word of ours stands there afterwards",
    ("remote_customer", "status"): "a word of ours",
    ("remote_customer", "kind"): "a word of ours",
    ("customer_link", "remote_id"): "a number of the books; the row goes",
    ("import_item", "remote_id"): "the receipt adds up by it",
    ("import_item", "reason_code"): "a word of ours",
    ("import_item", "filled_fields"): "the names of fields, not what stands in them",
    ("told_apart", "remote_id"): "a number of the books; the row goes",
    ("told_apart", "other_remote_id"): "a number of the books; the row goes",
}
#: Tables that hold something of a customer.
HOLDING = {
    *("customer", "customer_event", "customer_link", "kept_customer"),
    *("remote_customer", "kept_remote", "kept_frequencies", "match_suggestion", "look_alike"),
    *("told_apart", "review_choice", "import_item"),
}
#: Tables that hold nothing of one.
NOT_HOLDING = {
    "attempt": "keyed hashes of networks, for an hour",
    "audit_event": "counts and random numbers",
    "company": "the company itself",
    "connection": "tokens and states of a permission",
    "consent_request": "accounts of the books, not their customers",
    "customer_key": "numbers that are made of the kept parts; counted by another test",
    "heartbeat": "that the server lives",
    "import_run": "counts",
    "one_time_link": "people who sign in",
    "provider_call": "when a call was made",
    "reading": "counts",
    "remote_account": "names of books",
    "remote_key": "numbers, as customer_key",
    "report_delivery": "counts, and what a mail server said",
    "report_recipient": "people who are mailed the report",
    "report_settings": "hours",
    "sign_in": "people who sign in",
    "user_account": "people who sign in",
}


@pytest.fixture
def undoing(session: Session, runtime: Runtime) -> Undoing:
    return Undoing(session, runtime)


def _erase(undoing: Undoing, customer: Customer) -> None:
    public_id = customer.public_id
    undoing.session.rollback()
    erase_customer(undoing.session, undoing.ada, public_id, now=undoing.runtime.clock())
    undoing.session.expire_all()


def _known_everywhere(undoing: Undoing) -> tuple[Customer, RemoteCustomer]:
    """A customer who was imported, edited, compared, suggested, chosen for and told apart."""
    session = undoing.session
    name, email = "Canary Oyelaran", "canary@example.com"
    remote = undoing.there(name=name, email=email, emails_text=email, kept_revision=0)
    _match(undoing)
    undoing.imported(remote)
    customer = undoing.customer_of(remote)
    undoing.edit(customer, phone="(555) 010-0199")
    _match(undoing)
    other, somebody = undoing.there(name="Somebody Else"), undoing.here(name="Anybody Else")
    make_suggestion(session, remote, somebody)
    make_suggestion(session, other, customer)
    make_look_alike(session, remote, other)
    make_choice(session, other, outcome=ChosenOutcome.LINK, customer_id=customer.id)
    make_told_apart(session, remote, other)
    make_told_apart(session, remote, somebody)
    about: dict[type[Base], Any] = {
        Customer: Customer.id == customer.id,
        CustomerEvent: CustomerEvent.customer_id == customer.id,
        CustomerLink: CustomerLink.customer_id == customer.id,
        RemoteCustomer: RemoteCustomer.id == remote.id,
        ImportItem: ImportItem.remote_id == remote.remote_id,
        **dict.fromkeys((MatchSuggestion, LookAlike, ToldApart, ReviewChoice), true()),
    }
    for model, condition in about.items():
        table: Any = model.__table__
        names = [c.name for c in text_columns(table) if (table.name, c.name) not in STAYS]
        if names:
            session.execute(update(table).where(condition).values(dict.fromkeys(names, WORD)))
    session.commit()
    return customer, remote


def _match(undoing: Undoing) -> None:
    undoing.session.rollback()
    match_account(undoing.runtime, undoing.account_id)
    undoing.session.expire_all()


def test_every_table_is_known_to_hold_something_of_a_customer_or_nothing() -> None:
    assert HOLDING | NOT_HOLDING.keys() == set(Base.metadata.tables)
    assert not HOLDING & NOT_HOLDING.keys()


@pytest.mark.both_databases
def test_what_was_written_about_a_customer_is_in_no_column_afterwards(undoing: Undoing) -> None:
    customer, remote = _known_everywhere(undoing)
    tables = [table for table in Base.metadata.sorted_tables if table.name in HOLDING]
    columns = {(table.name, column.name) for table in tables for column in text_columns(table)}
    assert find_word(undoing.session, WORD) == columns - STAYS.keys()

    _erase(undoing, customer)

    assert find_word(undoing.session, WORD) == set()
    keys = undoing.session.scalars(
        select(RemoteKey.key).where(RemoteKey.remote_customer_id == remote.id)
    )
    assert list(keys) == []
    assert undoing.session.scalars(select(CustomerKey.customer_id)).all() == []
    assert remote.balance_cents == 0
    _match(undoing)
    assert find_word(undoing.session, WORD) == set()
    assert undoing.session.get(KeptRemote, remote.id) is None


@pytest.mark.sqlite_only
def test_the_file_of_the_database_holds_nothing_of_it(undoing: Undoing, database_url: URL) -> None:
    # Some builds of SQLite overwrite by themselves.
    undoing.session.connection().exec_driver_sql("PRAGMA secure_delete=OFF")
    name = {"name": "Quillcanary Oyelaran", "email": "quillcanary@example.com"}
    here, remote = undoing.here(**name), undoing.there(**name)
    make_link(undoing.session, remote, here)

    _erase(undoing, here)

    undoing.session.rollback()
    shorten_log(undoing.session)
    held = Path(str(database_url.database)).read_bytes()
    assert b"uillcanary" not in held
    assert ERASED_NAME.encode() in held


@pytest.mark.both_databases
def test_whoever_it_was_linked_to_stays_ignored_by_its_number(undoing: Undoing) -> None:
    here, remote = undoing.here(), undoing.there()
    make_link(undoing.session, remote, here)
    other = undoing.elsewhere(here)
    remote_id = remote.remote_id

    _erase(undoing, here)

    assert undoing.count(Customer) == undoing.count(CustomerLink) == 0
    for each in (remote, other):
        assert (each.state, each.ignore_reason) == (RemoteState.IGNORED, ERASED_REASON)
        assert (each.name, each.decided_by_id) == (ERASED_NAME, undoing.ada.user_id)
        assert each.is_counted
    assert remote.remote_id == remote_id


def test_the_audit_tells_who_erased_it_and_no_name(undoing: Undoing) -> None:
    here, remote = undoing.here(), undoing.there()
    make_link(undoing.session, remote, here)
    public_id = here.public_id

    _erase(undoing, here)

    event = undoing.session.scalars(select(AuditEvent)).one()
    assert (event.action, event.subject, event.detail) == ("customer erased", public_id, "1 linked")
    assert event.user_id == undoing.ada.user_id


@pytest.mark.both_databases
def test_the_receipt_of_its_import_adds_up_and_names_nobody(undoing: Undoing) -> None:
    remote, stays = undoing.there(), undoing.there()
    run = undoing.imported(remote, stays)

    _erase(undoing, undoing.customer_of(remote))

    page = list_items(
        undoing.session, undoing.company.id, run.public_id, outcomes=[ItemOutcome.CREATED]
    )
    assert run.created_count == len(page.rows) == 2
    assert sorted(row.name for row in page.rows) == sorted([ERASED_NAME, stays.name])
    erased = next(row for row in page.rows if row.name == ERASED_NAME)
    assert (erased.customer_public_id, erased.state) == (None, RemoteState.IGNORED)


@pytest.mark.both_databases
def test_the_undo_of_its_import_brings_it_not_back(undoing: Undoing) -> None:
    created, (linked, here) = undoing.there(), undoing.same()
    run = undoing.imported(created, linked)
    _erase(undoing, undoing.customer_of(created))
    _erase(undoing, here)

    undo = undoing.undone(run)

    assert add_up(undo)
    assert set(undoing.codes(undo).values()) == {"skipped already_removed"}
    assert undoing.count(Customer) == undoing.count(CustomerLink) == 0
    assert {created.state, linked.state} == {RemoteState.IGNORED}


@pytest.mark.both_databases
def test_an_undo_that_was_asked_for_before_brings_it_not_back(undoing: Undoing) -> None:
    remote = undoing.there()
    undo = undoing.ask(undoing.imported(remote))

    _erase(undoing, undoing.customer_of(remote))
    undo = undoing.run(undo)

    assert undoing.codes(undo) == {remote.remote_id: "skipped already_removed"}
    assert (remote.state, remote.name) == (RemoteState.IGNORED, ERASED_NAME)


@pytest.mark.both_databases
def test_an_import_that_waits_brings_it_not_back(undoing: Undoing) -> None:
    remote, here = undoing.same()
    run = undoing.start(remote)
    former_id = here.id
    _erase(undoing, here)
    somebody = undoing.here(id=former_id)

    undoing.run(run)

    assert undoing.item(run, remote).outcome is ItemOutcome.SKIPPED
    assert undoing.session.scalars(select(Customer.public_id)).all() == [somebody.public_id]
    assert undoing.count(CustomerLink) == 0


def test_a_matching_under_way_has_to_begin_anew(undoing: Undoing) -> None:
    here = undoing.here()
    undoing.session.rollback()
    lease = claim(undoing.runtime, undoing.account_id)
    assert lease is not None

    _erase(undoing, here)

    with pytest.raises(LeaseLost):
        hold(undoing.session, lease)


@pytest.mark.both_databases
def test_who_looked_like_it_is_like_nobody(undoing: Undoing) -> None:
    here, remote, twin = undoing.here(), undoing.there(), undoing.there(bin=Bin.MAYBE)
    make_link(undoing.session, remote, here)
    make_look_alike(undoing.session, remote, twin)

    _erase(undoing, here)

    assert twin.bin is Bin.NEW


def test_another_company_knows_no_such_customer(
    undoing: Undoing, session: Session, runtime: Runtime
) -> None:
    here, other = undoing.here(), Undoing(session, runtime)
    session.commit()

    with pytest.raises(UnknownCustomer):
        erase_customer(session, other.ada, here.public_id, now=runtime.clock())

    assert undoing.count(Customer) == 1
