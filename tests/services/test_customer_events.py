"""The history of a customer tells how it came, who changed what, and whose books filled it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import (
    Customer,
    CustomerAction,
    CustomerEvent,
    CustomerLink,
    CustomerOrigin,
    ImportItem,
    ImportRun,
    ImportState,
    ItemOutcome,
    RunKind,
)
from services.customer_events import HistoryAction, HistoryEntry, list_history
from services.customers import CustomerDetails, UnknownCustomer, add_customer, edit_customer
from services.filling import fill
from services.providers.contract import ProviderKey
from services.runtime import Runtime
from tests.factories import NOW
from tests.services.linking import NO_EMAIL, make_linked
from tests.services.support import Place

EARLIER = NOW - timedelta(days=9)


def _run(
    session: Session, place: Place, customer: Customer, *, outcome: ItemOutcome, **run: Any
) -> ImportRun:
    """Write an ended run that gave the customer an outcome."""
    values: dict[str, Any] = {
        "company_id": place.company_id,
        "account_id": place.account_id,
        "requested_by_id": place.admin.user_id,
        "state": ImportState.FINISHED,
        "created_at": NOW,
        "finished_at": NOW + timedelta(minutes=1),
        "chosen_count": 1,
    }
    row = ImportRun(**values | run)
    session.add(row)
    session.flush()
    item = ImportItem(run_id=row.id, remote_id="1", outcome=outcome, customer_id=customer.id)
    session.add(item)
    session.commit()
    return row


def _history(runtime: Runtime, place: Place, public_id: str) -> tuple[HistoryEntry, ...]:
    with runtime.sessions() as session:
        return list_history(session, place.company_id, public_id)


def _linked(session: Session, place: Place, **ours: Any) -> Customer:
    return make_linked(
        session, place, ours={"name": "Ann", "created_at": EARLIER} | ours, theirs={}
    )


def test_whoever_added_a_customer_by_hand_is_named(runtime: Runtime, harbor: Place) -> None:
    with runtime.sessions() as session:
        ann = add_customer(
            session,
            harbor.company_id,
            CustomerDetails("Ann"),
            origin=CustomerOrigin.HAND,
            added_by_id=harbor.admin.user_id,
            now=NOW,
        )

    [created] = _history(runtime, harbor, ann)

    assert (created.action, created.at) == (HistoryAction.CREATED, NOW)
    assert (created.by_name, created.origin) == ("Ada Brandt", CustomerOrigin.HAND)


def test_an_edit_tells_its_fields_and_who_made_it(runtime: Runtime, harbor: Place) -> None:
    with runtime.sessions() as session:
        ann = _linked(session, harbor, email="ann@example.com").public_id
        details = CustomerDetails("Anne", email="ann@example.com", phone="1")
        edit_customer(session, harbor.admin, ann, details, now=NOW + timedelta(hours=1))

    edited = _history(runtime, harbor, ann)[0]

    assert (edited.action, edited.by_name) == (HistoryAction.EDITED, "Ada Brandt")
    assert [(c.field, c.before, c.after) for c in edited.changes] == [
        ("name", "Ann", "Anne"),
        ("phone", "", "1"),
    ]


def test_an_import_that_created_or_linked_is_named_by_its_number(
    runtime: Runtime, harbor: Place
) -> None:
    with runtime.sessions() as session:
        customer = _linked(session, harbor)
        _run(session, harbor, customer, outcome=ItemOutcome.SKIPPED)
        run = _run(session, harbor, customer, outcome=ItemOutcome.LINKED)

    linked, created = _history(runtime, harbor, customer.public_id)

    assert (linked.action, linked.provider) == (HistoryAction.LINKED, ProviderKey.QUICKBOOKS)
    assert linked.run is not None
    assert (linked.run.public_id, linked.run.number) == (run.public_id, 2)
    assert (linked.at, linked.by_name) == (NOW, "Ada Brandt")
    assert created.action is HistoryAction.CREATED


def test_an_imported_customer_came_by_its_import(runtime: Runtime, harbor: Place) -> None:
    with runtime.sessions() as session:
        customer = _linked(session, harbor, created_at=NOW, origin=CustomerOrigin.IMPORT)
        run = _run(session, harbor, customer, outcome=ItemOutcome.CREATED)

    [created] = _history(runtime, harbor, customer.public_id)

    assert created.run is not None
    assert (created.action, created.run.public_id) == (HistoryAction.CREATED, run.public_id)
    assert (created.provider, created.by_name) == (ProviderKey.QUICKBOOKS, "Ada Brandt")


def test_an_undo_is_told_with_the_number_of_the_import_it_takes_back(
    runtime: Runtime, harbor: Place
) -> None:
    with runtime.sessions() as session:
        customer = _linked(session, harbor)
        run = _run(session, harbor, customer, outcome=ItemOutcome.LINKED)
        undo = _run(
            session,
            harbor,
            customer,
            outcome=ItemOutcome.UNLINKED,
            kind=RunKind.UNDO,
            undoes_id=run.id,
        )
        session.delete(session.scalars(select(CustomerLink)).one())
        _note(session, customer, CustomerAction.UNLINKED, at=NOW + timedelta(hours=1), run=undo)

    unlinked, linked, _ = _history(runtime, harbor, customer.public_id)

    assert unlinked.action is HistoryAction.UNLINKED
    assert unlinked.run is not None
    assert (unlinked.run.public_id, unlinked.run.number) == (undo.public_id, 1)
    assert unlinked.run.is_undo
    assert linked.action is HistoryAction.LINKED


def test_a_link_that_followed_a_merge_has_no_import(runtime: Runtime, harbor: Place) -> None:
    with runtime.sessions() as session:
        customer = _linked(session, harbor)

    linked, _ = _history(runtime, harbor, customer.public_id)

    assert (linked.action, linked.run, linked.by_name) == (HistoryAction.LINKED, None, "")


def test_an_email_from_the_books_is_told_and_the_placeholder_is_not(
    runtime: Runtime, harbor: Place
) -> None:
    with runtime.sessions() as session:
        customer = _linked(session, harbor, **NO_EMAIL)
        _fill_email(session, harbor, customer, at=NOW + timedelta(days=1))

    history = _history(runtime, harbor, customer.public_id)

    filled = history[0]
    assert (filled.action, filled.provider) == (HistoryAction.FILLED, ProviderKey.QUICKBOOKS)
    assert filled.at == NOW + timedelta(days=1)
    assert [(c.field, c.before, c.after) for c in filled.changes] == [
        ("email", "", "ann@example.com")
    ]


def test_fields_filled_at_once_are_one_entry(runtime: Runtime, harbor: Place) -> None:
    with runtime.sessions() as session:
        customer = _linked(session, harbor)
        values = {"company_name": "Blue Heron", "phone": "1"}
        at = NOW + timedelta(days=1)
        fill(session, customer, values, account_id=harbor.account_id, run_id=None, now=at)
        session.commit()

    assert _history(runtime, harbor, customer.public_id)[0].fields == ("company_name", "phone")


def test_zoe_reads_no_history(runtime: Runtime, harbor: Place, elsewhere: Place) -> None:
    with runtime.sessions() as session:
        ann = _linked(session, harbor).public_id

    with pytest.raises(UnknownCustomer):
        _history(runtime, elsewhere, ann)


def _fill_email(session: Session, place: Place, customer: Customer, *, at: datetime) -> None:
    values = {"email": "ann@example.com"}
    fill(session, customer, values, account_id=place.account_id, run_id=None, now=at)
    session.commit()


def _note(
    session: Session, customer: Customer, action: CustomerAction, *, at: datetime, run: ImportRun
) -> None:
    session.add(
        CustomerEvent(
            company_id=customer.company_id,
            customer_id=customer.id,
            at=at,
            action=action,
            account_id=run.account_id,
            run_id=run.id,
        )
    )
    session.commit()
