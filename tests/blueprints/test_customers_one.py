"""One customer: look at it, add it, change it; everybody in the company may."""

from __future__ import annotations

import re
from html import unescape
from types import SimpleNamespace

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Connection, ConnectionState, Customer, CustomerOrigin
from tests.blueprints.support import Browser, text_of
from tests.factories import (
    NOW,
    make_customer,
    make_link,
    make_reading,
    make_remote_customer,
)

PLACEHOLDER = "quickbooks-0123456789abcdef@placeholder.local"
FORM = {"name": "Nell Harrow", "company": "", "email": "", "phone": "", "address": ""}


@pytest.fixture
def nell(session: Session, people: SimpleNamespace) -> Customer:
    return make_customer(
        session,
        people.company,
        name="Nell Harrow",
        company_name="Harrow & Co",
        email="nell@example.com",
        phone="(814) 555-0117",
        address="1 Pier Rd",
    )


def _address(customer: Customer) -> str:
    return f"/customers/{customer.public_id}"


def _only(session: Session) -> Customer:
    session.expire_all()
    return session.scalars(select(Customer)).one()


def test_a_member_sees_how_to_reach_a_customer(mel: Browser, nell: Customer) -> None:
    answer = mel.get(_address(nell))

    text = text_of(answer)
    for words in ("Nell Harrow", "Harrow & Co", "nell@example.com", "(814) 555-0117", "1 Pier Rd"):
        assert words in text
    assert "customer since 20 Nov 2026" in text
    assert 'href="mailto:nell@example.com"' in answer.text
    assert "20 Nov 2026, 09:00 Added by hand" in text


@pytest.mark.parametrize(
    ("origin", "words"),
    [
        (CustomerOrigin.JOIN, "Signed up by the web form"),
        (CustomerOrigin.HAND, "Added by hand"),
        (CustomerOrigin.IMPORT, "Imported from the accounting software"),
    ],
)
def test_a_customer_says_how_it_came(
    mel: Browser,
    session: Session,
    people: SimpleNamespace,
    origin: CustomerOrigin,
    words: str,
) -> None:
    customer = make_customer(session, people.company, origin=origin)

    assert words in text_of(mel.get(_address(customer)))


def test_a_customer_says_where_else_it_is(
    mel: Browser, session: Session, connection: Connection, nell: Customer
) -> None:
    remote = make_remote_customer(
        session, make_reading(session, connection), name="Harrow, Nell", remote_id="61"
    )
    make_link(session, remote, nell)

    text = text_of(mel.get(_address(nell)))

    assert "QuickBooks Linked Open in QuickBooks Harrow, Nell, customer 61 · seen 5 min ago" in text
    assert "It can be invoiced in QuickBooks." in text
    assert "Linked to QuickBooks" in text
    assert "Xero not connected" in text


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (ConnectionState.CONNECTED, "QuickBooks Not read yet"),
        (ConnectionState.RECONNECT_REQUIRED, "QuickBooks Not read yet"),
        (ConnectionState.DISCONNECTED, "QuickBooks not connected"),
    ],
)
def test_a_customer_that_is_only_here_says_so(
    mel: Browser,
    session: Session,
    connection: Connection,
    nell: Customer,
    state: ConnectionState,
    words: str,
) -> None:
    connection.state = state
    session.commit()

    assert words in text_of(mel.get(_address(nell)))


def test_a_customer_without_email_shows_no_placeholder(
    ada: Browser, session: Session, people: SimpleNamespace
) -> None:
    customer = make_customer(session, people.company, email=PLACEHOLDER, is_placeholder_email=True)

    for address in (_address(customer), _address(customer) + "/edit"):
        assert "placeholder" not in ada.get(address).text, address


def test_an_address_cannot_smuggle_anything_into_its_link(
    mel: Browser, session: Session, people: SimpleNamespace
) -> None:
    customer = make_customer(session, people.company, email="a?cc=b&x@example.com")

    assert 'href="mailto:a%3Fcc%3Db%26x@example.com"' in mel.get(_address(customer)).text


def test_a_member_adds_a_customer(mel: Browser, session: Session, people: SimpleNamespace) -> None:
    form = FORM | {"email": "Nell@Example.COM", "phone": "814", "company": "Harrow & Co"}

    answer = mel.post("/customers/new", form)

    customer = _only(session)
    assert (answer.status_code, answer.location) == (303, _address(customer))
    assert customer.company_id == people.company.id
    assert (customer.email, customer.company_name) == ("Nell@example.com", "Harrow & Co")
    assert (customer.origin, customer.created_at) == (CustomerOrigin.HAND, NOW)
    assert "The customer is in BlueClerk now." in text_of(mel.get(answer.location))


