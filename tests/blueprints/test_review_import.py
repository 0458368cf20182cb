"""Review & import: search, boxes, what is the same, and what the dock says before."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest
from sqlalchemy.orm import Session

from models import Bin, Connection, RemoteState
from services.remote_lists import PAGE_ROWS
from tests.blueprints.importing import REVIEW, dock_of, ids_of, unsynced_ids
from tests.blueprints.support import QUICKBOOKS, Browser, make_counted, text_of
from tests.factories import make_customer, make_remote_customer
from tests.matching_factories import make_suggestion


def _boxes(html: str) -> list[str]:
    return re.findall(r'<input type="checkbox" form="selected"[^>]* name="id" value="(\w+):', html)


def _names(html: str) -> list[str]:
    return re.findall(r'<th scope="row">(?:<a [^>]*>)?<bdi>([^<]+)</bdi>', html)


def _link(html: str, word: str) -> str:
    found = re.search(rf'href="([^"]+)"[^>]*>{word}', html)
    assert found, word
    return found[1].replace("&amp;", "&")


def test_every_unsynced_customer_has_a_box_of_the_form(
    ada: Browser, session: Session, connection: Connection
) -> None:
    make_counted(session, connection, unsynced=3)

    html = ada.get(REVIEW).text

    assert sorted(_boxes(html)) == sorted(unsynced_ids(session))
    assert '<form id="selected" class="row" method="post"' in html
    assert "Select all 3" in html


def test_the_box_above_the_list_is_never_sent(
    ada: Browser, session: Session, connection: Connection
) -> None:
    make_counted(session, connection, unsynced=1)

    found = re.search(r"<input[^>]*data-tick-all[^>]*>", ada.get(REVIEW).text)

    assert found
    assert "name=" not in found[0]
    assert 'aria-label="Select all on this page"' in found[0]


def test_whoever_is_here_already_is_marked_and_can_be_shown_alone(
    ada: Browser, session: Session, connection: Connection, people: SimpleNamespace
) -> None:
    reading = make_counted(session, connection, unsynced=2)
    here = make_customer(session, people.company, name="Cool Cars Inc")
    remote = make_remote_customer(session, reading, name="Cool Cars", bin=Bin.SAME)
    make_suggestion(session, remote, here)

    every, same = ada.get(REVIEW), ada.get(f"{REVIEW}?show=same")
    chosen = ada.get(f"{REVIEW}?show=same&selected=matching")

    assert every.text.count('<span class="tag ok">Same</span>') == 1
    assert "Is Cool Cars Inc here. Same name and same e-mail." in text_of(every)
    assert "Link the one Same" in text_of(every)
    assert _names(same.text) == ["Cool Cars"]
    assert dock_of(same).startswith("2 create · 1 link · 0 need you · 0 ignored")
    assert dock_of(chosen).startswith("0 create · 1 link · 0 need you · 0 ignored")
    assert "In all: 2 create" in text_of(same)
    assert "In all:" not in text_of(chosen)


def test_whoever_has_no_email_is_marked_and_counted(
    ada: Browser, session: Session, connection: Connection
) -> None:
    reading = make_counted(session, connection, unsynced=1)
    make_remote_customer(session, reading, email=None)

    answer = ada.get(REVIEW)

    assert answer.text.count('<span class="tag">no e-mail</span>') == 1
    assert "whoever has no e-mail gets a placeholder that is never mailed" in dock_of(answer)


@pytest.fixture
def searched(session: Session, connection: Connection) -> list[str]:
    """Sixty Smiths and a Jones, who are all found by their names."""
    reading = make_counted(session, connection, unsynced=0, counted_count=61)
    names = ["Jones", *(f"Smith {number:02}" for number in range(PAGE_ROWS + 10))]
    for name in names:
        make_remote_customer(session, reading, name=name)
    return names


def test_a_search_keeps_its_word_over_pages_and_filters(ada: Browser, searched: list[str]) -> None:
    first = ada.get(f"{REVIEW}?q=SMITH&sort=name")
    second = ada.get(_link(first.text, "Next page"))
    ignored = ada.get(_link(second.text, "Ignored"))

    assert f"{PAGE_ROWS + 10} customers with “SMITH”" in text_of(first)
    assert _names(first.text) + _names(second.text) == searched[1:]
    assert all('name="q" value="SMITH"' in page.text for page in (first, second, ignored))
    assert all('value="name" selected' in page.text for page in (first, second, ignored))
    assert "No ignored customer matches “SMITH”" in text_of(ignored)
    assert _names(ada.get(_link(ignored.text, "Search in all 61")).text) == _names(first.text)


def test_all_of_a_search_means_who_is_found(ada: Browser, searched: list[str]) -> None:
    page = ada.get(f"{REVIEW}?q=smith&selected=matching")

    assert "All 60 that match are selected, also on other pages." in text_of(page)
    assert 'name="scope" value="matching"' in page.text
    assert 'name="count" value="60"' in page.text
    assert "Import 60" in text_of(page)


@pytest.mark.parametrize("word", ["%", "_", "\x00", "' OR 1=1", "<script>", "x" * 5_000, "\\"])
def test_a_strange_search_finds_nobody_and_breaks_nothing(
    ada: Browser, searched: list[str], word: str
) -> None:
    answer = ada.get(REVIEW, query_string={"q": word})

    assert answer.status_code == 200
    assert "<script>" not in answer.text
    assert len(_names(answer.text)) == (PAGE_ROWS if word == "\x00" else 0)


def test_the_selected_are_ignored_together_and_restored_together(
    ada: Browser, session: Session, connection: Connection
) -> None:
    make_counted(session, connection, unsynced=3)
    first, second, third = unsynced_ids(session)
    form = {"id": [first, third], "from": "list", "show": "unsynced", "reading": "x"}

    answer = ada.htmx_post(f"{QUICKBOOKS}/ignore", form, page=REVIEW)

    assert "You ignored 2 customers. Restore these 2" in text_of(answer)
    assert unsynced_ids(session) == [second]
    assert ids_of(session, RemoteState.IGNORED) == [first, third]


def test_without_scripts_ignoring_leads_back_to_the_searched_page(
    ada: Browser, session: Session, connection: Connection
) -> None:
    make_counted(session, connection, unsynced=2)
    first, _second = unsynced_ids(session)
    form = {"id": first, "from": "list", "show": "same", "q": "cool cars", "after": "0" * 16}

    answer = ada.post(f"{QUICKBOOKS}/ignore", form)

    assert answer.location == f"{REVIEW}?show=same&q=cool+cars&after={'0' * 16}"


def test_who_is_left_out_has_no_boxes(
    ada: Browser, session: Session, connection: Connection
) -> None:
    reading = make_counted(session, connection, unsynced=1)
    left_out = {"state": RemoteState.LEFT_OUT, "name": "Ari"}
    make_remote_customer(session, reading, status="archived", **left_out)
    make_remote_customer(session, reading, kind="sub_customer", **left_out)

    for show in ("archived", "sub_customers"):
        html = ada.get(f"{REVIEW}?show={show}").text

        assert _names(html) == ["Ari"]
        assert _boxes(html) == []
        assert 'id="selected"' not in html


def test_zoe_sees_nobody_of_another_company(
    zoe: Browser, session: Session, connection: Connection
) -> None:
    make_counted(session, connection, unsynced=1)

    answer = zoe.get(f"{REVIEW}?q=customer")

    assert answer.status_code == 409
    assert "Customer 000" not in text_of(answer)
