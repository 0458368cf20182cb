"""Deciding in the review: one, the selected, all that match; changed meanwhile; taken back."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import (
    Bin,
    Connection,
    Customer,
    Reading,
    RemoteAccount,
    RemoteCustomer,
    RemoteState,
    ReviewChoice,
    ToldApart,
)
from tests.blueprints.importing import IMPORTS, REVIEW, bins_of, runs_of
from tests.blueprints.support import QUICKBOOKS, Browser, make_counted, text_of
from tests.factories import make_account, make_connection, make_customer, make_remote_customer
from tests.matching_factories import make_look_alike, make_matched, make_suggestion

CHOOSE, TAKE_BACK = f"{QUICKBOOKS}/choose", f"{QUICKBOOKS}/take-back"
APART, TOGETHER = f"{QUICKBOOKS}/apart", f"{QUICKBOOKS}/together"
IGNORE, RESTORE = f"{QUICKBOOKS}/ignore", f"{QUICKBOOKS}/restore"
LINK, CREATE = {"outcome": "link"}, {"outcome": "create"}


@dataclass
class Maybes:
    """Three who look like somebody here, one each, and a New one."""

    reading: Reading
    remotes: list[RemoteCustomer]
    customers: list[Customer]
    new: RemoteCustomer

    def token(self, number: int, *, pair: bool = True) -> str:
        remote, customer = self.remotes[number], self.customers[number]
        beside = f".{customer.revision}.{customer.public_id}" if pair else ""
        return f"{remote.public_id}:{remote.revision}{beside}"

    def form(self, *numbers: int, **more: Any) -> dict[str, Any]:
        return {"id": [self.token(number) for number in numbers], "from": "list"} | more


@pytest.fixture
def maybes(session: Session, connection: Connection, people: Any) -> Maybes:
    reading = make_counted(session, connection, unsynced=0, counted_count=4)
    remotes, customers = [], []
    for name in ("Brown", "Green", "White"):
        remote = make_remote_customer(session, reading, name=f"{name} & Daughters", bin=Bin.MAYBE)
        customer = make_customer(session, people.company, name=f"{name} and Daughters")
        make_suggestion(session, remote, customer, tier="likely", reasons="similar_name")
        remotes.append(remote)
        customers.append(customer)
    new = make_remote_customer(session, reading, name="Novel")
    make_matched(session, session.get_one(RemoteAccount, reading.account_id))
    return Maybes(reading, remotes, customers, new)


def _bins(session: Session) -> dict[str, int]:
    with Session(session.get_bind()) as another:
        unsynced = RemoteCustomer.state == RemoteState.UNSYNCED
        found = another.scalars(select(RemoteCustomer.bin).where(unsynced)).all()
    return {bin_.value: found.count(bin_) for bin_ in set(found)}


def _rows(session: Session, table: type[Any]) -> int:
    with Session(session.get_bind()) as another:
        return len(another.scalars(select(table)).all())


def _undo(html: str) -> tuple[str, dict[str, str]]:
    """The address and the fields of the form that takes the last decision back."""
    form = re.search(r'<form method="post" action="([^"]+)"((?:(?!</form>).)*)id="undo"', html)
    assert form
    fields = re.findall(r'name="(\w+)" value="([^"]*)"', form[2])
    return form[1], {name: value for name, value in fields if name != "csrf_token"}


def test_a_row_says_whom_it_is_like_and_why(ada: Browser, maybes: Maybes) -> None:
    page = ada.get(f"{REVIEW}?show=maybe")

    assert "Like Brown and Daughters here. Similar name. Link · Create anyway" in text_of(page)
    assert f'form="link-one" name="id" value="{maybes.token(0)}"' in page.text


def test_linking_one_changes_its_bin_at_once_and_is_taken_back(
    ada: Browser, session: Session, maybes: Maybes
) -> None:
    answer = ada.htmx_post(CHOOSE, maybes.form(0) | LINK, page=REVIEW)
    address, fields = _undo(answer.text)
    linked = _bins(session)
    back = ada.htmx_post(address, fields, page=REVIEW)

    text = text_of(answer)
    assert answer.text.lstrip().startswith('<div id="review"')
    assert "You chose to link 1 customer; the import does it." in text
    assert "Your decision: link to Brown and Daughters · Take back" in text
    assert linked == {"same": 1, "maybe": 2, "new": 1}
    assert address == TAKE_BACK
    assert "You took the decision about 1 customer back." in text_of(back)
    assert _bins(session) == {"maybe": 3, "new": 1}


def test_the_selected_are_linked_and_who_is_like_nobody_is_told(
    ada: Browser, session: Session, maybes: Maybes
) -> None:
    form = maybes.form(0, 1) | LINK
    form["id"].append(f"{maybes.new.public_id}:1")

    answer = ada.htmx_post(CHOOSE, form, page=REVIEW)

    assert "You chose to link 2 customers; the import does it. 1 is like nobody" in text_of(answer)
    assert _bins(session) == {"same": 2, "maybe": 1, "new": 1}


def test_who_changed_meanwhile_is_left_and_told(
    ada: Browser, session: Session, maybes: Maybes
) -> None:
    form = maybes.form(0, 1, 2) | LINK
    session.get_one(RemoteCustomer, maybes.remotes[1].id).revision += 1
    session.get_one(Customer, maybes.customers[2].id).revision += 1
    session.commit()

    answer = ada.htmx_post(CHOOSE, form, page=REVIEW)

    text = text_of(answer)
    assert answer.status_code == 200
    assert "You chose to link 1 customer" in text
    assert "2 changed meanwhile and were left: look at them again." in text
    assert _bins(session) == {"same": 1, "maybe": 2, "new": 1}


@pytest.mark.parametrize("path", [CHOOSE, IGNORE])
def test_nobody_is_decided_about_when_all_have_changed(
    ada: Browser, session: Session, maybes: Maybes, path: str
) -> None:
    form = maybes.form(0) | LINK
    session.get_one(RemoteCustomer, maybes.remotes[0].id).revision += 1
    session.commit()

    fragment, page = ada.htmx_post(path, form, page=REVIEW), ada.post(path, form)

    assert (fragment.status_code, page.status_code) == (409, 409)
    assert "Changed meanwhile. Here or in QuickBooks they are not what you saw" in text_of(fragment)
    assert "<!doctype html>" in page.text
    assert _bins(session) == {"maybe": 3, "new": 1}


def test_creating_anyway_is_remembered_until_the_import(
    ada: Browser, session: Session, maybes: Maybes
) -> None:
    answer = ada.htmx_post(CHOOSE, maybes.form(0) | CREATE, page=REVIEW)

    assert "You chose to create 1 customer; the import does it." in text_of(answer)
    assert "Your decision: create · Take back" in text_of(answer)
    assert _bins(session) == {"maybe": 2, "new": 2}


def test_all_that_match_are_decided_about_by_the_filter_itself(
    ada: Browser, session: Session, maybes: Maybes
) -> None:
    matching = {"scope": "matching", "show": "maybe", "q": "daughters", "count": "3"}
    form = matching | {"reading": maybes.reading.public_id, "from": "list"} | CREATE

    answer = ada.htmx_post(CHOOSE, form, page=REVIEW)

    assert "You chose to create 3 customers" in text_of(answer)
    assert _bins(session) == {"new": 4}


@pytest.mark.parametrize(
    "wrong", [{"count": "4"}, {"count": "x"}, {"count": ""}, {"reading": "0" * 16}]
)
def test_a_list_that_is_another_one_now_is_left_alone(
    ada: Browser, session: Session, maybes: Maybes, wrong: dict[str, str]
) -> None:
    form = {"scope": "matching", "show": "maybe", "count": "3", "from": "list"}
    form |= {"reading": maybes.reading.public_id} | wrong

    answers = [
        ada.htmx_post(IGNORE, form, page=REVIEW),
        ada.htmx_post(CHOOSE, form | CREATE, page=REVIEW),
        ada.post(IMPORTS, form),
    ]

    assert [answer.status_code for answer in answers] == [409, 409, 409]
    assert all("The list has changed." in text_of(answer) for answer in answers)
    assert _bins(session) == {"maybe": 3, "new": 1}


def test_ignoring_keeps_the_reason(ada: Browser, session: Session, maybes: Maybes) -> None:
    form = maybes.form(0, reason="  closed \x00 in\n May ")

    ada.htmx_post(IGNORE, form, page=REVIEW)

    assert "closed in May" in text_of(ada.get(f"{REVIEW}?show=ignored"))


def test_a_reason_that_is_too_long_is_told(ada: Browser, session: Session, maybes: Maybes) -> None:
    answer = ada.htmx_post(IGNORE, maybes.form(0, reason="x" * 201), page=REVIEW)

    assert answer.status_code == 422
    assert "That reason is too long. At most 200 characters are kept." in text_of(answer)
    assert _bins(session) == {"maybe": 3, "new": 1}


def test_the_comparison_stands_in_the_list_and_in_the_address(
    ada: Browser, session: Session, maybes: Maybes
) -> None:
    remote = maybes.remotes[1]
    address = f"{REVIEW}?show=maybe&compare={remote.public_id}"

    page = ada.get(address)
    fragment = ada.htmx_get(address.replace("/review?", "/review/list?"), page=REVIEW)

    for answer in (page, fragment):
        text = text_of(answer)
        assert "Are these the same customer?" in text
        assert "Green and Daughters" in text
        assert "differs: customer-" in text
        assert re.search(r"\d of 3 · next Maybe", text)
    assert "<!doctype html>" not in fragment.text
    assert fragment.headers["HX-Push-Url"] == address


def test_not_the_same_is_kept_and_can_be_taken_back(
    ada: Browser, session: Session, maybes: Maybes
) -> None:
    pair = maybes.form(0, customer=maybes.customers[0].public_id)

    answer = ada.htmx_post(APART, pair, page=REVIEW)
    apart, (address, fields) = _rows(session, ToldApart), _undo(answer.text)
    bins = _bins(session)
    ada.htmx_post(address, fields, page=REVIEW)

    assert "Noted that they are not the same; it is not asked again." in text_of(answer)
    assert (apart, bins) == (1, {"maybe": 2, "new": 2})
    assert (address, _rows(session, ToldApart)) == (TOGETHER, 0)
    assert _bins(session) == {"maybe": 3, "new": 1}


def test_two_of_the_books_that_look_alike_are_told_apart(
    ada: Browser, session: Session, maybes: Maybes
) -> None:
    twin = make_remote_customer(session, maybes.reading, name="Novel Inc", bin=Bin.MAYBE)
    make_look_alike(session, maybes.new, twin)
    address = f"{REVIEW}?compare={maybes.new.public_id}"

    text = text_of(ada.get(address))
    form = {"id": f"{maybes.new.public_id}:1.1", "other": twin.public_id, "from": "list"}
    answer = ada.htmx_post(APART, form, page=REVIEW)

    assert "These two look alike in QuickBooks: Novel and" in text
    assert "Novel Inc" in text
    assert answer.status_code == 200
    assert _bins(session) == {"maybe": 3, "new": 2}


def test_the_same_are_accepted_with_one_button(
    ada: Browser, session: Session, maybes: Maybes
) -> None:
    ada.htmx_post(CHOOSE, maybes.form(0, 1) | LINK, page=REVIEW)
    html = ada.get(REVIEW).text
    form = re.search(r"<form class=\"push\"(?:(?!</form>).)*Accept all Same \(2\)", html, re.S)
    assert form
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form[0]))

    answer = ada.post(IMPORTS, fields)

    assert answer.status_code == 303
    assert runs_of(session)[0].chosen_count == 2


def test_all_that_match_are_imported_but_for_those_who_wait(
    ada: Browser, session: Session, maybes: Maybes
) -> None:
    for number in range(50):
        make_remote_customer(session, maybes.reading, name=f"Novel {number:02}")
    page = ada.get(f"{REVIEW}?selected=matching")
    form = {"scope": "matching", "show": "unsynced", "reading": maybes.reading.public_id}

    asked = ada.post(IMPORTS, form | {"count": "54"})

    assert "All 54 that match are selected" in text_of(page)
    assert "An import leaves the 3 that wait for your decision." in text_of(page)
    assert bins_of(asked) == {"Create": 51, "Link": 0, "Wait": 3}
    assert "Import 51 customers" in text_of(asked)
    assert 'name="count" value="54"' in asked.text


def test_without_scripts_a_decision_leads_back_to_the_same_place(
    ada: Browser, maybes: Maybes
) -> None:
    form = maybes.form(0, show="maybe", q="daughters", sort="name") | LINK

    answer = ada.post(CHOOSE, form)

    assert answer.status_code == 303
    assert answer.location == f"{REVIEW}?show=maybe&q=daughters&sort=name"
    assert "You chose to link 1 customer" in text_of(ada.get(answer.location))


@pytest.mark.parametrize("form", [{}, {"id": "x"}, {"id": "' OR 1=1"}, {"id": "x:1.1"}])
@pytest.mark.parametrize("path", [CHOOSE, TAKE_BACK, APART, TOGETHER])
def test_a_form_that_names_nobody_decides_nothing(
    ada: Browser, session: Session, maybes: Maybes, path: str, form: dict[str, str]
) -> None:
    answer = ada.htmx_post(path, form | LINK, page=REVIEW)

    assert answer.status_code in (404, 422)
    assert (_rows(session, ReviewChoice), _rows(session, ToldApart)) == (0, 0)


def test_an_unknown_outcome_decides_nothing(ada: Browser, session: Session, maybes: Maybes) -> None:
    answer = ada.htmx_post(CHOOSE, maybes.form(0, outcome="merge"), page=REVIEW)

    assert answer.status_code == 400
    assert _rows(session, ReviewChoice) == 0


def test_zoe_cannot_decide_about_customers_of_another_company(
    zoe: Browser, session: Session, maybes: Maybes, people: Any
) -> None:
    hers = make_connection(session, make_account(session, people.other))
    make_counted(session, hers, unsynced=1)
    pair = maybes.form(0, customer=maybes.customers[0].public_id)

    answers = [
        zoe.htmx_post(CHOOSE, pair | LINK),
        zoe.htmx_post(TAKE_BACK, pair),
        zoe.htmx_post(APART, pair),
        zoe.htmx_post(TOGETHER, pair),
        zoe.get(f"{REVIEW}?compare={maybes.remotes[0].public_id}"),
    ]

    assert [answer.status_code for answer in answers] == [404] * 5
    assert (_rows(session, ReviewChoice), _rows(session, ToldApart)) == (0, 0)
    assert "Brown" not in zoe.get(f"{REVIEW}.csv").text


def test_members_decide_nothing(mel: Browser, maybes: Maybes) -> None:
    pages = [f"{REVIEW}{rest}" for rest in ("", "/list", "/waiting", ".csv")]

    answers = [mel.get(path) for path in pages]
    answers += [mel.post(path, maybes.form(0)) for path in (CHOOSE, TAKE_BACK, APART, TOGETHER)]

    assert {answer.status_code for answer in answers} == {403}


def test_the_file_holds_whom_the_list_shows(ada: Browser, maybes: Maybes) -> None:
    answer = ada.get(f"{REVIEW}.csv?show=maybe&q=green&sort=name")

    assert answer.mimetype == "text/csv"
    assert "attachment; filename=" in answer.headers["Content-Disposition"]
    assert "Green & Daughters" in answer.text
    assert "Brown" not in answer.text
    assert len(answer.text.splitlines()) == 2
