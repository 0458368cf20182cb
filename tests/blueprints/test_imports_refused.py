"""Imports that are not started, or not for everybody: bad input, changed lists, other people."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.orm import Session

from models import Bin, Connection, RemoteState
from tests.blueprints.importing import (
    IMPORTS,
    REVIEW,
    bins_of,
    ids_of,
    names_here,
    runs_of,
    unsynced_ids,
)
from tests.blueprints.support import QUICKBOOKS, Browser, make_counted, text_of
from tests.factories import (
    NOW,
    make_account,
    make_connection,
    make_customer,
    make_link,
    make_reading,
    make_remote_customer,
)


@pytest.mark.parametrize(
    "form", [{}, {"id": ""}, {"id": "x"}, {"id": ["../../x", "\x00"]}, {"scope": "yes"}]
)
def test_whoever_ticks_nobody_is_told_in_the_list(
    ada: Browser, session: Session, connection: Connection, form: dict[str, Any]
) -> None:
    make_counted(session, connection, unsynced=2)

    answer = ada.post(IMPORTS, form | {"from": "list", "show": "unsynced", "q": "001"})

    assert answer.status_code == 422
    assert "No customer was chosen. Choose at least one." in text_of(answer)
    assert 'name="q" value="001"' in answer.text
    assert runs_of(session) == []


def test_all_of_a_list_that_has_changed_since_are_not_imported(
    ada: Browser, session: Session, connection: Connection
) -> None:
    seen = make_counted(session, connection, unsynced=2)
    make_reading(session, connection, counted_count=2, finished_at=NOW - timedelta(seconds=5))

    for confirmed in ("", "1"):
        form = {"scope": "all", "reading": seen.public_id, "confirmed": confirmed}
        answer = ada.post(IMPORTS, form)

        assert answer.status_code == 409
        assert "The list has changed." in text_of(answer)
        assert "2 of 2 customers in QuickBooks are not yet imported" in text_of(answer)
    assert runs_of(session) == []


@pytest.mark.parametrize("reading", ["", "x", "0" * 16, "' OR 1=1"])
def test_all_of_a_list_nobody_saw_are_not_imported(
    ada: Browser, session: Session, connection: Connection, reading: str
) -> None:
    make_counted(session, connection, unsynced=2)

    answer = ada.post(IMPORTS, {"scope": "all", "reading": reading, "confirmed": "1"})

    assert answer.status_code == 409
    assert runs_of(session) == []


def test_what_happened_to_the_named_meanwhile_is_told_with_its_reason(
    ada: Browser,
    session: Session,
    connection: Connection,
    people: SimpleNamespace,
    run_jobs: Callable[[], None],
) -> None:
    reading = make_counted(session, connection, unsynced=1)
    make_remote_customer(session, reading, name="Ida", state=RemoteState.IGNORED)
    make_remote_customer(session, reading, name="Vera", state=RemoteState.VANISHED)
    make_remote_customer(session, reading, name="Ari", state=RemoteState.LEFT_OUT)
    linked = make_remote_customer(session, reading, name="Lina")
    make_link(session, linked, make_customer(session, people.company))

    answer = ada.post(IMPORTS, {"id": ids_of(session, *RemoteState)})
    run_jobs()
    receipt = ada.get(answer.location)

    text = text_of(receipt)
    assert bins_of(receipt) == {"Created": 1, "Linked": 0, "Skipped": 2, "Failed": 2}
    assert "Finished, 2 failed" in text
    assert "Ida Skipped Ignored meanwhile." in text
    assert "Lina Skipped Already linked meanwhile." in text
    assert "Vera Failed No longer in the accounting software." in text
    assert "Ari Failed No longer counted there: archived, or no customer of its own." in text


def test_whoever_is_ignored_before_the_job_comes_is_skipped(
    ada: Browser, session: Session, connection: Connection, run_jobs: Callable[[], None]
) -> None:
    make_counted(session, connection, unsynced=2)
    first, second = unsynced_ids(session)
    answer = ada.post(IMPORTS, {"id": [first, second]})
    ada.post(f"{QUICKBOOKS}/ignore", {"id": first})

    run_jobs()

    assert bins_of(ada.get(answer.location))["Skipped"] == 1
    assert names_here(session) == ["Customer 001"]
    assert ids_of(session, RemoteState.IGNORED) == [first]


def test_zoe_cannot_import_customers_of_another_company(
    zoe: Browser, session: Session, connection: Connection, people: SimpleNamespace
) -> None:
    reading = make_counted(session, connection, unsynced=2)
    theirs = unsynced_ids(session)
    make_reading(session, make_connection(session, make_account(session, people.other)))

    named = zoe.post(IMPORTS, {"id": theirs})
    every = zoe.post(IMPORTS, {"scope": "all", "reading": reading.public_id})

    assert (named.status_code, every.status_code) == (422, 409)
    assert "Customer 00" not in text_of(named) + text_of(every)
    assert runs_of(session) == []


def test_naming_thousands_is_too_much_at_once(ada: Browser, connection: Connection) -> None:
    assert ada.post(IMPORTS, {"id": ["0" * 16] * 201}).status_code == 413


def test_a_member_cannot_import(mel: Browser, session: Session, connection: Connection) -> None:
    reading = make_counted(session, connection, unsynced=1)

    answers = [
        mel.post(IMPORTS, {"id": unsynced_ids(session)}),
        mel.post(IMPORTS, {"scope": "all", "reading": reading.public_id, "confirmed": "1"}),
        mel.get(f"{IMPORTS}/new"),
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert runs_of(session) == []


def test_without_a_connection_nothing_is_imported(ada: Browser) -> None:
    answers = [ada.post(IMPORTS, {"id": "0" * 16}), ada.post(IMPORTS), ada.get(f"{IMPORTS}/new")]

    assert [answer.status_code for answer in answers] == [409, 409, 409]
    assert "QuickBooks is not connected" in text_of(answers[0])


@pytest.mark.parametrize("has_reading", [True, False])
def test_there_is_nothing_to_ask_when_nobody_is_left(
    ada: Browser, session: Session, connection: Connection, has_reading: bool
) -> None:
    if has_reading:
        make_counted(session, connection, unsynced=0)

    answer = ada.get(f"{IMPORTS}/new")

    assert (answer.status_code, answer.location) == (303, REVIEW)


def test_an_import_of_all_warns_whom_it_creates_without_a_decision(
    ada: Browser, session: Session, connection: Connection
) -> None:
    reading = make_counted(session, connection, unsynced=2)
    make_remote_customer(session, reading, bin=Bin.MAYBE)

    asked = ada.get(f"{IMPORTS}/new")

    assert bins_of(asked) == {"Create": 3, "Link": 0}
    assert "1 of those to create looks like somebody." in text_of(asked)
    assert "show=maybe" in asked.text


def test_an_import_of_one_filter_only_is_asked_for_in_the_list(
    ada: Browser, session: Session, connection: Connection
) -> None:
    make_counted(session, connection, unsynced=2)

    answer = ada.get(f"{IMPORTS}/new?show=same")

    assert answer.status_code == 303
    assert answer.headers["Location"].endswith("/review?show=same")


@pytest.mark.parametrize(
    ("count", "says"), [(1, "This customer waits"), (2, "These 2 customers wait")]
)
def test_whoever_waits_for_a_decision_is_not_imported_but_compared(
    ada: Browser, session: Session, connection: Connection, count: int, says: str
) -> None:
    reading = make_counted(session, connection, unsynced=1)
    maybes = [make_remote_customer(session, reading, bin=Bin.MAYBE) for _ in range(count)]
    form = {"id": [f"{row.public_id}:{row.revision}" for row in maybes], "from": "list"}

    answer = ada.post(IMPORTS, form)

    assert answer.status_code == 409
    assert f"{says} for your decision. Nothing was started. Compare" in text_of(answer)
    row = maybes[0].public_id
    assert f"{REVIEW}?show=maybe&amp;compare={row}#row-{row}" in answer.text
    assert runs_of(session) == []
