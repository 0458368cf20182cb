"""Ignore and restore: one, or all of these, in the alert and in the list."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Connection, RemoteCustomer, RemoteState
from tests.blueprints.support import QUICKBOOKS, SENTENCE, Browser, make_counted, text_of
from tests.factories import (
    NOW,
    make_account,
    make_company,
    make_connection,
    make_reading,
    make_remote_customer,
)

IGNORE = f"{QUICKBOOKS}/ignore"
RESTORE = f"{QUICKBOOKS}/restore"


def _ids(session: Session, *states: RemoteState) -> list[str]:
    """The public ids, with no transaction left open behind."""
    query = select(RemoteCustomer.public_id).where(RemoteCustomer.state.in_(states))
    with Session(session.get_bind()) as another:
        return list(another.scalars(query.order_by(RemoteCustomer.id)))


def _batch(html: str) -> str:
    return html.split('name="batch" value="')[1].split('"')[0]


def test_ignoring_one_counts_again_at_once_and_offers_the_way_back(
    ada: Browser, session: Session, connection: Connection
) -> None:
    make_counted(session, connection, unsynced=3)
    first, *_ = _ids(session, RemoteState.UNSYNCED)

    answer = ada.htmx_post(IGNORE, {"id": first})

    text = text_of(answer)
    assert answer.status_code == 200
    assert "You ignored 1 customer. Restore" in text
    assert f"2 of 3 {SENTENCE}" in text
    assert "Ignored 1 · show" in text


def test_ignoring_all_of_these_offers_to_restore_all_of_them(
    ada: Browser, session: Session, connection: Connection
) -> None:
    reading = make_counted(session, connection, unsynced=3)

    answer = ada.htmx_post(IGNORE, {"scope": "all", "reading": reading.public_id})

    text = text_of(answer)
    assert "You ignored 3 customers. Restore these 3" in text
    assert f"0 of 3 {SENTENCE}" in text
    assert len(_ids(session, RemoteState.IGNORED)) == 3


def test_restoring_takes_back_one_decision_and_no_other(
    ada: Browser, session: Session, connection: Connection
) -> None:
    reading = make_counted(session, connection, unsynced=3)
    first, *_ = _ids(session, RemoteState.UNSYNCED)
    ada.htmx_post(IGNORE, {"id": first})
    answer = ada.htmx_post(IGNORE, {"scope": "all", "reading": reading.public_id})

    restored = ada.htmx_post(RESTORE, {"batch": _batch(answer.text)})

    assert "You restored 2 customers." in text_of(restored)
    assert f"2 of 3 {SENTENCE}" in text_of(restored)
    assert _ids(session, RemoteState.IGNORED) == [first]


def test_a_list_that_has_changed_since_is_not_ignored_blindly(
    ada: Browser, session: Session, connection: Connection
) -> None:
    seen = make_counted(session, connection, unsynced=2)
    make_reading(session, connection, counted_count=2, finished_at=NOW - timedelta(seconds=5))

    answer = ada.htmx_post(IGNORE, {"scope": "all", "reading": seen.public_id})

    text = text_of(answer)
    assert answer.status_code == 409
    assert "The list has changed." in text
    assert f"2 of 2 {SENTENCE}" in text
    assert _ids(session, RemoteState.IGNORED) == []


def test_whoever_is_ignored_already_is_told_as_such(
    ada: Browser, session: Session, connection: Connection
) -> None:
    make_counted(session, connection, unsynced=2)
    first, _second = _ids(session, RemoteState.UNSYNCED)
    ada.htmx_post(IGNORE, {"id": first})

    answer = ada.htmx_post(IGNORE, {"id": first})

    assert answer.status_code == 409
    assert "Already decided. Somebody was faster" in text_of(answer)
    assert "1 of 2 customers in QuickBooks is not yet imported" in text_of(answer)


@pytest.mark.parametrize("path", [IGNORE, RESTORE])
@pytest.mark.parametrize(
    "form",
    [
        {},
        {"id": ""},
        {"id": "x"},
        {"id": "' OR 1=1"},
        {"id": ["../../x", "\x00"]},
        {"batch": "x", "reading": "y"},
        {"scope": "yes"},
    ],
)
def test_a_form_that_names_nobody_changes_nothing(
    ada: Browser, session: Session, connection: Connection, path: str, form: dict[str, Any]
) -> None:
    make_counted(session, connection, unsynced=2)

    answer = ada.htmx_post(path, form)

    assert answer.status_code == 422
    assert "No customer was named." in text_of(answer)
    assert len(_ids(session, RemoteState.UNSYNCED)) == 2


@pytest.mark.parametrize("reading", ["", "x", "0" * 16])
def test_all_of_a_list_nobody_saw_changes_nothing(
    ada: Browser, session: Session, connection: Connection, reading: str
) -> None:
    make_counted(session, connection, unsynced=2)

    answer = ada.htmx_post(IGNORE, {"scope": "all", "reading": reading})

    assert answer.status_code == 409
    assert len(_ids(session, RemoteState.UNSYNCED)) == 2


def test_naming_thousands_is_too_much_at_once(
    ada: Browser, session: Session, connection: Connection
) -> None:
    make_counted(session, connection, unsynced=1)

    answer = ada.htmx_post(IGNORE, {"id": ["0" * 16] * 201})

    assert answer.status_code == 413
    assert "That is too much at once" in text_of(answer)


def test_a_form_of_two_million_characters_is_too_much(ada: Browser, connection: Connection) -> None:
    answer = ada.htmx_post(IGNORE, {"id": "x" * 2_000_000})

    assert answer.status_code == 413


def test_fields_that_are_not_asked_for_are_not_listened_to(
    ada: Browser, session: Session, connection: Connection
) -> None:
    make_counted(session, connection, unsynced=2)
    first, second = _ids(session, RemoteState.UNSYNCED)

    ada.htmx_post(IGNORE, {"id": first, "state": "linked", "company_id": "2", "account_id": "9"})

    assert _ids(session, RemoteState.IGNORED) == [first]
    assert _ids(session, RemoteState.UNSYNCED) == [second]


def test_without_scripts_ignoring_leads_back_to_the_opened_alert(
    ada: Browser, session: Session, connection: Connection
) -> None:
    make_counted(session, connection, unsynced=2)
    first, _second = _ids(session, RemoteState.UNSYNCED)

    answer = ada.post(IGNORE, {"id": first})
    page = ada.get(answer.location)
    restored = ada.post(RESTORE, {"batch": _batch(page.text)})

    assert (answer.status_code, answer.location) == (303, f"{QUICKBOOKS}?opened=1")
    assert "You ignored 1 customer. Restore" in text_of(page)
    assert "You restored 1 customer." in text_of(ada.get(restored.location))


def test_without_scripts_a_conflict_is_a_page_with_the_alert_as_it_stands(
    ada: Browser, session: Session, connection: Connection
) -> None:
    make_counted(session, connection, unsynced=2)

    answer = ada.post(IGNORE, {"scope": "all", "reading": "0" * 16})

    assert answer.status_code == 409
    assert "<!doctype html>" in answer.text
    assert "The list has changed." in text_of(answer)
    assert f"2 of 2 {SENTENCE}" in text_of(answer)


def test_deciding_in_the_list_stays_in_the_list(
    ada: Browser, session: Session, connection: Connection
) -> None:
    make_counted(session, connection, unsynced=2)
    first, _second = _ids(session, RemoteState.UNSYNCED)
    form = {"id": first, "from": "list", "show": "unsynced"}

    answer = ada.htmx_post(IGNORE, form, page=f"{QUICKBOOKS}/review")

    assert answer.text.lstrip().startswith('<div id="review"')
    assert "You ignored 1 customer. Restore" in text_of(answer)
    assert "All 1" in text_of(answer)
    assert "Customer 000" not in text_of(answer)


def test_without_scripts_deciding_in_the_list_leads_back_to_the_same_place(
    ada: Browser, session: Session, connection: Connection
) -> None:
    make_counted(session, connection, unsynced=2)
    first, _second = _ids(session, RemoteState.UNSYNCED)
    ada.post(IGNORE, {"id": first})

    answer = ada.post(RESTORE, {"id": first, "from": "list", "show": "ignored"})

    assert (answer.status_code, answer.location) == (303, f"{QUICKBOOKS}/review?show=ignored")
    assert "You restored 1 customer." in text_of(ada.get(answer.location))


def test_a_conflict_in_the_list_is_told_in_the_list(
    ada: Browser, session: Session, connection: Connection
) -> None:
    make_counted(session, connection, unsynced=2)
    form = {"scope": "all", "reading": "0" * 16, "from": "list"}

    fragment, page = ada.htmx_post(IGNORE, form), ada.post(IGNORE, form)

    assert (fragment.status_code, page.status_code) == (409, 409)
    assert "The list has changed." in text_of(fragment)
    assert "<!doctype html>" in page.text


def test_zoe_cannot_decide_about_customers_of_another_company(
    zoe: Browser, session: Session, connection: Connection, people: Any
) -> None:
    make_counted(session, connection, unsynced=2)
    theirs = _ids(session, RemoteState.UNSYNCED)
    hers = make_account(session, people.other)
    make_reading(session, make_connection(session, hers))

    answers = [
        zoe.htmx_post(IGNORE, {"id": theirs}),
        zoe.htmx_post(IGNORE, {"scope": "all", "reading": "0" * 16}),
        zoe.htmx_post(RESTORE, {"id": theirs}),
    ]

    assert [answer.status_code for answer in answers] == [404, 409, 404]
    assert _ids(session, RemoteState.UNSYNCED) == theirs


def test_a_batch_of_another_company_is_not_restored(
    ada: Browser, zoe: Browser, session: Session, connection: Connection, people: Any
) -> None:
    reading = make_counted(session, connection, unsynced=1)
    hers = make_account(session, make_company(session), company_id=people.other.id)
    make_reading(session, make_connection(session, hers))
    answer = ada.htmx_post(IGNORE, {"scope": "all", "reading": reading.public_id})

    zoe.htmx_post(RESTORE, {"batch": _batch(answer.text)})

    assert len(_ids(session, RemoteState.IGNORED)) == 1


def test_deciding_without_a_connection_is_refused(ada: Browser, session: Session) -> None:
    answer = ada.htmx_post(IGNORE, {"id": "0" * 16})

    assert answer.status_code == 409
    assert "QuickBooks is not connected" in text_of(answer)


def test_restoring_somebody_archived_meanwhile_leaves_him_out(
    ada: Browser, session: Session, connection: Connection
) -> None:
    reading = make_counted(session, connection, unsynced=1)
    archived = make_remote_customer(
        session, reading, state=RemoteState.IGNORED, is_counted=False, status="archived"
    )

    answer = ada.htmx_post(RESTORE, {"id": archived.public_id})

    assert "1 of 1 customer in QuickBooks is not yet imported" in text_of(answer)
    assert "Archived there 1, left out" in text_of(answer)
