"""The list's region by itself: its address in the browser, and while customers are compared."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from blueprints import unsynced
from models import Bin, Connection, Reading, RemoteCustomer, WhyUnsynced
from tests.blueprints.importing import REVIEW
from tests.blueprints.support import QUICKBOOKS, Browser, make_counted, text_of
from tests.factories import NOW, make_record, make_remote_customer
from tests.fakes import FakeAccountingClient

LIST, WAITING, BINS = f"{REVIEW}/list", f"{REVIEW}/waiting", f"{QUICKBOOKS}/unsynced/bins"


@pytest.fixture
def waiting(session: Session, connection: Connection) -> Reading:
    """Two who were compared, and three who wait for it."""
    reading = make_counted(session, connection, unsynced=2, counted_count=5)
    for _ in range(3):
        make_remote_customer(session, reading, kept_revision=0)
    return reading


def _compare_all(session: Session) -> None:
    session.query(RemoteCustomer).update({"bin": Bin.NEW})
    session.commit()


def _polls(html: str, region: str) -> str | None:
    found = re.search(rf'id="{region}"[^>]*hx-get="([^"]+)"', html)
    return found[1].replace("&amp;", "&") if found else None


@pytest.mark.parametrize("path", [LIST, WAITING])
def test_a_region_opened_by_a_browser_leads_to_its_page(
    ada: Browser, waiting: Reading, path: str
) -> None:
    answer = ada.get(f"{path}?show=new&q=a+b&sort=name&x=1")

    assert (answer.status_code, answer.location) == (303, f"{REVIEW}?show=new&q=a+b&sort=name")


@pytest.mark.parametrize(
    ("before", "asked", "header"),
    [
        ("", "?q=bro", "HX-Push-Url"),
        ("?q=bro", "?q=brown", "HX-Replace-Url"),
        ("?q=bro", "?q=brown&sort=name", "HX-Push-Url"),
        ("?q=bro", "", "HX-Push-Url"),
        ("?show=maybe", f"?show=maybe&compare={'0' * 16}", None),
        ("?q=brown", "?q=brown", None),
    ],
)
def test_the_browser_learns_the_address_of_the_page(
    ada: Browser, waiting: Reading, before: str, asked: str, header: str | None
) -> None:
    answer = ada.htmx_get(f"{LIST}{asked}", page=f"{REVIEW}{before}")

    told = {name: value for name, value in answer.headers if name.endswith("-Url")}
    assert told == ({header: f"{REVIEW}{asked}"} if header else {})


def test_while_some_are_compared_the_list_says_so_and_looks_again(
    ada: Browser, session: Session, waiting: Reading
) -> None:
    page = ada.get(f"{REVIEW}?sort=name")
    poll = _polls(page.text, "waiting")
    assert poll
    still = ada.htmx_get(poll, page=REVIEW)
    _compare_all(session)
    ready = ada.htmx_get(poll, page=REVIEW)

    assert "Comparing 3 customers with yours …" in text_of(page)
    assert "need you · 3 being compared · " in text_of(page)
    assert "Look again" in text_of(page)
    assert "Comparing 3 customers with yours …" in text_of(still)
    assert (_polls(still.text, "waiting") or "").startswith(WAITING)
    assert _polls(ready.text, "waiting") == f"{LIST}?sort=name"
    assert "Comparing" not in text_of(ada.get(REVIEW))


def test_while_some_are_compared_the_alert_shows_no_bins(
    ada: Browser, session: Session, waiting: Reading
) -> None:
    opened = ada.htmx_get(f"{QUICKBOOKS}/unsynced")
    poll = _polls(opened.text, "unsynced-first")
    assert poll
    _compare_all(session)
    ready = ada.htmx_get(poll)

    assert "Comparing 3 customers with yours …" in text_of(opened)
    assert "not here in any form" not in text_of(opened)
    assert "0 Same already here" in text_of(ready)
    assert "5 New not here in any form" in text_of(ready)
    assert _polls(ready.text, "unsynced-first") is None
    assert ada.get(BINS).location == f"{QUICKBOOKS}?opened=1"


def test_a_row_says_why_it_is_not_here(
    ada: Browser, session: Session, connection: Connection
) -> None:
    reading = make_counted(session, connection, unsynced=1)
    failed = {"why": WhyUnsynced.FAILED, "why_text": "the name is too long"}
    make_remote_customer(session, reading, **failed)
    make_remote_customer(session, reading, why=WhyUnsynced.UNLINKED, why_at=NOW)

    text = text_of(ada.get(REVIEW))

    assert "never imported" in text
    assert "failed last time" in text
    assert "Failed: the name is too long." in text
    assert "unlinked by undo" in text
    assert "Failed 1" in text


def test_who_came_since_somebody_looked_is_new(
    ada: Browser, session: Session, connection: Connection
) -> None:
    make_counted(session, connection, unsynced=1)
    connection.looked_at, connection.looked_reading_id = NOW, 0
    session.commit()

    assert "new today" in text_of(ada.get(REVIEW))


def test_nobody_of_another_company_is_compared(
    zoe: Browser, ada: Browser, waiting: Reading
) -> None:
    for path in (LIST, WAITING, f"{REVIEW}.csv", BINS):
        assert zoe.htmx_get(path).status_code in (404, 409)


def test_checking_again_from_the_list_leads_back_to_its_place(
    ada: Browser,
    session: Session,
    connection: Connection,
    books: FakeAccountingClient,
    run_jobs: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    books.records = [make_record() for _ in range(3)]
    make_counted(session, connection, unsynced=3)
    page = ada.get(f"{REVIEW}?show=new")
    form = {"from": "list", "show": "new", "q": "x"}

    running = ada.post(f"{QUICKBOOKS}/check", form)
    monkeypatch.setattr(unsynced, "look_for_end", lambda *_, **__: run_jobs())
    ended = ada.post(f"{QUICKBOOKS}/check", form)

    assert " ago · Check again" in text_of(page)
    assert running.location.startswith(f"{QUICKBOOKS}?reading=")
    assert (ended.status_code, ended.location) == (303, f"{REVIEW}?show=new&q=x")
