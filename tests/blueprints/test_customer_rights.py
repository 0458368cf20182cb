"""What a customer may ask for: everything that is held as a file, and to be erased for good."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Bin, Company, Connection, Customer, RemoteCustomer, RemoteState
from tests.blueprints.linking import make_cool_cars
from tests.blueprints.support import QUICKBOOKS, Browser, confirm, text_of
from tests.conftest import Clock
from tests.factories import make_customer
from tests.matching_factories import make_suggestion

OFFERS = ("Download everything we hold", "Erase for good")


@pytest.fixture
def linked(session: Session, connection: Connection) -> SimpleNamespace:
    return make_cool_cars(session, connection)


def test_an_admin_finds_both_on_the_page_and_a_member_neither(
    ada: Browser, mel: Browser, linked: SimpleNamespace
) -> None:
    of_admin, of_member = text_of(ada.get(linked.path)), text_of(mel.get(linked.path))

    assert [offer in of_admin for offer in OFFERS] == [True, True]
    assert [offer in of_member for offer in OFFERS] == [False, False]


def test_the_file_is_one_to_keep_and_no_browser_keeps_it(
    ada: Browser, linked: SimpleNamespace
) -> None:
    answer = ada.get(f"{linked.path}.json")

    told = json.loads(answer.data.decode("utf-8"))
    public_id = linked.customer.public_id
    assert answer.headers["Content-Disposition"] == (
        f'attachment; filename="customer-{public_id}.json"'
    )
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    assert told["customer"]["name"] == "Cool Cars"
    assert told["about this file"]["held by"] == "Harbor Heating & Air"
    assert told["read in the accounting software"][0]["phone"] == "(415) 555-0000"


def test_the_question_says_what_goes_what_stays_and_what_the_next_reading_does(
    ada: Browser, session: Session, linked: SimpleNamespace
) -> None:
    text = text_of(ada.get(f"{linked.path}/erase"))

    assert "Erase Cool Cars for good?" in text
    assert "This cannot be taken back." in text
    assert "so Cool Cars (customer 61) stays in QuickBooks until somebody deletes it there" in text
    assert "The next reading sees the person and stores nothing but whether" in text
    assert "Mails that were sent cannot be called back" in text
    assert session.scalars(select(Customer.name)).all() == ["Cool Cars"]


def test_the_question_names_who_may_be_the_same_and_is_not_linked(
    ada: Browser, session: Session, linked: SimpleNamespace
) -> None:
    company = session.get_one(Company, linked.customer.company_id)
    here = make_customer(session, company, name="Cool Carts")
    linked.remote.state, linked.remote.bin = RemoteState.UNSYNCED, Bin.MAYBE
    make_suggestion(session, linked.remote, here, tier="likely")
    session.commit()

    text = text_of(ada.get(f"/customers/{here.public_id}/erase"))

    assert "the customer is linked to nobody there" in text
    assert "Maybe the same in QuickBooks Cool Cars (customer 61) is not linked" in text


def test_who_is_erased_is_gone_here_and_ignored_there(
    ada: Browser, session: Session, linked: SimpleNamespace
) -> None:
    answer = ada.post(f"{linked.path}/erase")

    list_page = text_of(ada.get(answer.location))
    ignored = text_of(ada.get(f"{QUICKBOOKS}/review?show=ignored"))
    session.expire_all()
    assert answer.status_code == 303
    assert "The customer is erased here. In the books nothing changed." in list_page
    assert "Cool Cars" not in list_page + ignored
    assert "Erased customer" in ignored
    assert "erased for good" in ignored
    assert ada.get(linked.path).status_code == 404
    assert session.scalars(select(RemoteCustomer.state)).all() == [RemoteState.IGNORED]
    assert "Erased a customer for good" in text_of(ada.get("/settings/audit"))


def test_it_asks_for_the_password_again(
    ada: Browser, session: Session, linked: SimpleNamespace, clock: Clock
) -> None:
    place = f"{linked.path}/erase"
    ada.get(place)
    clock.advance(minutes=16)

    asked = ada.post(place)
    kept = session.scalars(select(Customer.name)).all()
    session.rollback()
    answer = confirm(ada, asked)

    assert (asked.status_code, kept) == (401, ["Cool Cars"])
    assert answer.location == "/customers"
    assert session.scalars(select(Customer.name)).all() == []


def test_it_is_asked_for_twice_and_found_once(ada: Browser, linked: SimpleNamespace) -> None:
    ada.post(f"{linked.path}/erase")

    assert ada.post(f"{linked.path}/erase").status_code == 404
    assert ada.get(f"{linked.path}.json").status_code == 404


def test_a_member_may_neither(mel: Browser, session: Session, linked: SimpleNamespace) -> None:
    answers = [
        mel.get(f"{linked.path}.json"),
        mel.get(f"{linked.path}/erase"),
        mel.post(f"{linked.path}/erase"),
    ]

    assert [answer.status_code for answer in answers] == [403] * 3
    assert session.scalars(select(Customer.name)).all() == ["Cool Cars"]


def test_zoe_knows_no_such_customer(
    zoe: Browser, session: Session, linked: SimpleNamespace
) -> None:
    answers = [
        zoe.get(f"{linked.path}.json"),
        zoe.get(f"{linked.path}/erase"),
        zoe.post(f"{linked.path}/erase"),
    ]

    assert [answer.status_code for answer in answers] == [404] * 3
    assert "Cool Cars" not in "".join(answer.text for answer in answers)
    assert session.scalars(select(Customer.name)).all() == ["Cool Cars"]


def test_a_stranger_is_led_to_sign_in(stranger: Browser, linked: SimpleNamespace) -> None:
    answers = [stranger.get(f"{linked.path}.json"), stranger.get(f"{linked.path}/erase")]

    assert [answer.status_code for answer in answers] == [303, 303]
