"""Deciding in the review: one, the selected, all that match; changed meanwhile; taken back."""

from __future__ import annotations

import re

import pytest
from sqlalchemy.orm import Session

from models import Customer, RemoteCustomer
from tests.blueprints.importing import IMPORTS, REVIEW, bins_of, runs_of
from tests.blueprints.reviewing import (
    CHOOSE,
    CREATE,
    IGNORE,
    LINK,
    TAKE_BACK,
    Maybes,
    stored_bins,
    undo_of,
)
from tests.blueprints.support import Browser, text_of
from tests.factories import make_remote_customer


def test_a_row_says_whom_it_is_like_and_why(ada: Browser, maybes: Maybes) -> None:
    page = ada.get(f"{REVIEW}?show=maybe")

    assert "Like Brown and Daughters here. Similar name. Link · Create anyway" in text_of(page)
    assert f'form="link-one" name="id" value="{maybes.token(0)}"' in page.text


def test_linking_one_changes_its_bin_at_once_and_is_taken_back(
    ada: Browser, session: Session, maybes: Maybes
) -> None:
    answer = ada.htmx_post(CHOOSE, maybes.form(0) | LINK, page=REVIEW)
    address, fields = undo_of(answer.text)
    linked = stored_bins(session)
    back = ada.htmx_post(address, fields, page=REVIEW)

    text = text_of(answer)
    assert answer.text.lstrip().startswith('<div id="review"')
    assert "You chose to link 1 customer; the import does it." in text
    assert "Your decision: link to Brown and Daughters · Take back" in text
    assert linked == {"same": 1, "maybe": 2, "new": 1}
    assert address == TAKE_BACK
    assert "You took the decision about 1 customer back." in text_of(back)
    assert stored_bins(session) == {"maybe": 3, "new": 1}


def test_the_selected_are_linked_and_who_is_like_nobody_is_told(
    ada: Browser, session: Session, maybes: Maybes
) -> None:
    form = maybes.form(0, 1) | LINK
    form["id"].append(f"{maybes.new.public_id}:1")

    answer = ada.htmx_post(CHOOSE, form, page=REVIEW)

    assert "You chose to link 2 customers; the import does it. 1 is like nobody" in text_of(answer)
    assert stored_bins(session) == {"same": 2, "maybe": 1, "new": 1}


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
    assert stored_bins(session) == {"same": 1, "maybe": 2, "new": 1}


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
    assert stored_bins(session) == {"maybe": 3, "new": 1}


def test_creating_anyway_is_remembered_until_the_import(
    ada: Browser, session: Session, maybes: Maybes
) -> None:
    answer = ada.htmx_post(CHOOSE, maybes.form(0) | CREATE, page=REVIEW)

    assert "You chose to create 1 customer; the import does it." in text_of(answer)
    assert "Your decision: create · Take back" in text_of(answer)
    assert stored_bins(session) == {"maybe": 2, "new": 2}


def test_a_second_tab_is_told_that_it_replaces_a_decision(ada: Browser, maybes: Maybes) -> None:
    ada.htmx_post(CHOOSE, maybes.form(0, **LINK), page=REVIEW)

    answer = ada.htmx_post(CHOOSE, maybes.form(0, 1, **CREATE), page=REVIEW)

    assert "You chose to create 2 customers" in text_of(answer)
    assert "This replaces an earlier decision about 1 customer." in text_of(answer)


def test_all_that_match_are_decided_about_by_the_filter_itself(
    ada: Browser, session: Session, maybes: Maybes
) -> None:
    matching = {"scope": "matching", "show": "maybe", "q": "daughters", "count": "3"}
    form = matching | {"reading": maybes.reading.public_id, "from": "list"} | CREATE

    answer = ada.htmx_post(CHOOSE, form, page=REVIEW)

    assert "You chose to create 3 customers" in text_of(answer)
    assert stored_bins(session) == {"new": 4}


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
    assert stored_bins(session) == {"maybe": 3, "new": 1}


def test_ignoring_keeps_the_reason(ada: Browser, session: Session, maybes: Maybes) -> None:
    form = maybes.form(0, reason="  closed \x00 in\n May ")

    ada.htmx_post(IGNORE, form, page=REVIEW)

    assert "closed in May" in text_of(ada.get(f"{REVIEW}?show=ignored"))


def test_a_reason_that_is_too_long_is_told(ada: Browser, session: Session, maybes: Maybes) -> None:
    answer = ada.htmx_post(IGNORE, maybes.form(0, reason="x" * 201), page=REVIEW)

    assert answer.status_code == 422
    assert "That reason is too long. At most 200 characters are kept." in text_of(answer)
    assert stored_bins(session) == {"maybe": 3, "new": 1}


def test_the_same_are_accepted_with_one_button(
    ada: Browser, session: Session, maybes: Maybes
) -> None:
    ada.htmx_post(CHOOSE, maybes.form(0, 1) | LINK, page=REVIEW)
    html = ada.get(REVIEW).text
    form = re.search(r"<form class=\"push\"(?:(?!</form>).)*Link all 2 Same", html, re.S)
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
