"""Customers without an e-mail: addresses typed one by one, with and without scripts."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import AuditEvent, Connection, Customer, CustomerEvent
from services.customer_lists import PAGE_ROWS
from tests.blueprints.support import Browser, find_token, text_of
from tests.factories import make_customer, make_link, make_reading, make_remote_customer

WORKLIST = "/customers/without-email"
PLACEHOLDER = "quickbooks-0123456789abcdef@placeholder.local"


@pytest.fixture
def nobody(session: Session, people: SimpleNamespace) -> Customer:
    """Nell, who has no e-mail."""
    return _without(session, people, "Nell Harrow", phone="(814) 555-0117")


def _without(session: Session, people: SimpleNamespace, name: str, **values: str) -> Customer:
    customer: Customer = make_customer(
        session, people.company, name=name, email=PLACEHOLDER, is_placeholder_email=True, **values
    )
    return customer


def _save_address(customer: Customer) -> str:
    return f"/customers/{customer.public_id}/email"


def _only(session: Session) -> Customer:
    session.expire_all()
    return session.scalars(select(Customer)).one()


def test_a_member_sees_who_has_no_e_mail(
    mel: Browser,
    session: Session,
    people: SimpleNamespace,
    connection: Connection,
    nobody: Customer,
) -> None:
    make_customer(session, people.company, name="Has One")
    remote = make_remote_customer(
        session, make_reading(session, connection), balance_cents=8500, currency="USD"
    )
    make_link(session, remote, nobody)

    answer = mel.get(WORKLIST)

    text = text_of(answer)
    assert "1 customer cannot be reached by mail." in text
    assert "Nell Harrow (814) 555-0117 QuickBooks $85.00" in text
    assert "All 2" in text
    assert "No e-mail 1" in text
    assert "Has One" not in text
    assert PLACEHOLDER not in answer.text


def test_an_address_is_saved_where_it_stands(
    mel: Browser, session: Session, people: SimpleNamespace, nobody: Customer
) -> None:
    answer = mel.htmx_post(_save_address(nobody), {"email": "Nell@Example.com"}, page=WORKLIST)

    saved = _only(session)
    assert answer.status_code == 200
    assert "Saved Nell@example.com" in text_of(answer)
    assert "0 customers cannot be reached by mail." in text_of(answer)
    assert 'id="count-no-email" hx-swap-oob="outerHTML">0<' in answer.text
    assert "<html" not in answer.text
    assert (saved.email, saved.is_placeholder_email) == ("Nell@example.com", False)
    assert saved.created_at == nobody.created_at
    event = session.scalars(select(CustomerEvent)).one()
    assert (event.field, event.user_id) == ("email", people.mel.id)
    assert session.scalars(select(AuditEvent)).one().detail == "email"


def test_an_address_that_another_has_is_saved_and_told(
    mel: Browser, session: Session, people: SimpleNamespace, nobody: Customer
) -> None:
    make_customer(session, people.company, name="Harvey Redfern", email="both@example.com")
    other = _without(session, people, "Otto")
    sentence = "Harvey Redfern has this address, too."

    fragment = mel.htmx_post(_save_address(nobody), {"email": "Both@example.com"}, page=WORKLIST)
    mel.post(_save_address(other), {"email": "both@example.com"})

    assert f"Saved Both@example.com {sentence}" in text_of(fragment)
    # The first of several is named.
    assert "Nell Harrow has this address, too." in text_of(mel.get(WORKLIST))


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("marguerite@", "The part after @ is missing."),
        ("@example.com", "The part before @ is missing."),
        ("marguerite", "The @ is missing."),
        ("", "Enter an e-mail address."),
        ("a@b c", "This is not an e-mail address that mail could reach."),
        (PLACEHOLDER, "This is not an e-mail address that mail could reach."),
        ("x" * 400 + "@example.com", "The @ is missing."),
    ],
)
def test_what_is_wrong_stands_beside_the_field(
    mel: Browser, session: Session, nobody: Customer, typed: str, sentence: str
) -> None:
    answer = mel.htmx_post(_save_address(nobody), {"email": typed}, page=WORKLIST)

    assert answer.status_code == 422
    assert sentence in text_of(answer)
    assert f'aria-describedby="wrong-{nobody.public_id}"' in answer.text
    assert f'id="type-{nobody.public_id}"' in answer.text
    assert _only(session).is_placeholder_email


def test_without_scripts_saving_leads_back_to_the_page(
    mel: Browser, session: Session, nobody: Customer
) -> None:
    after = "0" * 16
    answer = mel.post(_save_address(nobody), {"email": "nell@example.com", "after": after})

    assert answer.status_code == 303
    assert answer.location == f"{WORKLIST}?after={after}"
    assert "Saved: Nell Harrow has nell@example.com now." in text_of(mel.get(WORKLIST))


def test_without_scripts_a_mistake_is_told_on_the_whole_page(
    mel: Browser, session: Session, people: SimpleNamespace, nobody: Customer
) -> None:
    _without(session, people, "Otto")

    answer = mel.post(_save_address(nobody), {"email": "nell@"})

    assert answer.status_code == 422
    assert "<html" in answer.text
    assert text_of(answer).count("The part after @ is missing.") == 1
    assert 'value="nell@"' in answer.text
    assert "Otto" in text_of(answer)


def test_whoever_comes_second_overwrites_nothing(
    mel: Browser, ada: Browser, session: Session, nobody: Customer
) -> None:
    mel.post(_save_address(nobody), {"email": "first@example.com"})

    fragment = ada.htmx_post(_save_address(nobody), {"email": "second@example.com"}, page=WORKLIST)
    page = ada.post(_save_address(nobody), {"email": "second@example.com"})

    assert fragment.status_code == 409
    assert "Not saved: there is one by now first@example.com" in text_of(fragment)
    assert page.status_code == 303
    assert "Not saved: Nell Harrow has first@example.com by now." in text_of(ada.get(WORKLIST))
    assert _only(session).email == "first@example.com"


def test_the_second_page_goes_on_where_the_first_ended(
    mel: Browser, session: Session, people: SimpleNamespace
) -> None:
    for number in range(PAGE_ROWS + 1):
        _without(session, people, f"Customer {number:03}")

    first = mel.get(WORKLIST)
    found = re.search(r'href="([^"]+after=[^"]+)">Next page', first.text)
    assert found
    second = mel.get(found[1])

    assert "Customer 050" in text_of(second)
    assert "Customer 049" not in text_of(second)
    assert f'name="after" value="{found[1][-16:]}"' in second.text


def test_when_nobody_is_left_it_says_so(mel: Browser, people: SimpleNamespace) -> None:
    assert "Every customer has an e-mail" in text_of(mel.get(WORKLIST))


def test_a_hostile_address_is_only_text(mel: Browser, nobody: Customer) -> None:
    typed = '"><script>alert(1)</script>'

    answers = [
        mel.post(_save_address(nobody), {"email": typed}),
        mel.htmx_post(_save_address(nobody), {"email": typed}, page=WORKLIST),
    ]

    assert all("<script>alert" not in answer.text for answer in answers)


def test_zoe_finds_nobody_and_saves_nothing(
    zoe: Browser, session: Session, nobody: Customer
) -> None:
    answers = [
        zoe.post(_save_address(nobody), {"email": "zoe@example.com"}),
        zoe.htmx_post(_save_address(nobody), {"email": "zoe@example.com"}, page=WORKLIST),
        zoe.post("/customers/x/email", {"email": "zoe@example.com"}),
    ]

    assert [answer.status_code for answer in answers] == [404] * 3
    assert "Nell" not in text_of(zoe.get(WORKLIST))
    assert _only(session).is_placeholder_email


def test_the_page_holds_a_token_for_each_form(mel: Browser, nobody: Customer) -> None:
    assert find_token(mel.get(WORKLIST))
