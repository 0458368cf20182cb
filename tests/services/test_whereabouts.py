"""Where a customer is: one line for each accounting software, with a way to go there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from models import (
    Bin,
    Company,
    Connection,
    ConnectionState,
    Customer,
    MatchSuggestion,
    RemoteState,
)
from services.customer_books import RemoteStanding
from services.customers import UnknownCustomer
from services.providers.access import ProviderAccess
from services.providers.contract import ProviderKey
from services.providers.registry import customer_page_url
from services.remote_counts import VANISHED_FINGERPRINT
from services.runtime import Runtime
from services.whereabouts import Whereabouts, where_is
from services.whereabouts_words import next_step, standing_words
from tests.factories import (
    NOW,
    make_account,
    make_connection,
    make_customer,
    make_link,
    make_reading,
    make_remote_customer,
)
from tests.services.linking import link_elsewhere, make_linked
from tests.services.support import Place

HERE = {"name": "Ann", "email": "ann@example.com", "phone": "555-0101"}
QUICKBOOKS, XERO, FRESHBOOKS = ProviderKey


def _linked(runtime: Runtime, place: Place, **theirs: Any) -> str:
    with runtime.sessions() as session:
        return make_linked(session, place, ours=HERE, theirs=HERE | theirs).public_id


def _alone(runtime: Runtime, place: Place) -> str:
    with runtime.sessions() as session:
        return make_customer(session, session.get_one(Company, place.company_id)).public_id


def _where(
    runtime: Runtime, place: Place, public_id: str, provider: ProviderKey = QUICKBOOKS
) -> list[Whereabouts]:
    with runtime.sessions() as session:
        found = where_is(session, place.company_id, public_id, access=runtime.access)
    return [each for each in found if each.provider is provider]


def _suggest(runtime: Runtime, place: Place, public_id: str, **remote: Any) -> None:
    with runtime.sessions() as session:
        reading = make_reading(session, session.get_one(Connection, place.connection_id))
        row = make_remote_customer(session, reading, **{"bin": Bin.MAYBE, "name": "Anne"} | remote)
        customer = session.scalars(select(Customer).where(Customer.public_id == public_id)).one()
        session.add(
            MatchSuggestion(
                account_id=place.account_id,
                remote_customer_id=row.id,
                customer_id=customer.id,
                tier="likely",
                score=5.0,
                reasons="same_name",
            )
        )
        session.commit()


def test_a_linked_customer_can_be_invoiced_there(runtime: Runtime, harbor: Place) -> None:
    ann = _linked(runtime, harbor, name="Ann Lund", balance_cents=75_500, currency="USD")

    [there] = _where(runtime, harbor, ann)

    assert (there.standing, there.remote_id) == (RemoteStanding.LINKED, "1")
    assert (there.remote_name, there.linked_at) == ("Ann Lund", NOW)
    assert there.can_be_invoiced
    assert there.invoice_words == "can be invoiced in QuickBooks"
    assert there.balance is not None
    assert there.balance.words == "$755.00"
    assert there.seen_at == NOW - timedelta(minutes=5)
    assert there.is_connected


def test_what_differs_is_told_with_what_would_be_taken_over(
    runtime: Runtime, harbor: Place
) -> None:
    ann = _linked(runtime, harbor, phone="555-0199", other_phones="555-0188")

    [there] = _where(runtime, harbor, ann)

    [phone] = there.differences
    assert (phone.field, phone.label, phone.ours) == ("phone", "Phone", "555-0101")
    assert (phone.theirs, phone.takes) == ("555-0199\n555-0188", "555-0199")


@pytest.mark.parametrize(
    ("there", "standing", "words"),
    [
        ({"status": "archived"}, RemoteStanding.ARCHIVED, "archived or merged there"),
        ({"status": "deleted"}, RemoteStanding.GONE, "no longer there"),
        ({"fingerprint": VANISHED_FINGERPRINT}, RemoteStanding.GONE, "no longer there"),
        (
            {"status": "archived", "merged_into_remote_id": "9"},
            RemoteStanding.MERGED,
            "merged into another one there",
        ),
    ],
)
def test_who_is_no_customer_there_any_more_cannot_be_invoiced(
    runtime: Runtime, harbor: Place, there: dict[str, Any], standing: RemoteStanding, words: str
) -> None:
    ann = _linked(runtime, harbor, **there)

    [found] = _where(runtime, harbor, ann)

    assert found.standing is standing
    assert not found.can_be_invoiced
    assert found.invoice_words == f"cannot be invoiced in QuickBooks: {words}"
    assert "nlink it" in found.next_step


def test_who_is_archived_where_mergers_are_told_is_archived_and_nothing_else() -> None:
    assert standing_words(RemoteStanding.ARCHIVED, XERO) == "archived there"
    assert next_step(RemoteStanding.ARCHIVED, XERO, None).startswith("Make it active again in Xero")


def test_a_merged_one_names_who_goes_on_and_whose_that_is(runtime: Runtime, harbor: Place) -> None:
    ann = _linked(runtime, harbor, status="archived", merged_into_remote_id="2")
    with runtime.sessions() as session:
        reading = make_reading(session, session.get_one(Connection, harbor.connection_id))
        heir = make_remote_customer(session, reading, remote_id="2", name="Ann & Sons")
        make_link(session, heir, session.scalars(select(Customer)).one())

    going_on, merged = _where(runtime, harbor, ann)

    assert (going_on.standing, going_on.remote_id) == (RemoteStanding.LINKED, "2")
    assert merged.merged_into is not None
    assert (merged.merged_into.name, merged.merged_into.is_same) == ("Ann & Sons", True)
    assert "nothing to do" in merged.next_step


def test_who_goes_on_may_be_nobody_here(runtime: Runtime, harbor: Place) -> None:
    ann = _linked(runtime, harbor, status="archived", merged_into_remote_id="2")
    with runtime.sessions() as session:
        reading = make_reading(session, session.get_one(Connection, harbor.connection_id))
        make_remote_customer(session, reading, remote_id="2", name="Ann & Sons")

    [merged] = _where(runtime, harbor, ann)

    assert merged.merged_into is not None
    assert merged.merged_into.customer_public_id is None
    assert merged.next_step.startswith("Import the one it was merged into")


def test_somebody_there_could_be_the_customer(runtime: Runtime, harbor: Place) -> None:
    ben = _alone(runtime, harbor)
    _suggest(runtime, harbor, ben)

    [there] = _where(runtime, harbor, ben)

    assert (there.standing, there.remote_name) == (RemoteStanding.MAYBE, "Anne")
    assert there.remote_public_id
    assert not there.can_be_invoiced


def test_an_ignored_one_that_could_be_it_is_told_as_ignored(
    runtime: Runtime, harbor: Place
) -> None:
    ben = _alone(runtime, harbor)
    _suggest(runtime, harbor, ben, state=RemoteState.IGNORED)

    [there] = _where(runtime, harbor, ben)

    assert there.standing is RemoteStanding.IGNORED


def test_places_without_the_customer_say_when_they_were_looked_at(
    runtime: Runtime, harbor: Place
) -> None:
    ben = _alone(runtime, harbor)
    with runtime.sessions() as session:
        make_reading(session, session.get_one(Connection, harbor.connection_id))
        account = make_account(
            session, session.get_one(Company, harbor.company_id), provider="xero"
        )
        make_connection(session, account)

    [quickbooks] = _where(runtime, harbor, ben)
    [xero] = _where(runtime, harbor, ben, XERO)
    [freshbooks] = _where(runtime, harbor, ben, FRESHBOOKS)

    assert quickbooks.standing is RemoteStanding.NOT_THERE
    assert quickbooks.seen_at == NOW - timedelta(minutes=5)
    assert (xero.standing, xero.seen_at) == (RemoteStanding.NEVER_READ, None)
    assert freshbooks.standing is RemoteStanding.NOT_CONNECTED
    assert freshbooks.invoice_words == ""


def test_a_link_is_told_after_the_connection_has_ended(runtime: Runtime, harbor: Place) -> None:
    ann = _linked(runtime, harbor)
    with runtime.sessions() as session:
        connection = session.get_one(Connection, harbor.connection_id)
        connection.state = ConnectionState.DISCONNECTED
        session.commit()

    [there] = _where(runtime, harbor, ann)

    assert (there.standing, there.is_connected) == (RemoteStanding.LINKED, False)


def test_every_link_of_the_customer_is_told(runtime: Runtime, harbor: Place) -> None:
    ann = _linked(runtime, harbor)
    with runtime.sessions() as session:
        link_elsewhere(session, session.scalars(select(Customer)).one(), name="Ann there")

    [there] = _where(runtime, harbor, ann, XERO)

    assert (there.standing, there.remote_name) == (RemoteStanding.LINKED, "Ann there")


@pytest.mark.parametrize(
    ("provider", "remote_id", "address"),
    [
        (QUICKBOOKS, "61", "https://app.qbo.intuit.com/app/customerdetail?nameId=61"),
        (XERO, "9f2d-11", "https://go.xero.com/app/contacts/contact/9f2d-11"),
        (FRESHBOOKS, "700123", "https://my.freshbooks.com/#/client/700123"),
        (QUICKBOOKS, "6 1&x", "https://app.qbo.intuit.com/app/customerdetail?nameId=6%201%26x"),
    ],
)
def test_a_customer_is_opened_where_the_books_show_it(
    provider: ProviderKey, remote_id: str, address: str
) -> None:
    access = ProviderAccess(client_id="", client_secret="")

    assert customer_page_url(provider, access, remote_id) == address


def test_a_sandbox_company_of_quickbooks_has_pages_of_its_own() -> None:
    access = ProviderAccess(client_id="", client_secret="", environment="sandbox")

    address = customer_page_url(QUICKBOOKS, access, "61")

    assert address == "https://app.sandbox.qbo.intuit.com/app/customerdetail?nameId=61"


@pytest.mark.parametrize(
    ("provider", "path"),
    [
        (QUICKBOOKS, "/quickbooks/app/customerdetail?nameId=61"),
        (XERO, "/xero/app/contacts/contact/61"),
        (FRESHBOOKS, "/freshbooks/client/61"),
    ],
)
def test_in_the_demo_a_customer_is_opened_in_the_sandbox(provider: ProviderKey, path: str) -> None:
    access = ProviderAccess(client_id="", client_secret="", sandbox_url="http://127.0.0.1:5001/")

    assert customer_page_url(provider, access, "61") == f"http://127.0.0.1:5001{path}"


def test_zoe_finds_nobody(runtime: Runtime, harbor: Place, elsewhere: Place) -> None:
    ann = _linked(runtime, harbor)

    with runtime.sessions() as session, pytest.raises(UnknownCustomer):
        where_is(session, elsewhere.company_id, ann, access=runtime.access)