def test_a_customer_without_email_is_added_as_that(mel: Browser, session: Session) -> None:
    answer = mel.post("/customers/new", FORM)

    assert _only(session).is_placeholder_email
    assert "no e-mail" in text_of(mel.get(answer.location))


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("name", "  ", "Enter a name."),
        ("name", "n" * 10_000, "A name has at most 500 characters."),
        ("email", "not an address", "This is not an e-mail address that mail could reach."),
        ("email", "a@example.com, b@example.com", "This is not an e-mail address"),
        ("email", "a@example.com\r\nBcc: b@example.com", "This is not an e-mail address"),
        ("email", "x@Placeholder.Local", "This is not an e-mail address"),
        ("phone", "5" * 101, "A phone number has at most 100 characters."),
    ],
)
def test_what_cannot_be_is_said_beside_its_field(
    mel: Browser, session: Session, field: str, value: str, sentence: str
) -> None:
    answer = mel.post("/customers/new", FORM | {"address": "1 Pier Rd", field: value})

    assert answer.status_code == 422
    assert sentence in text_of(answer)
    assert f'aria-invalid="true" aria-describedby="{field}-wrong"' in answer.text
    assert f'id="{field}-wrong"' in answer.text
    assert 'value="1 Pier Rd"' in answer.text
    assert session.scalars(select(Customer)).all() == []


def test_several_wrong_fields_are_said_at_once(mel: Browser) -> None:
    answer = mel.post("/customers/new", FORM | {"name": "", "email": "x", "phone": "5" * 101})

    assert answer.text.count('aria-invalid="true"') == 3


def test_changing_begins_with_what_is_there(mel: Browser, nell: Customer) -> None:
    answer = mel.get(_address(nell) + "/edit")

    for value in ("Nell Harrow", "Harrow &amp; Co", "nell@example.com", "1 Pier Rd"):
        assert f'value="{value}"' in answer.text


def test_an_email_replaces_the_placeholder_and_keeps_the_signup_day(
    mel: Browser, session: Session, people: SimpleNamespace
) -> None:
    customer = make_customer(
        session, people.company, name="Bill", email=PLACEHOLDER, is_placeholder_email=True
    )

    answer = mel.post(_address(customer) + "/edit", FORM | {"email": "bill@example.com"})

    assert (answer.status_code, answer.location) == (303, _address(customer))
    changed = _only(session)
    assert (changed.email, changed.is_placeholder_email) == ("bill@example.com", False)
    assert changed.created_at == NOW
    assert "bill@example.com" in text_of(mel.get(answer.location))


def test_a_change_that_cannot_be_keeps_what_was_typed_and_what_was_stored(
    mel: Browser, session: Session, nell: Customer
) -> None:
    answer = mel.post(_address(nell) + "/edit", FORM | {"name": "Nell H.", "email": "nope"})

    assert answer.status_code == 422
    assert 'value="Nell H."' in answer.text
    assert 'value="nope"' in answer.text
    assert _only(session).name == "Nell Harrow"


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "\u202eevil\u202c",
    "{{ 7 * 777 }}",
    "x" * 500,
    "O’Neil; DROP TABLE customer; --",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_customer_is_only_a_customer(mel: Browser, name: str) -> None:
    form = dict.fromkeys(FORM, name) | {"email": "", "phone": name[:100]}
    added = mel.post("/customers/new", form)

    for address in (added.location, added.location + "/edit", "/customers"):
        answer = mel.get(address)

        assert answer.status_code == 200
        assert "<script>alert" not in answer.text
        assert "<img" not in answer.text
        assert "5439" not in text_of(answer)


def test_zoe_finds_nobody_and_changes_nothing(
    zoe: Browser, session: Session, nell: Customer
) -> None:
    answers = [
        zoe.get(_address(nell)),
        zoe.get(_address(nell) + "/edit"),
        zoe.post(_address(nell) + "/edit", FORM | {"name": "Zoe was here"}),
        zoe.post(_address(nell) + "/edit", FORM | {"name": ""}),
    ]

    assert [answer.status_code for answer in answers] == [404] * 4
    assert "There is no such customer" in text_of(answers[0])
    assert "nell" not in "".join(answer.text for answer in answers).lower()
    assert _only(session).name == "Nell Harrow"


@pytest.mark.parametrize("text", ["0" * 16, "nobody", "1", "%00", "..%2f", "A" * 16])
def test_an_id_of_nobody_is_no_page(mel: Browser, text: str) -> None:
    assert mel.get(f"/customers/{text}").status_code == 404


def test_a_stranger_adds_and_sees_nothing(stranger: Browser, nell: Customer) -> None:
    answer = stranger.get(_address(nell))

    assert answer.status_code == 303
    assert answer.location.startswith("/login?next=/customers/")


def test_an_older_form_takes_nothing_back(mel: Browser, session: Session, nell: Customer) -> None:
    page = mel.get(_address(nell) + "/edit").text
    was = dict(re.findall(r'name="(was_[a-z_]+)" value="([^"]*)"', page))
    nell.phone = "(814) 555-0200"
    session.commit()

    form = {"company": "Harrow &amp; Co", "phone": "(814) 555-0117", "address": "1 Pier Rd"}
    form |= {"name": "Nell H.", "email": "nell@example.com"} | was
    mel.post(_address(nell) + "/edit", {key: unescape(value) for key, value in form.items()})

    assert (_only(session).name, _only(session).phone) == ("Nell H.", "(814) 555-0200")
