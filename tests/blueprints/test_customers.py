"""The customers of the company, for everybody in it and nobody else."""

from __future__ import annotations

import re
from types import SimpleNamespace

from sqlalchemy.orm import Session

from services.customers import PAGE_ROWS
from tests.blueprints.support import Browser, text_of
from tests.factories import make_customer


def test_a_member_sees_the_customers_by_name(
    mel: Browser, session: Session, people: SimpleNamespace
) -> None:
    make_customer(session, people.company, name="Zebra Pools", phone="(650) 555-0142")
    make_customer(session, people.company, name="Abel", company_name="Abel & Sons")

    text = text_of(mel.get("/customers"))

    assert text.index("Abel") < text.index("Zebra Pools")
    assert "Abel & Sons" in text
    assert "(650) 555-0142" in text
    assert "2 customers, by name" in text
    assert "20 Nov 2026" in text


def test_a_placeholder_address_is_never_shown(
    mel: Browser, session: Session, people: SimpleNamespace
) -> None:
    make_customer(
        session,
        people.company,
        email="quickbooks-0123456789abcdef@placeholder.local",
        is_placeholder_email=True,
    )

    answer = mel.get("/customers")

    assert "no e-mail" in text_of(answer)
    assert "placeholder" not in answer.text


def test_pages_follow_each_other(mel: Browser, session: Session, people: SimpleNamespace) -> None:
    for number in range(PAGE_ROWS + 1):
        make_customer(session, people.company, name=f"Customer {number:03}")

    first = mel.get("/customers")
    address = re.search(r'href="([^"]+after=[^"]+)"', first.text)
    assert address
    second = mel.get(address[1])

    assert f"{PAGE_ROWS} of {PAGE_ROWS + 1}" in text_of(first)
    assert "Customer 050" in text_of(second)
    assert "Customer 049" not in text_of(second)


def test_a_strange_key_shows_the_first_page(
    mel: Browser, session: Session, people: SimpleNamespace
) -> None:
    make_customer(session, people.company, name="Abel")

    answer = mel.get("/customers", query_string={"after": "' OR 1=1 \x00"})

    assert "Abel" in text_of(answer)


def test_an_empty_list_says_what_to_do(mel: Browser, ada: Browser) -> None:
    assert "An admin of your company can connect" in text_of(mel.get("/customers"))
    assert "connect your accounting software" in text_of(ada.get("/customers"))


def test_zoe_sees_none_of_it(zoe: Browser, session: Session, people: SimpleNamespace) -> None:
    make_customer(session, people.company, name="Abel")

    assert "Abel" not in text_of(zoe.get("/customers"))


def test_a_hostile_name_is_only_a_name(
    mel: Browser, session: Session, people: SimpleNamespace
) -> None:
    name = "<script>alert(1)</script>"
    make_customer(session, people.company, name=name, company_name=name + "x", phone=name)

    assert "<script>alert" not in mel.get("/customers").text
