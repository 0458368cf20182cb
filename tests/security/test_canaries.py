"""Known secrets and names go through connecting, reading, failing and mailing; nothing shows them.

The real adapters speak to imitated providers, and every logger is at DEBUG.
"""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import requests_mock
from requests_mock.mocker import Mocker

from jobs.tasks import deliver_reports, tick
from services.mail import BrokenOff
from services.providers.contract import ReconnectRequired
from tests.blueprints.support import PASSWORD, Browser
from tests.security.house import House
from tests.security.imitated_providers import IMITATIONS, NAMES, TOKENS, Imitation

QUICKBOOKS, *OTHERS = IMITATIONS
BODY = " ".join((*TOKENS, *NAMES))
FAULT = {"Fault": {"Error": [{"Message": BODY, "Detail": BODY, "code": "3200"}], "type": BODY}}
TROUBLES: dict[str, dict[str, Any]] = {
    "401": {"status_code": 401, "json": FAULT},
    "403": {"status_code": 403, "json": FAULT},
    "400": {"status_code": 400, "json": FAULT},
    "429": {"status_code": 429, "text": BODY, "headers": {"Retry-After": "90"}},
    "500": {"status_code": 500, "text": f"<html>{BODY}</html>"},
    "html": {"status_code": 200, "text": f"<html>{BODY}</html>"},
    "other": {"status_code": 200, "json": {"QueryResponse": BODY}},
    "redirect": {"status_code": 307, "headers": {"Location": f"https://evil.example/{BODY}"}},
    "silent": {"exc": requests.exceptions.ConnectTimeout(BODY)},
    "broken": {"exc": requests.exceptions.ChunkedEncodingError(BODY)},
}


@pytest.fixture(params=[QUICKBOOKS, *(pytest.param(key, marks=pytest.mark.full) for key in OTHERS)])
def provider(
    request: pytest.FixtureRequest, house: House, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Imitation, Mocker]]:
    """One of the three, with one customer, and all that may be changed of its answers."""
    monkeypatch.setattr("services.providers.transport.TRIES", 1)
    # FreshBooks sends nobody back to any other address.
    runtime = replace(house.runtime, public_base_url="https://blueclerk.example.com")
    house.app.extensions["runtime"] = runtime
    imitation = IMITATIONS[request.param]()
    with requests_mock.Mocker() as mocker:
        imitation.answer_as_usual(mocker)
        yield imitation, mocker


def _connect(browser: Browser, books: Imitation) -> None:
    asked = browser.get(f"{books.page}/connect{books.asked}").location
    state = parse_qs(urlsplit(asked).query)["state"][0]
    arguments = {"state": state, "code": TOKENS[2], **books.callback}
    assert browser.get(f"{books.page}/callback", query_string=arguments).status_code == 303


def _read(house: House, browser: Browser, books: Imitation) -> str:
    house.clock.advance(seconds=100)
    browser.htmx_post(f"{books.page}/check")
    house.run_jobs()
    return browser.htmx_get(f"{books.page}/unsynced").text


def _written(records: list[logging.LogRecord]) -> str:
    """Return all that any handler could make of the records."""
    lines = []
    for record in records:
        lines += [record.getMessage(), repr(record.args), repr(record.__dict__.get("extra"))]
        if record.exc_info:
            lines.append("".join(traceback.format_exception(*record.exc_info)))
    return "\n".join(lines)


def _stored(house: House) -> bytes:
    files = house.database.parent.glob(f"{house.database.name}*")
    return b"".join(path.read_bytes() for path in files)


def _found(text: str, canaries: tuple[str, ...]) -> list[str]:
    return [canary for canary in canaries if canary.lower() in text.lower()]


def test_nothing_secret_is_logged_shown_mailed_or_stored(
    house: House, provider: tuple[Imitation, Mocker], caplog: pytest.LogCaptureFixture
) -> None:
    books, mocker = provider
    caplog.set_level(logging.DEBUG)
    for name in ("requests_oauthlib", "oauthlib", "urllib3"):
        assert not logging.getLogger(name).isEnabledFor(logging.INFO), name
    ada = house.browser("ada")

    _connect(ada, books)
    pages = [_read(house, ada, books)]
    assert "1 of 1" in re.sub(r"<[^>]+>", "", pages[0])
    for trouble in TROUBLES.values():
        mocker.get(books.listing, **trouble)
        pages.append(_read(house, ada, books))
        if "Reconnect" in pages[-1]:
            mocker.get(books.listing, json=books.answer)
            _connect(ada, books)
    mocker.get(books.listing, json=books.answer)
    pages.append(_read(house, ada, books))
    house.clock.advance(days=1)
    house.outbox.errors["bookkeeper@quillfeather.example.org"] = BrokenOff(" ".join(NAMES))
    tick(house.runtime)
    deliver_reports(house.runtime)
    pages += [ada.get(path).text for path in ("/customers", "/settings/diagnostics", "/reports")]

    assert _found(_written(caplog.records), (*TOKENS, *NAMES, PASSWORD)) == []
    assert _found("".join(pages), (*TOKENS, PASSWORD)) == []
    assert _found(b"".join(house.outbox.received).decode("ascii", "replace"), TOKENS) == []
    stored = _stored(house)
    assert NAMES[0].encode() in stored, "the look into the file sees what is stored"
    assert [one for one in (*TOKENS, PASSWORD) if one.encode() in stored] == []


@pytest.mark.parametrize("answer", [{"status_code": 400}, {"status_code": 500}, {}])
def test_a_refused_renewal_shows_no_token(
    house: House,
    provider: tuple[Imitation, Mocker],
    caplog: pytest.LogCaptureFixture,
    answer: dict[str, Any],
) -> None:
    books, mocker = provider
    ada = house.browser("ada")
    _connect(ada, books)
    house.clock.advance(hours=2)
    error = {"error": "invalid_grant", "error_description": BODY, "access_token": [TOKENS[0]]}
    mocker.post(books.tokens, json=error, **answer)

    with caplog.at_level(logging.DEBUG):
        page = house.browser("ada").htmx_get(f"{books.page}/unsynced").text
        house.run_jobs()
        page += house.browser("ada").htmx_get(f"{books.page}/unsynced").text

    assert _found(_written(caplog.records), (*TOKENS, *NAMES)) == []
    assert _found(page, TOKENS) == []


def test_a_password_that_was_typed_is_nowhere(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    typed = "canary-of-a-password"

    with caplog.at_level(logging.DEBUG):
        answer = house.browser().sign_in("ada@example.com", password=typed)

    assert answer.status_code == 422
    assert typed not in answer.text
    assert _found(_written(caplog.records), (typed, "ada@example.com")) == []
    assert typed.encode() not in _stored(house)


def test_errors_of_providers_print_what_they_are_and_no_more() -> None:
    error = ReconnectRequired("invalid_grant", reference="1-abc", status=400)

    assert repr(error) == "ReconnectRequired('invalid_grant')"
