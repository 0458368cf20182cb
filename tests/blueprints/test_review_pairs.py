"""Comparing in the review and telling apart; who may decide; the list as a file."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy.orm import Session

from models import Bin, ReviewChoice, ToldApart
from tests.blueprints.importing import REVIEW
from tests.blueprints.reviewing import (
    APART,
    CHOOSE,
    LINK,
    TAKE_BACK,
    TOGETHER,
    Maybes,
    count_of,
    stored_bins,
    undo_of,
)
from tests.blueprints.support import Browser, make_counted, text_of
from tests.factories import make_account, make_connection, make_remote_customer
from tests.matching_factories import make_look_alike


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
    apart = r'action="[^"]*/apart"(?:(?!</form>).)*name="compare" value="(\w+)"'
    going_on = re.search(apart, page.text)
    assert going_on and going_on[1] != remote.public_id
    assert fragment.headers["HX-Push-Url"] == f"{address}#row-{remote.public_id}"


def test_not_the_same_is_kept_and_can_be_taken_back(
    ada: Browser, session: Session, maybes: Maybes
) -> None:
    pair = maybes.form(0, customer=maybes.customers[0].public_id)

    answer = ada.htmx_post(APART, pair, page=REVIEW)
    apart, (address, fields) = count_of(session, ToldApart), undo_of(answer.text)
    bins = stored_bins(session)
    ada.htmx_post(address, fields, page=REVIEW)

    assert "Noted that they are not the same; it is not asked again." in text_of(answer)
    assert (apart, bins) == (1, {"maybe": 2, "new": 2})
    assert (address, count_of(session, ToldApart)) == (TOGETHER, 0)
    assert stored_bins(session) == {"maybe": 3, "new": 1}


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
    assert stored_bins(session) == {"maybe": 3, "new": 2}


@pytest.mark.parametrize("form", [{}, {"id": "x"}, {"id": "' OR 1=1"}, {"id": "x:1.1"}])
@pytest.mark.parametrize("path", [CHOOSE, TAKE_BACK, APART, TOGETHER])
def test_a_form_that_names_nobody_decides_nothing(
    ada: Browser, session: Session, maybes: Maybes, path: str, form: dict[str, str]
) -> None:
    answer = ada.htmx_post(path, form | LINK, page=REVIEW)

    assert answer.status_code in (404, 422)
    assert (count_of(session, ReviewChoice), count_of(session, ToldApart)) == (0, 0)


def test_an_unknown_outcome_decides_nothing(ada: Browser, session: Session, maybes: Maybes) -> None:
    answer = ada.htmx_post(CHOOSE, maybes.form(0, outcome="merge"), page=REVIEW)

    assert answer.status_code == 400
    assert count_of(session, ReviewChoice) == 0


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
    assert (count_of(session, ReviewChoice), count_of(session, ToldApart)) == (0, 0)
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
