"""A customer to be added whose e-mail somebody here has already: asked once, and only inside."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models import Customer
from tests.blueprints.support import Browser, text_of
from tests.factories import make_customer

FORM = {
    "name": "R. Redfern",
    "company": "",
    "email": "Ruth@example.com",
    "phone": "",
    "address": "",
}
SENTENCE = "Ruth Redfern has this e-mail already."


@pytest.fixture
def ruth(session: Session, people: SimpleNamespace) -> Customer:
    return make_customer(session, people.company, name="Ruth Redfern", email="ruth@example.com")


def _count(session: Session) -> int | None:
    return session.scalar(select(func.count()).select_from(Customer))


def test_an_email_somebody_has_is_asked_about_with_all_that_was_typed(
    ada: Browser, mel: Browser, session: Session, ruth: Customer
) -> None:
    answer = mel.post("/customers/new", FORM | {"phone": "(814) 555-0117"})

    assert answer.status_code == 409
    assert f"{SENTENCE} Nothing was saved." in text_of(answer)
    assert f'<a href="/customers/{ruth.public_id}"><bdi>Ruth Redfern</bdi></a>' in answer.text
    assert "<button>Add anyway</button>" in answer.text
    for value in ("R. Redfern", "Ruth@example.com", "(814) 555-0117"):
        assert f'value="{value}"' in answer.text
    assert ada.post("/customers/new", FORM).status_code == 409, "its strips read on their own"
    assert _count(session) == 1


@pytest.mark.usefixtures("ruth")
def test_whoever_was_told_may_add_the_customer_anyway(mel: Browser, session: Session) -> None:
    answer = mel.post("/customers/new", FORM | {"anyway": "ruth@example.com"})

    assert answer.status_code == 303
    assert _count(session) == 2


@pytest.mark.usefixtures("ruth")
def test_the_question_is_about_one_address_only(mel: Browser, session: Session) -> None:
    answer = mel.post("/customers/new", FORM | {"anyway": "somebody@example.com"})

    assert SENTENCE in text_of(answer)
    assert _count(session) == 1


@pytest.mark.usefixtures("ruth")
def test_zoe_is_told_of_nobody_elsewhere(zoe: Browser, session: Session) -> None:
    answer = zoe.post("/customers/new", FORM)

    assert answer.status_code == 303
    assert _count(session) == 2
