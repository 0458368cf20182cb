"""What differs over a link stays true, whoever changes one of the two."""

from __future__ import annotations

from typing import Any

import pytest

from models import Customer
from services.customers import CustomerDetails, edit_customer
from services.differences import LABELS, Pair, differing_fields, refresh_differing
from services.runtime import Runtime
from tests.factories import NOW
from tests.services.linking import NO_EMAIL, differing, link_elsewhere, make_linked
from tests.services.support import Place

HERE = {"name": "Ann", "email": "ann@example.com", "phone": "(312) 555-0142"}


def _pair(ours: dict[str, str], theirs: dict[str, str], **overrides: Any) -> Pair:
    empty = dict.fromkeys(LABELS, "")
    values: dict[str, Any] = {
        "link_id": 1,
        "remote_id": "1",
        "customer_id": 1,
        "company_id": 1,
        "differing": "",
        "is_active": True,
        "ours": empty | ours,
        "theirs": empty | theirs,
        "all_theirs": empty | theirs,
    }
    return Pair(**values | overrides)


@pytest.mark.parametrize(
    ("field", "ours", "theirs"),
    [
        ("name", "Ann Lund", "Lund, Ann"),
        ("name", "ANN", "ann"),
        ("phone", "(312) 555-0142", "+1 312 555 0142"),
        ("email", "Ann@Example.com", "ann@example.com"),
        ("phone", "", "312 555 0142"),
        ("address", "1 Quay", ""),
    ],
)
def test_what_means_the_same_or_is_on_one_side_only_does_not_differ(
    field: str, ours: str, theirs: str
) -> None:
    pair = _pair({field: ours}, {field: theirs})

    assert differing_fields(pair, region="US") == ()


def test_fields_that_mean_something_else_are_named_in_order() -> None:
    ours = {"address": "1 Quay", "phone": "312 555 0142", "name": "Ann"}
    theirs = {"address": "9 Hill", "phone": "312 555 0199", "name": "Beth"}

    assert differing_fields(_pair(ours, theirs), region="US") == ("name", "phone", "address")


def test_nothing_differs_from_who_is_no_customer_there_any_more() -> None:
    pair = _pair({"name": "Ann"}, {"name": "Beth"}, is_active=False)

    assert differing_fields(pair, region="US") == ()


def test_rubbish_in_the_email_field_of_the_books_is_no_difference() -> None:
    pair = _pair(
        {"email": "ann@example.com"},
        {},
        all_theirs={**dict.fromkeys(LABELS, "")} | {"email": "call Bob"},
    )

    assert differing_fields(pair, region="US") == ()


def test_a_second_number_in_the_books_is_as_good_as_the_first(
    runtime: Runtime, harbor: Place
) -> None:
    theirs = HERE | {"phone": "(312) 555-0199", "other_phones": "+1 312 555 0142"}
    with runtime.sessions() as session:
        make_linked(session, harbor, ours=HERE, theirs=theirs)
        refresh_differing(session, harbor.account_id, ["1"])
        session.commit()

    assert differing(runtime.sessions) == {"1": ""}


def test_a_number_is_read_as_the_companys_country_writes_it(
    runtime: Runtime, harbor: Place
) -> None:
    with runtime.sessions() as session:
        make_linked(session, harbor, ours=HERE, theirs=HERE | {"phone": "+44 312 555 0142"})
        refresh_differing(session, harbor.account_id, ["1"])
        session.commit()

    assert differing(runtime.sessions) == {"1": "phone"}


def test_a_link_tells_what_differs_in_all_books_of_the_customer(
    runtime: Runtime, harbor: Place
) -> None:
    with runtime.sessions() as session:
        customer = make_linked(session, harbor, ours=HERE, theirs=HERE | {"name": "Beth"})
        link_elsewhere(session, customer, **HERE | {"remote_id": "x", "name": "Cleo"})
        refresh_differing(session, harbor.account_id, ["1"])
        session.commit()

    assert differing(runtime.sessions) == {"1": "name", "x": "name"}


def test_an_edit_here_changes_what_differs(runtime: Runtime, harbor: Place) -> None:
    with runtime.sessions() as session:
        ann = make_linked(session, harbor, ours=HERE, theirs=HERE).public_id

        edit_customer(session, harbor.admin, ann, CustomerDetails("Ann", phone="1"), now=NOW)

    assert differing(runtime.sessions) == {"1": "phone"}


def test_a_placeholder_differs_from_nothing(runtime: Runtime, harbor: Place) -> None:
    with runtime.sessions() as session:
        customer: Customer = make_linked(session, harbor, ours=HERE | NO_EMAIL, theirs=HERE)
        refresh_differing(session, harbor.account_id, ["1"])
        session.commit()

    assert customer.is_placeholder_email
    assert differing(runtime.sessions) == {"1": ""}
