"""Side by side: an unsynced customer and those here it could be, as an import would leave them."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.orm import Session

from models import (
    ChosenOutcome,
    Company,
    Connection,
    Customer,
    CustomerOrigin,
    Reading,
    RemoteCustomer,
)
from services.comparison import CandidateView, Comparison, FieldRow, compare_row
from services.decisions import UnknownRemoteCustomer
from services.filling import fill, fillings
from tests.factories import NOW, make_customer, make_link, make_reading, make_remote_customer
from tests.matching_factories import make_choice, make_look_alike, make_suggestion, make_told_apart
from tests.services.support import Place

OURS = {
    "name": "Brown & Daughters",
    "company_name": "",
    "email": "ANN@example.com",
    "phone": "(312) 555-0142",
    "address": "12 Main Street, Springfield",
}
THEIRS = {
    "name": "Daughters and Brown",
    "company_name": "Brown LLC",
    "email": "ann@example.com",
    "emails_text": "ann@example.com",
    "phone": "+1 312 555 0142",
    "address": "12 Main St., Springfield",
}


@pytest.fixture
def reading(session: Session, harbor: Place) -> Reading:
    return make_reading(session, session.get_one(Connection, harbor.connection_id))


def _pair(
    session: Session,
    place: Place,
    reading: Reading,
    *,
    ours: dict[str, Any] | None = None,
    theirs: dict[str, Any] | None = None,
) -> tuple[RemoteCustomer, Customer]:
    company = session.get_one(Company, place.company_id)
    customer = make_customer(session, company, **OURS | (ours or {}))
    remote = make_remote_customer(session, reading, **THEIRS | (theirs or {}))
    make_suggestion(session, remote, customer)
    return remote, customer


def _compare(session: Session, remote: RemoteCustomer) -> Comparison:
    return compare_row(session, remote.account_id, remote.public_id)


def _field(candidate: CandidateView, label: str) -> FieldRow:
    return next(field for field in candidate.fields if field.label == label)


def test_what_means_the_same_does_not_differ(
    session: Session, harbor: Place, reading: Reading
) -> None:
    remote, _ = _pair(session, harbor, reading)

    [candidate] = _compare(session, remote).candidates

    assert [field.label for field in candidate.fields if field.differs] == []
    assert _field(candidate, "Phone").theirs == "+1 312 555 0142"


@pytest.mark.parametrize(
    ("label", "ours"),
    [
        ("Name", {"name": "Green & Sons"}),
        ("Company", {"company_name": "Green LLC"}),
        ("E-mail", {"email": "bob@example.com"}),
        ("Phone", {"phone": "312 555 0143"}),
        ("Address", {"address": "14 Main Street, Springfield"}),
        ("Phone", {"phone": "ask Bob"}),
    ],
)
def test_what_means_something_else_differs(
    session: Session, harbor: Place, reading: Reading, label: str, ours: dict[str, str]
) -> None:
    remote, _ = _pair(session, harbor, reading, ours=ours)

    [candidate] = _compare(session, remote).candidates

    assert [field.label for field in candidate.fields if field.differs] == [label]


def test_every_phone_and_address_of_the_books_is_shown_and_compared(
    session: Session, harbor: Place, reading: Reading
) -> None:
    theirs = {
        "phone": "312 555 0199",
        "other_phones": "312.555.0142\n312 555 0177",
        "other_addresses": "9 Elm Street",
    }
    remote, _ = _pair(session, harbor, reading, theirs=theirs)

    [candidate] = _compare(session, remote).candidates

    phone = _field(candidate, "Phone")
    assert (phone.theirs, phone.differs) == ("312 555 0199\n312.555.0142\n312 555 0177", False)
    assert _field(candidate, "Address").theirs == "12 Main St., Springfield\n9 Elm Street"


def test_the_contact_person_is_shown_where_the_name_is_another(
    session: Session, harbor: Place, reading: Reading
) -> None:
    remote, _ = _pair(session, harbor, reading, theirs={"person_name": "Ann Daughters"})

    [candidate] = _compare(session, remote).candidates

    person = _field(candidate, "Contact person")
    assert (person.theirs, person.differs) == ("Ann Daughters", False)


def test_a_placeholder_is_no_address(session: Session, harbor: Place, reading: Reading) -> None:
    ours = {"email": "x@example.com", "is_placeholder_email": True}
    remote, _ = _pair(session, harbor, reading, ours=ours)

    [candidate] = _compare(session, remote).candidates

    email = _field(candidate, "E-mail")
    assert (email.ours, email.theirs, email.differs) == ("", "ann@example.com", False)
    assert email.after == "ann@example.com"


def test_after_linking_is_what_an_import_leaves(
    session: Session, harbor: Place, reading: Reading
) -> None:
    ours = {"address": "", "phone": "312 555 0143"}
    remote, customer = _pair(session, harbor, reading, ours=ours)

    [candidate] = _compare(session, remote).candidates
    values = fillings(customer, remote)
    fill(session, customer, values, account_id=remote.account_id, run_id=None, now=NOW)

    after = {field.label: field.after for field in candidate.fields[:5]}
    assert after == {
        "Name": customer.name,
        "Company": customer.company_name,
        "E-mail": customer.email,
        "Phone": customer.phone,
        "Address": customer.address,
    }
    assert customer.company_name == "Brown LLC"
    assert customer.phone == "312 555 0143"


def test_how_the_customer_came_and_what_is_owed_there(
    session: Session, harbor: Place, reading: Reading
) -> None:
    remote, _ = _pair(
        session,
        harbor,
        reading,
        ours={"origin": CustomerOrigin.JOIN, "created_at": NOW},
        theirs={"balance_cents": 125000, "currency": "USD"},
    )

    [candidate] = _compare(session, remote).candidates

    assert _field(candidate, "Came here").ours == "Signed up by the web form, 20 November 2026"
    assert _field(candidate, "Open balance").theirs == "$1,250.00"


def test_the_best_three_candidates_are_shown_and_the_others_counted(
    session: Session, harbor: Place, reading: Reading
) -> None:
    company = session.get_one(Company, harbor.company_id)
    remote = make_remote_customer(session, reading)
    for score in (5.0, 9.0, 6.0, 8.0, 7.0):
        make_suggestion(
            session, remote, make_customer(session, company, name=f"At {score}"), score=score
        )

    compared = _compare(session, remote)

    assert [each.name for each in compared.candidates] == ["At 9.0", "At 8.0", "At 7.0"]
    assert (compared.more_candidates, compared.row.suggestion_count) == (2, 5)


def test_a_candidate_names_whom_it_is_linked_or_promised_to(
    session: Session, harbor: Place, reading: Reading
) -> None:
    remote, customer = _pair(session, harbor, reading)
    promised = make_customer(session, session.get_one(Company, harbor.company_id), name="Zed")
    make_suggestion(session, remote, promised, score=8.0)
    make_link(session, make_remote_customer(session, reading, name="Brown Junior"), customer)
    senior = make_remote_customer(session, reading, name="Zed Senior")
    make_choice(session, senior, outcome=ChosenOutcome.LINK, customer_id=promised.id)

    candidates = _compare(session, remote).candidates

    assert [each.linked_to for each in candidates] == ["Brown Junior", "Zed Senior"]


def test_a_choice_for_the_row_itself_is_no_other_link(
    session: Session, harbor: Place, reading: Reading
) -> None:
    remote, customer = _pair(session, harbor, reading)
    make_choice(session, remote, outcome=ChosenOutcome.LINK, customer_id=customer.id)

    compared = _compare(session, remote)

    assert compared.row.is_chosen
    assert [each.linked_to for each in compared.candidates] == [""]


def test_look_alikes_of_the_books_come_with_their_reason(
    session: Session, harbor: Place, reading: Reading
) -> None:
    remote = make_remote_customer(session, reading, revision=2)
    other = make_remote_customer(session, reading, name="Twin", revision=7)
    apart = make_remote_customer(session, reading, name="Apart")
    make_look_alike(session, remote, other)
    make_look_alike(session, remote, apart)
    make_told_apart(session, remote, apart)

    [twin] = _compare(session, remote).look_alikes

    assert (twin.row.name, twin.reason, twin.seen) == ("Twin", "Same phone.", "2.7")


@pytest.mark.parametrize("public_id", ["nobody", ""])
def test_an_unknown_row_is_refused(session: Session, harbor: Place, public_id: str) -> None:
    with pytest.raises(UnknownRemoteCustomer):
        compare_row(session, harbor.account_id, public_id)


def test_a_row_of_another_account_is_unknown(
    session: Session, harbor: Place, elsewhere: Place
) -> None:
    theirs = make_reading(session, session.get_one(Connection, elsewhere.connection_id))
    foreign = make_remote_customer(session, theirs)

    with pytest.raises(UnknownRemoteCustomer):
        compare_row(session, harbor.account_id, foreign.public_id)
