"""The public page: a stranger becomes a customer, and learns nothing about anybody else."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Attempt, Customer, CustomerOrigin
from services.joining import SIGNUPS_AN_HOUR
from tests.blueprints.support import Browser, find_token, text_of
from tests.conftest import Clock
from tests.factories import NOW, make_customer

FORM = {"name": "Nell Harrow", "company": "", "email": "nell@example.com", "phone": "814"}


@pytest.fixture
def page(people: SimpleNamespace) -> str:
    return f"/join/{people.company.slug}"


def _send(browser: Browser, page: str, form: dict[str, str], *, address: str = "") -> object:
    token = find_token(browser.client.get(page))
    environ = {"REMOTE_ADDR": address} if address else {}
    return browser.client.post(page, data=form | {"csrf_token": token}, environ_overrides=environ)


def _customers(session: Session) -> list[Customer]:
    session.expire_all()
    return list(session.scalars(select(Customer).order_by(Customer.id)))


def test_a_stranger_sees_a_form_and_nothing_of_the_inside(stranger: Browser, page: str) -> None:
    answer = stranger.get(page)

    assert answer.status_code == 200
    assert "Become a customer of Harbor Heating & Air" in text_of(answer)
    for name in ("name", "company", "email", "phone"):
        assert f'name="{name}"' in answer.text
    assert "/customers" not in answer.text
    assert "Ada" not in answer.text


def test_whoever_signs_up_is_a_customer_and_is_thanked(
    stranger: Browser, session: Session, people: SimpleNamespace, page: str
) -> None:
    answer = _send(stranger, page, FORM | {"company": "Harrow & Co"})

    assert (answer.status_code, answer.location) == (303, f"{page}/thanks")
    assert "Harbor Heating & Air has your details" in text_of(stranger.get(answer.location))
    [customer] = _customers(session)
    assert customer.company_id == people.company.id
    assert (customer.name, customer.company_name) == ("Nell Harrow", "Harrow & Co")
    assert (customer.email, customer.phone) == ("nell@example.com", "814")
    assert (customer.origin, customer.created_at) == (CustomerOrigin.JOIN, NOW)


def test_a_signup_without_email_is_taken(stranger: Browser, session: Session, page: str) -> None:
    _send(stranger, page, FORM | {"email": ""})

    [customer] = _customers(session)
    assert customer.is_placeholder_email


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("name", "", "Enter a name."),
        ("name", "n" * 10_000, "A name has at most 500 characters."),
        ("email", "nell@", "This is not an e-mail address that mail could reach."),
        ("email", "x@placeholder.local", "This is not an e-mail address that mail could reach."),
        ("email", "a@example.com\nBcc: b@example.com", "This is not an e-mail address"),
        ("phone", "5" * 101, "A phone number has at most 100 characters."),
    ],
)
def test_what_cannot_be_is_said_kindly_and_kept(
    stranger: Browser, session: Session, page: str, field: str, value: str, sentence: str
) -> None:
    answer = _send(stranger, page, FORM | {"company": "Harrow & Co", field: value})

    assert answer.status_code == 422
    assert sentence in text_of(answer)
    assert f'aria-describedby="{field}-wrong"' in answer.text
    assert 'value="Harrow &amp; Co"' in answer.text
    assert _customers(session) == []


def test_a_program_that_fills_in_everything_is_thanked_and_forgotten(
    stranger: Browser, session: Session, page: str
) -> None:
    answer = _send(stranger, page, FORM | {"website": "http://spam.example"})

    assert (answer.status_code, answer.location) == (303, f"{page}/thanks")
    assert _customers(session) == []
    assert session.scalars(select(Attempt)).all() == []


def test_the_trap_is_out_of_the_way_of_people(stranger: Browser, page: str) -> None:
    text = stranger.get(page).text

    assert '<div class="trap" aria-hidden="true">' in text
    assert 'name="website" tabindex="-1" autocomplete="off"' in text


def test_nobody_learns_whether_an_address_is_known(
    app: Flask, session: Session, people: SimpleNamespace, page: str
) -> None:
    make_customer(session, people.company, name="Known", email="known@example.com")

    known = _send(Browser(app), page, FORM | {"email": "known@example.com"})
    unknown = _send(Browser(app), page, FORM | {"email": "unknown@example.com"})

    assert (known.status_code, known.location) == (unknown.status_code, unknown.location)
    assert known.data == unknown.data


def test_a_double_click_is_one_customer(stranger: Browser, session: Session, page: str) -> None:
    answers = [_send(stranger, page, FORM) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [303, 303]
    assert len(_customers(session)) == 1


def test_a_network_that_signs_up_without_end_is_asked_to_wait(
    stranger: Browser, session: Session, clock: Clock, page: str
) -> None:
    for number in range(SIGNUPS_AN_HOUR):
        _send(stranger, page, FORM | {"name": f"Name {number}"}, address="203.0.113.9")

    refused = _send(stranger, page, FORM, address="203.0.113.9")
    neighbour = _send(stranger, page, FORM, address="203.0.113.10")

    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "3600"
    assert "Try again later, or call the company." in text_of(refused)
    assert 'value="Nell Harrow"' in refused.text
    assert neighbour.status_code == 303
    clock.advance(hours=1)
    assert _send(stranger, page, FORM, address="203.0.113.9").status_code == 303


def test_a_forwarded_address_is_not_believed_without_a_proxy(
    stranger: Browser, session: Session, page: str
) -> None:
    token = find_token(stranger.client.get(page))

    for number in range(SIGNUPS_AN_HOUR + 1):
        answer = stranger.client.post(
            page,
            data=FORM | {"name": f"Name {number}", "csrf_token": token},
            headers={"X-Forwarded-For": f"198.51.100.{number}"},
        )

    assert answer.status_code == 429
    assert len(_customers(session)) == SIGNUPS_AN_HOUR


def test_a_form_without_its_token_does_nothing(
    stranger: Browser, session: Session, page: str
) -> None:
    answer = stranger.client.post(page, data=FORM)

    assert answer.status_code == 400
    assert _customers(session) == []


@pytest.mark.parametrize("slug", ["nobody", "..", "%00", "x" * 5000, "' OR 1=1"])
def test_nobody_has_a_page_at_another_address(stranger: Browser, slug: str) -> None:
    answer = stranger.get(f"/join/{slug}")

    assert answer.status_code == 404
    assert stranger.get(f"/join/{slug}/thanks").status_code == 404


def test_somebody_signed_in_sees_the_page_as_strangers_do(zoe: Browser, page: str) -> None:
    answer = zoe.get(page)

    assert "Become a customer of Harbor Heating & Air" in text_of(answer)
    assert "Sign out" not in text_of(answer)


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "\u202eevil", "{{ 7 * 777 }}"])
def test_a_hostile_stranger_is_only_a_customer(
    stranger: Browser, mel: Browser, page: str, name: str
) -> None:
    answers = [
        _send(stranger, page, FORM | {"name": name, "email": "nope"}),
        _send(stranger, page, FORM | {"name": name, "company": name}),
        mel.get("/customers"),
    ]

    for answer in answers:
        assert "<script>alert" not in answer.text
        assert "5439" not in text_of(answer)


def test_the_list_of_customers_says_where_the_page_is(mel: Browser, page: str) -> None:
    assert f'href="{page}"' in mel.get("/customers").text
