"""The alert when there is no number to show: why, what is known, what to do next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from models import Connection, ConnectionState, ReadingFailure
from services.alert import ONLY_CONSENT_HELPS
from services.providers import contract
from tests.blueprints.support import (
    QUICKBOOKS,
    SENTENCE,
    Browser,
    make_counted,
    make_failed,
    poll_address,
    text_of,
)
from tests.conftest import Clock, WakeUps
from tests.factories import NOW, make_record
from tests.fakes import FakeAccountingClient

UNSYNCED = f"{QUICKBOOKS}/unsynced"
CHECK = f"{QUICKBOOKS}/check"
Run = Callable[[], None]


@pytest.mark.parametrize("failure", [*ReadingFailure])
def test_every_failure_has_a_sentence_and_shows_no_partial_number(
    ada: Browser, session: Session, connection: Connection, failure: ReadingFailure
) -> None:
    earlier = {"finished_at": NOW - timedelta(hours=17), "unsynced_count": 179}
    make_counted(session, connection, unsynced=2, counted_count=1201, **earlier)
    reading = make_failed(session, connection, failure)

    answer = ada.htmx_get(f"{UNSYNCED}?reading={reading.public_id}")

    text = text_of(answer)
    is_reconnect = failure in ONLY_CONSENT_HELPS
    is_waiting = failure is ReadingFailure.RATE_LIMITED
    assert answer.status_code == (409 if is_reconnect else 503)
    assert ("Retry-After" in answer.headers) != is_reconnect
    assert 'class="bad" role="alert"' in answer.text
    assert SENTENCE not in text
    assert "As of the last whole reading, yesterday, 16:00, 2 of 1,201 are not yet" in text
    assert ("Reconnect QuickBooks" in text) is is_reconnect
    assert ("Try again" in text) is not (is_reconnect or is_waiting)
    assert (poll_address(answer) is not None) is is_waiting
    assert "{" not in text


def test_a_rate_limit_says_when_it_can_be_asked_again(
    ada: Browser, session: Session, connection: Connection, clock: Clock, wake_ups: WakeUps
) -> None:
    reading = make_failed(session, connection, ReadingFailure.RATE_LIMITED)

    answer = ada.htmx_get(f"{UNSYNCED}?reading={reading.public_id}")
    clock.advance(seconds=40)
    later = ada.htmx_get(poll_address(answer) or "")

    assert "It can be asked again at 09:00:40." in text_of(answer)
    assert answer.headers["Retry-After"] == "40"
    assert "<button" not in answer.text.split("unsynced-summary")[0], "a button that does nothing"
    assert "delay:40000ms" in answer.text
    assert f'href="{QUICKBOOKS}?reading={reading.public_id}"' in answer.text, "without scripts"
    assert "Try again" in text_of(later)
    assert poll_address(later) is None
    assert wake_ups.rows == []


def test_a_list_that_never_settled_tells_what_is_certain(
    ada: Browser, session: Session, connection: Connection
) -> None:
    reading = make_failed(session, connection, ReadingFailure.UNSETTLED)
    reading.at_least_count = 1180
    session.commit()

    text = text_of(ada.htmx_get(f"{UNSYNCED}?reading={reading.public_id}"))

    assert f"At least 1,180 {SENTENCE}." in text
    assert "this is not the whole number" in text
    assert "Try again" in text


def test_a_lost_field_is_named_and_can_be_taken_as_it_is(
    ada: Browser,
    connection: Connection,
    books: FakeAccountingClient,
    run_jobs: Run,
    clock: Clock,
) -> None:
    books.records = [make_record() for _ in range(20)]
    ada.htmx_get(UNSYNCED)
    run_jobs()
    clock.advance(minutes=5)
    books.records = [replace(record, emails_text="") for record in books.records]
    poll = poll_address(ada.htmx_post(CHECK)) or ""
    run_jobs()

    refused = ada.htmx_get(poll)
    poll = poll_address(ada.htmx_post(CHECK, {"accept": "1"})) or ""
    run_jobs()
    accepted = ada.htmx_get(poll)

    text = text_of(refused)
    assert refused.status_code == 503
    assert "Many customers in QuickBooks suddenly came without an e-mail address." in text
    assert "Try again Take it as it is" in text
    assert f"20 of 20 {SENTENCE}" in text_of(accepted)
    assert "20 have no e-mail" in text_of(accepted)


def test_trying_again_does_not_take_it_as_it_is(
    ada: Browser,
    connection: Connection,
    books: FakeAccountingClient,
    run_jobs: Run,
    clock: Clock,
) -> None:
    books.records = [make_record() for _ in range(20)]
    ada.htmx_get(UNSYNCED)
    run_jobs()
    clock.advance(minutes=5)
    books.records = [replace(record, emails_text="") for record in books.records]
    for form in ({}, {"accept": "yes"}):
        poll = poll_address(ada.htmx_post(CHECK, form)) or ""
        run_jobs()

        assert "suddenly came without" in text_of(ada.htmx_get(poll))


def test_a_wrong_client_secret_is_told_to_whoever_runs_it(
    ada: Browser, session: Session, connection: Connection
) -> None:
    reading = make_failed(session, connection, ReadingFailure.WRONG_CREDENTIALS)

    text = text_of(ada.htmx_get(f"{UNSYNCED}?reading={reading.public_id}"))

    assert "BLUECLERK_QUICKBOOKS_CLIENT_ID and BLUECLERK_QUICKBOOKS_CLIENT_SECRET" in text


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (contract.ProviderUnavailable("503"), "QuickBooks did not answer."),
        (contract.UnreadableAnswer("html"), "QuickBooks sent an answer that we cannot read."),
        (contract.RateLimited("429", retry_after_s=30), "QuickBooks asked us to wait."),
    ],
)
def test_a_page_that_fails_in_the_middle_shows_the_last_known_number_only(
    ada: Browser,
    connection: Connection,
    books: FakeAccountingClient,
    run_jobs: Run,
    clock: Clock,
    error: contract.ProviderError,
    sentence: str,
) -> None:
    books.records = [make_record() for _ in range(4)]
    ada.htmx_get(UNSYNCED)
    run_jobs()
    clock.advance(minutes=5)
    books.page_size, books.fail_after, books.error = 1, 2, error
    ada.htmx_post(CHECK)
    run_jobs()

    answer = ada.htmx_get(UNSYNCED)

    text = text_of(answer)
    assert answer.status_code == 503
    assert sentence in text
    assert SENTENCE not in text
    assert "4 of 4 are not yet imported" in text


def test_a_permission_that_ended_asks_to_reconnect_and_stops_polling(
    ada: Browser, connection: Connection, books: FakeAccountingClient, run_jobs: Run
) -> None:
    books.error = contract.ReconnectRequired("revoked")
    poll = poll_address(ada.htmx_get(UNSYNCED))
    run_jobs()

    answer = ada.htmx_get(poll)

    assert answer.status_code == 409
    assert "QuickBooks has ended our permission to read your customers." in text_of(answer)
    assert poll_address(answer) is None


def test_nothing_is_asked_of_a_provider_that_has_ended_the_permission(
    ada: Browser, session: Session, connection: Connection, wake_ups: WakeUps
) -> None:
    connection.state = ConnectionState.RECONNECT_REQUIRED
    session.commit()

    answers = [ada.htmx_get(UNSYNCED), ada.htmx_post(CHECK)]

    assert [answer.status_code for answer in answers] == [409, 409]
    assert wake_ups.rows == []


def test_a_connection_that_was_ended_meanwhile_is_told(ada: Browser) -> None:
    answer = ada.htmx_get(UNSYNCED)

    assert answer.status_code == 409
    assert "QuickBooks is not connected" in text_of(answer)
    assert answer.headers["HX-Reswap"] == "innerHTML"


def test_a_reading_of_nobody_knows_whom_is_not_found(ada: Browser, connection: Connection) -> None:
    for reading in ("0" * 16, "nonsense", "../../x"):
        answer = ada.htmx_get(f"{UNSYNCED}?reading={reading}")

        assert answer.status_code == 404
        assert "There is no such reading" in text_of(answer)
