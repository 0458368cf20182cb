"""Of who was erased nothing is left in any column of any table but those named here."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, true, update
from sqlalchemy.orm import Session

from models import (
    Base,
    ChosenOutcome,
    Customer,
    CustomerEvent,
    CustomerKey,
    CustomerLink,
    ImportItem,
    KeptRemote,
    LookAlike,
    MatchSuggestion,
    RemoteCustomer,
    RemoteKey,
    ReviewChoice,
    ToldApart,
)
from services.customer_erasure import erase_customer
from services.match_job import match_account
from services.runtime import Runtime
from tests.matching_factories import (
    make_choice,
    make_look_alike,
    make_suggestion,
    make_told_apart,
)
from tests.services.erasing import find_word, text_columns
from tests.services.undoing import Undoing

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
