"""A person with a browser, and rows that many tests of pages start from."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

from flask import Flask, session
from flask.testing import FlaskClient
from flask_login import login_user
from flask_wtf.csrf import generate_csrf
from sqlalchemy.orm import Session
from werkzeug.security import generate_password_hash
from werkzeug.test import TestResponse

from blueprints.guards import BrowserUser, get_runtime
from blueprints.proof import PROOF
from models import Connection, Reading, ReadingFailure, ReadingState
from services.sign_ins import find_sign_in, sign_in
from tests.factories import NOW, make_reading, make_remote_customer
from tests.quick_hashes import QUICK_METHOD

PASSWORD = "demo-password"
# The same check as in production with the smallest cost, because every test signs in.
CHEAP_HASH = generate_password_hash(PASSWORD, method=QUICK_METHOD)
QUICKBOOKS = "/settings/integrations/quickbooks"
SENTENCE = "customers in QuickBooks are not yet imported into BlueClerk"


class Browser:
    """A person with a browser. `htmx…` asks as htmx does, the others as a browser does."""

    def __init__(self, app: Flask) -> None:
        self.client: FlaskClient = app.test_client()
        self._token = ""

    def sign_in(
        self, email: str, *, path: str = "/login", password: str = PASSWORD
    ) -> TestResponse:
        answer = self.client.get(path)
        form = {"email": email, "password": password, "csrf_token": find_token(answer)}
        return self.client.post(path, data=form)

    def enter(self, email: str) -> None:
        """Be signed in as the form would do it, without the two pages that this takes."""
        with self.client.application.test_request_context():
            runtime = get_runtime()
            with runtime.sessions() as database:
                token = sign_in(database, email=email, password=PASSWORD, now=runtime.clock())
                who = find_sign_in(database, token, now=runtime.clock())
            assert who
            session.permanent = True
            login_user(BrowserUser(who, token))
            self._token = generate_csrf()
            values = dict(session)
        with self.client.session_transaction() as kept:
            kept.update(values)

    def get(self, path: str, **kwargs: Any) -> TestResponse:
        return self.client.get(path, buffered=True, **kwargs)

    def post(self, path: str, form: dict[str, Any] | None = None, **kwargs: Any) -> TestResponse:
        form = (form or {}) | {"csrf_token": self.token()}
        return self.client.post(path, data=form, **kwargs)

    def htmx_get(self, path: str, *, page: str = QUICKBOOKS) -> TestResponse:
        return self.client.get(path, headers=htmx_headers(page))

    def htmx_post(
        self, path: str, form: dict[str, Any] | None = None, *, page: str = QUICKBOOKS
    ) -> TestResponse:
        return self.post(path, form, headers=htmx_headers(page))

    def token(self) -> str:
        self._token = self._token or find_token(self.client.get("/customers"))
        return self._token


def htmx_headers(page: str) -> dict[str, str]:
    return {"HX-Request": "true", "HX-Current-URL": f"http://localhost{page}"}


def find_token(answer: TestResponse) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', answer.text)
    assert found, answer.text
    return found[1]


def kept_fields(answer: TestResponse) -> dict[str, list[str]]:
    """Return what the page that asks would send again, but its own token."""
    found = re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', answer.text)
    fields: dict[str, list[str]] = {}
    for name, value in found:
        fields.setdefault(unescape(name), []).append(unescape(value))
    return {name: values for name, values in fields.items() if name != "csrf_token"}


def confirm(browser: Browser, asked: TestResponse, password: str = PASSWORD) -> TestResponse:
    """Type the password into the page and press its button."""
    action = re.findall(r'<form method="post" action="([^"]+)"', asked.text)[-1]
    return browser.post(unescape(action), {**kept_fields(asked), PROOF: password})


def text_of(answer: TestResponse) -> str:
    """The words of a page, without its tags."""
    inline = re.sub(r"</?(?:a|b|bdi|code|small|span|strong)\b[^>]*>", "", answer.text)
    words = re.sub(r"<[^>]+>", " ", inline).replace("&#39;", "'").replace("&amp;", "&")
    return re.sub(r"\s+", " ", words)


def make_counted(
    session: Session, connection: Connection, *, unsynced: int, **overrides: Any
) -> Reading:
    """A finished reading of ten seconds ago, with that many unsynced customers."""
    values = {
        "finished_at": NOW - timedelta(seconds=10),
        "call_count": 3,
        "counted_count": unsynced,
        "unsynced_count": unsynced,
    }
    reading = make_reading(session, connection, **values | overrides)
    for number in range(unsynced):
        make_remote_customer(session, reading, name=f"Customer {number:03}")
    return reading


def make_failed(session: Session, connection: Connection, failure: ReadingFailure) -> Reading:
    """A reading that failed a second ago, after a thousand customers."""
    return make_reading(
        session,
        connection,
        state=ReadingState.FAILED,
        failure=failure,
        finished_at=NOW - timedelta(seconds=1),
        read_count=1000,
        failure_reference="1-abc",
        retry_at=NOW + timedelta(seconds=40) if failure is ReadingFailure.RATE_LIMITED else None,
    )


def poll_address(answer: TestResponse) -> str | None:
    """The address that the answered fragment asks next, None when it has stopped asking."""
    found = re.search(r'id="unsynced-body"[^>]*hx-get="([^"]+)"', answer.text)
    return found[1].replace("&amp;", "&") if found else None
