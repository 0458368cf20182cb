"""An admin takes over what the books say: field by field, as it was seen, with a trace."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from models import AuditEvent, Company, Connection, Customer, RemoteCustomer
from services.customers import CustomerDetails, UnknownCustomer, edit_customer
from services.providers.contract import ProviderKey
from services.runtime import Runtime
from services.sign_ins import SignedIn
from services.take_theirs import NothingToTake, ValuesChanged, take_theirs
from services.unlinking import UnknownLink
from services.whereabouts import where_is
from tests.factories import NOW, make_account, make_link, make_reading, make_remote_customer
from tests.services.linking import NO_EMAIL, differing, events, make_linked
from tests.services.support import Place, rows

OURS = {"name": "Ann", "email": "ann@example.com", "phone": "555-0101", "address": "1 Quay"}
THEIRS = {
    "name": "Beth",
    "email": "beth@example.com",
    "emails_text": "beth@example.com",
    "phone": "555-0199",
    "address": "9 Hill",
}
Take = Callable[..., tuple[str, ...]]


@pytest.fixture
def ann(runtime: Runtime, harbor: Place) -> str:
    with runtime.sessions() as session:
        return make_linked(session, harbor, ours=OURS, theirs=THEIRS).public_id


@pytest.fixture
def take(runtime: Runtime, harbor: Place, ann: str) -> Take:
    def take(*fields: str, who: SignedIn = harbor.admin, **overrides: Any) -> tuple[str, ...]:
        values: dict[str, Any] = {"provider": ProviderKey.QUICKBOOKS, "remote_id": "1"}
        with runtime.sessions() as session:
            return take_theirs(session, who, ann, fields=fields, now=NOW, **values | overrides)

    return take


def _customer(runtime: Runtime) -> Customer:
    with runtime.sessions() as session:
        return session.scalars(select(Customer)).one()


def _seen(runtime: Runtime, place: Place, ann: str) -> str:
    with runtime.sessions() as session:
        found = where_is(session, place.company_id, ann, access=runtime.access)
    return next(each.seen for each in found if each.remote_id == "1")


def test_one_field_is_taken_over_and_the_others_stay(runtime: Runtime, take: Take) -> None:
    taken = take("phone")

    customer = _customer(runtime)
    assert taken == ("phone",)
    assert (customer.phone, customer.name) == ("555-0199", "Ann")
    assert "5550199" in customer.search_text
    assert differing(runtime.sessions) == {"1": "name email address"}
    assert events(runtime.sessions) == [("taken", "phone", "555-0101", "555-0199")]


def test_all_that_differs_can_be_taken_over_at_once(runtime: Runtime, take: Take) -> None:
    take("name", "email", "phone", "address")

    customer = _customer(runtime)
    assert (customer.name, customer.sort_key) == ("Beth", "beth")
    assert (customer.email, customer.email_key) == ("beth@example.com", "beth@example.com")
    assert customer.created_at == NOW
    assert differing(runtime.sessions) == {"1": ""}


def test_an_email_replaces_the_placeholder(runtime: Runtime, take: Take) -> None:
    with runtime.sessions() as session:
        customer = session.scalars(select(Customer)).one()
        customer.email, customer.is_placeholder_email = NO_EMAIL["email"], True
        session.commit()

    take("email")

    assert _customer(runtime).is_placeholder_email is False


def test_the_audit_tells_the_fields_and_no_values(runtime: Runtime, take: Take, ann: str) -> None:
    take("phone", "email")

    [(action, subject, detail)] = rows(
        runtime.sessions, select(AuditEvent.action, AuditEvent.subject, AuditEvent.detail)
    )
    assert (action, subject, detail) == ("took theirs", ann, "phone, email")


@pytest.mark.parametrize("fields", [(), ("balance",), ("company_name",), ("phone", "revision")])
def test_there_is_nothing_to_take_where_the_books_have_nothing(
    runtime: Runtime, take: Take, fields: tuple[str, ...]
) -> None:
    with pytest.raises(NothingToTake):
        take(*fields)

    assert _customer(runtime).phone == "555-0101"


def test_an_email_that_mail_could_not_reach_is_refused(runtime: Runtime, take: Take) -> None:
    with runtime.sessions() as session:
        remote = session.scalars(select(RemoteCustomer)).one()
        remote.email, remote.emails_text = None, "call Bob"
        session.commit()

    with pytest.raises(NothingToTake):
        take("email")

    assert _customer(runtime).email == "ann@example.com"


def test_what_was_seen_is_taken(runtime: Runtime, harbor: Place, take: Take, ann: str) -> None:
    assert take("phone", seen=_seen(runtime, harbor, ann)) == ("phone",)


def test_a_value_that_changed_in_the_books_is_not_taken_unseen(
    runtime: Runtime, harbor: Place, take: Take, ann: str
) -> None:
    seen = _seen(runtime, harbor, ann)
    with runtime.sessions() as session:
        remote = session.scalars(select(RemoteCustomer)).one()
        remote.phone, remote.revision = "555-0177", remote.revision + 1
        session.commit()

    with pytest.raises(ValuesChanged):
        take("phone", seen=seen)

    assert _customer(runtime).phone == "555-0101"


def test_what_somebody_edited_meanwhile_is_not_overwritten(
    runtime: Runtime, harbor: Place, take: Take, ann: str
) -> None:
    seen = _seen(runtime, harbor, ann)
    with runtime.sessions() as session:
        details = CustomerDetails("Ann", email="ann@example.com", phone="555-0122")
        edit_customer(session, harbor.admin, ann, details, now=NOW)

    with pytest.raises(ValuesChanged):
        take("phone", seen=seen)

    assert _customer(runtime).phone == "555-0122"


@pytest.mark.parametrize(
    "other", [{"remote_id": "2"}, {"provider": ProviderKey.XERO}, {"remote_id": ""}]
)
def test_only_who_is_linked_has_values_to_take(take: Take, other: dict[str, Any]) -> None:
    with pytest.raises(UnknownLink):
        take("phone", **other)


def test_zoe_takes_nothing_over(runtime: Runtime, elsewhere: Place, take: Take) -> None:
    with pytest.raises(UnknownCustomer):
        take("phone", who=elsewhere.admin)

    assert _customer(runtime).phone == "555-0101"


def test_of_two_books_with_the_same_id_the_one_that_is_meant_is_taken(
    runtime: Runtime, harbor: Place, take: Take
) -> None:
    with runtime.sessions() as session:
        customer, known = (
            session.scalars(select(Customer)).one(),
            session.scalars(select(RemoteCustomer)).one(),
        )
        account = make_account(session, session.get_one(Company, harbor.company_id))
        connection = session.get_one(Connection, harbor.connection_id)
        reading = make_reading(session, connection, account_id=account.id)
        other = make_remote_customer(session, reading, remote_id="1", phone="555-0177")
        make_link(session, other, customer)
        meant = known.public_id

    with pytest.raises(UnknownLink):
        take("phone")
    take("phone", remote_public_id=meant)

    assert _customer(runtime).phone == "555-0199"


@pytest.mark.sqlite_only
@pytest.mark.parametrize("name", ["\u3164", "x" * 501])
def test_a_name_that_nobody_could_type_is_not_taken(
    runtime: Runtime, take: Take, name: str
) -> None:
    with runtime.sessions() as session:
        session.scalars(select(RemoteCustomer)).one().name = name
        session.commit()

    with pytest.raises(NothingToTake):
        take("name")

    assert _customer(runtime).name == "Ann"
