"""The password again: asked before what matters, and nothing is done before it is right."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from models import Connection, ReportSettings
from tests.blueprints.support import PASSWORD, QUICKBOOKS, Browser, text_of
from tests.conftest import Clock
from tests.fakes import FakeAccountingClient, FakeAuthorization

DISCONNECT, CONNECT = f"{QUICKBOOKS}/disconnect", f"{QUICKBOOKS}/connect"
SETTINGS = "/settings/reports"


@pytest.fixture(autouse=True)
def provider(consent: FakeAuthorization, books: FakeAccountingClient) -> SimpleNamespace:
    return SimpleNamespace(consent=consent, books=books)


@pytest.fixture
def ada_later(ada: Browser, connection: Connection, clock: Clock) -> Browser:
    """Ada, whose password was typed 16 minutes ago."""
    ada.get(QUICKBOOKS)
    clock.advance(minutes=16)
    return ada


def _confirm(browser: Browser, page: str, password: str = PASSWORD) -> TestResponse:
    return browser.post(f"/account/confirm?next={page}", {"password": password})


def _is_saved(session: Session) -> bool:
    found = session.query(ReportSettings).count()
    session.rollback()  # SQLite's lock would wait for the end of the test
    return found == 1


def test_a_fresh_sign_in_counts(ada: Browser, connection: Connection) -> None:
    answer = ada.post(DISCONNECT)

    assert (answer.status_code, answer.location) == (303, QUICKBOOKS)


def test_later_a_form_is_not_carried_out_and_the_page_says_so(
    ada_later: Browser, provider: SimpleNamespace
) -> None:
    came_from = {"Referer": f"http://localhost{DISCONNECT}"}

    answer = ada_later.post(DISCONNECT, headers=came_from)

    assert (answer.status_code, answer.location) == (303, f"/account/confirm?next={DISCONNECT}")
    text = text_of(ada_later.get(answer.location))
    assert "Confirm that it is you" in text and "Nothing was changed yet." in text
    assert "QuickBooks Online Connected" in text_of(ada_later.get(QUICKBOOKS))
    assert provider.consent.revoked == []


def test_the_password_leads_back_to_the_page_where_the_button_works(
    ada_later: Browser, provider: SimpleNamespace
) -> None:
    ada_later.post(DISCONNECT, headers={"Referer": f"http://localhost{DISCONNECT}"})

    answer = _confirm(ada_later, DISCONNECT)

    assert (answer.status_code, answer.location) == (303, DISCONNECT)
    page = text_of(ada_later.get(DISCONNECT))
    assert "Nothing was changed yet. Now press “Disconnect and keep the links” again." in page
    assert ada_later.post(DISCONNECT).location == QUICKBOOKS
    assert len(provider.consent.revoked) == 1


def test_htmx_is_led_to_the_question_too(ada_later: Browser) -> None:
    answer = ada_later.htmx_post(SETTINGS, page=SETTINGS)

    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == f"/account/confirm?next={SETTINGS}"


def test_connect_goes_on_by_itself_over_a_page_that_is_no_redirect(ada_later: Browser) -> None:
    asked = ada_later.get(f"{CONNECT}?other=1").location

    confirmed = ada_later.post(asked, {"password": PASSWORD})
    page = ada_later.get(confirmed.location)

    assert asked == f"/account/confirm?next={CONNECT}?other%3D1"
    assert confirmed.location == asked
    assert page.status_code == 200
    found = re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', page.text)
    assert found and found[1] == f"{CONNECT}?other=1"
    assert ada_later.get(found[1]).location.startswith("https://provider.example/consent?")


def test_the_report_settings_are_saved_only_after_it(
    ada_later: Browser, session: Session, people: SimpleNamespace
) -> None:
    form = {"hour": "7", "empty": "skip", "zone": "UTC"}
    page = text_of(ada_later.get(SETTINGS))

    refused = ada_later.post(SETTINGS, form, headers={"Referer": f"http://localhost{SETTINGS}"})

    assert "Changes here need your password" in page
    assert refused.location == f"/account/confirm?next={SETTINGS}"
    assert not _is_saved(session)
    _confirm(ada_later, SETTINGS)
    page = text_of(ada_later.get(SETTINGS))
    assert "what you filled in is gone. Fill it in again and press “Save”." in page
    assert "need your password" not in page
    assert ada_later.post(SETTINGS, form).location == SETTINGS
    assert _is_saved(session)


def test_a_wrong_password_changes_nothing_and_ten_of_them_have_to_wait(ada_later: Browser) -> None:
    answers = [_confirm(ada_later, SETTINGS, "not-my-password") for _ in range(11)]

    assert [answer.status_code for answer in answers] == [422] * 10 + [429]
    assert "That is not your password. Nothing was changed. Try again." in text_of(answers[0])
    assert "Try again in 15 minutes." in text_of(answers[-1])
    assert answers[-1].headers["Retry-After"] == "900"
    assert _confirm(ada_later, SETTINGS).status_code == 429


def test_after_the_password_a_cookie_that_was_copied_before_is_worth_nothing(
    ada_later: Browser,
) -> None:
    copied = ada_later.client.get_cookie("blueclerk")
    _confirm(ada_later, SETTINGS)
    assert copied is not None and ada_later.get("/customers").status_code == 200

    ada_later.client.set_cookie("blueclerk", copied.value)

    assert ada_later.get("/customers").status_code == 303


def test_looking_at_a_page_brings_no_old_cookie_back(ada: Browser) -> None:
    ada.get("/customers")

    answer = ada.get("/customers")

    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("page", ["https://evil.example/", "//evil.example", "/\\evil"])
def test_the_way_back_stays_on_this_site(ada_later: Browser, page: str) -> None:
    answer = _confirm(ada_later, page)

    assert answer.location == "/"


def test_a_member_confirms_like_anybody(mel: Browser, clock: Clock) -> None:
    clock.advance(minutes=16)

    answer = _confirm(mel, "/customers")

    assert answer.location == "/customers"
