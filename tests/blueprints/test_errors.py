"""Every error ends in a status that is true and a sentence with a next step."""

from __future__ import annotations

import inspect
import logging
import pkgutil
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from importlib import import_module
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

import services
from blueprints import customers, provider_page
from blueprints.error_pages import find_answer
from blueprints.errors import ANSWERS
from extensions import db
from tests.blueprints.support import QUICKBOOKS, Browser, htmx_headers, text_of
from tests.conftest import Clock

# They never reach a page: the ProviderError family, the end of a job or the start of the program
# stands for them.
INSIDE = {
    "BackupImpossible",
    "BadDatabaseUrl",
    "BadSmtpUrl",
    "CallBudgetUsed",
    "ChildDied",
    "DeltaNotPossible",
    "FieldLost",
    "LeaseLost",
    "MoveImpossible",
    "NoLongerWanted",
    "NotStrictJson",
    "OpenFolder",
    "OtherAccountAnswered",
    "ProcessEnds",
    "RefusedAddress",
    "ServerUsesOtherKeys",
    "TokenRefused",
    "Withdrawn",
    "_NoPermission",
}


BUSY = "BlueClerk is busy writing. Nothing was changed. Try again in a moment."


def _domain_errors() -> set[type[Exception]]:
    found = set()
    for module in pkgutil.walk_packages(services.__path__, "services."):
        for _name, thing in inspect.getmembers(import_module(module.name), inspect.isclass):
            if issubclass(thing, Exception) and thing.__module__.startswith("services."):
                found.add(thing)
    return {error for error in found if error.__name__ not in INSIDE}


def test_there_are_domain_errors_to_look_at() -> None:
    assert len(_domain_errors()) > 20


@pytest.mark.parametrize("error", sorted(_domain_errors(), key=lambda error: error.__name__))
def test_every_domain_error_has_a_row(error: type[Exception]) -> None:
    rows = [row for parent in error.__mro__ if (row := ANSWERS.get(parent))]

    assert rows, f"{error.__name__} needs a row in blueprints/errors.py"
    assert rows[0].status in (400, 404, 409, 410, 422, 429, 503)
    assert rows[0].title
    assert rows[0].sentence.endswith(".")


def test_an_error_without_a_row_is_a_mistake_of_ours(app: Flask) -> None:
    with app.test_request_context(), pytest.raises(KeyError):
        find_answer(RuntimeError())


@pytest.mark.logs_on_purpose
def test_what_nobody_expected_has_a_reference_that_is_in_the_log(
    ada: Browser, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def break_down(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError("ada@example.com is in here")

    monkeypatch.setattr(customers, "list_customers", break_down)

    with caplog.at_level(logging.ERROR):
        answer = ada.get("/customers")

    reference = re.search(r"e-[0-9a-f]{6}", answer.text)
    assert answer.status_code == 500
    assert reference
    assert reference[0] in caplog.text
    assert "Something broke on our side" in text_of(answer)
    assert "ada@example.com" not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Content-Security-Policy" in answer.headers


def test_what_nobody_expected_is_told_inside_the_region_that_asked(
    ada: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*_args: object, **_kwargs: object) -> None:
        raise OperationalError("SELECT 1", {}, Exception("disk I/O error"))

    monkeypatch.setattr(provider_page, "view_connection", break_down)

    answer = ada.htmx_get(f"{QUICKBOOKS}/unsynced?reading={'0' * 16}")

    assert answer.status_code == 500
    assert answer.headers["HX-Reswap"] == "innerHTML"
    assert "<!doctype" not in answer.text
    assert "Something broke on our side" in text_of(answer)
    assert "disk" not in answer.text


def test_an_address_that_leads_nowhere_says_so(ada: Browser) -> None:
    answer = ada.get("/nothing")

    assert answer.status_code == 404
    assert "There is nothing at this address" in text_of(answer)
    assert "Go to customers" in text_of(answer)


def test_a_stranger_gets_the_same_page_without_the_navigation(stranger: Browser) -> None:
    answer = stranger.get("/nothing")

    assert answer.status_code == 404
    assert "Sign out" not in text_of(answer)


def test_a_slash_too_many_is_no_page(ada: Browser) -> None:
    assert ada.get("/customers/").status_code == 404


@pytest.fixture
def locked(app: Flask, ada: Browser, database_path: Path) -> Iterator[None]:
    """Somebody writes for longer than our requests wait; ada was signed in before."""
    ada.token()
    with app.app_context():
        event.listen(
            db.engine, "checkout", lambda opened, *_: opened.execute("PRAGMA busy_timeout=0")
        )
    with closing(sqlite3.connect(database_path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        yield


@pytest.mark.usefixtures("locked")
def test_a_busy_database_is_no_mistake_but_a_matter_of_a_moment(
    ada: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    answer = ada.post("/customers/new", {"name": "Blue Heron Bakery"})

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert BUSY in text_of(answer)
    assert "<!doctype" in answer.text
    assert "Traceback" not in caplog.text


@pytest.mark.usefixtures("locked")
def test_progress_is_not_replaced_by_the_words_of_a_busy_database(ada: Browser) -> None:
    path = f"{QUICKBOOKS}/unsynced"
    asks = htmx_headers(QUICKBOOKS)
    body, line = "div#unsynced-body", "details#unsynced"

    polled = ada.get(path, headers=asks | {"HX-Source": body, "HX-Target": body})
    opened = ada.get(path, headers=asks | {"HX-Source": line, "HX-Target": body})

    assert [polled.status_code, opened.status_code] == [503, 503]
    assert "HX-Ours" not in polled.headers
    assert opened.headers["HX-Ours"] == "1"


@pytest.mark.usefixtures("locked")
def test_what_was_typed_stays_below_the_words_of_a_busy_database(ada: Browser) -> None:
    answer = ada.htmx_post("/settings/reports/test")

    assert answer.status_code == 503
    assert answer.headers["HX-Reswap"] == "afterbegin"
    assert BUSY in text_of(answer)


@pytest.mark.usefixtures("locked")
def test_a_busy_database_is_told_inside_the_region_that_asked(ada: Browser) -> None:
    answer = ada.htmx_get(f"{QUICKBOOKS}/unsynced")

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert answer.headers["HX-Reswap"] == "innerHTML"
    assert BUSY in text_of(answer)
    assert "<!doctype" not in answer.text


@pytest.mark.usefixtures("locked")
def test_a_page_that_only_reads_is_shown_while_somebody_writes(ada: Browser, clock: Clock) -> None:
    clock.advance(hours=2)

    answer = ada.get("/customers")

    assert answer.status_code == 200


def test_a_page_without_its_database_says_so_and_comes_back_by_itself(
    app: Flask, ada: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = OperationalError("SELECT", {}, Exception("gone"), connection_invalidated=True)

    def break_off(*_arguments: object) -> None:
        raise gone

    with app.app_context():
        event.listen(db.engine, "before_execute", break_off)
        answer = ada.get("/customers")
        event.remove(db.engine, "before_execute", break_off)

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "BlueClerk lost its database for a moment" in text_of(answer)
    assert ada.get("/customers").status_code == 200
