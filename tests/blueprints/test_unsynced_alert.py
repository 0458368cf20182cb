"""The alert, state by state, as htmx gets it and as a browser without scripts gets it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from models import Connection, ConnectionState, Reading, ReadingFailure, ReadingState, RemoteState
from services.providers import contract
from tests.blueprints.support import QUICKBOOKS, SENTENCE, Browser, make_counted, text_of
from tests.conftest import Clock, WakeUps
from tests.factories import NOW, make_reading, make_record, make_remote_customer
from tests.fakes import FakeAccountingClient

UNSYNCED = f"{QUICKBOOKS}/unsynced"
CHECK = f"{QUICKBOOKS}/check"
Run = Callable[[], None]


def _poll_address(answer: TestResponse) -> str | None:
    found = re.search(r'id="unsynced-body"[^>]*hx-get="([^"]+)"', answer.text)
    return found[1].replace("&amp;", "&") if found else None


def _failed(session: Session, connection: Connection, failure: ReadingFailure) -> Reading:
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


def test_opening_starts_one_reading_and_tells_that_it_runs(
    ada: Browser, connection: Connection, wake_ups: WakeUps
) -> None:
    answer = ada.htmx_get(UNSYNCED)

    assert answer.status_code == 200
    assert answer.text.lstrip().startswith('<div id="unsynced-body" class="info" role="status"')
    assert "Reading customers from QuickBooks" in text_of(answer)
    assert "A number appears only when everything has been read." in text_of(answer)
    assert SENTENCE not in text_of(answer)
    assert len(wake_ups.rows) == 1


def test_opening_shows_the_count_when_the_reading_has_ended(
    ada: Browser, connection: Connection, books: FakeAccountingClient, run_jobs: Run
) -> None:
    books.records = [make_record() for _ in range(7)]
    poll = _poll_address(ada.htmx_get(UNSYNCED))
    run_jobs()
    assert poll

    answer = ada.htmx_get(poll)

    text = text_of(answer)
    assert f"7 of 7 {SENTENCE}" in text
    assert "read 7 of 7 · 1 call · checked 1 s ago · Check again" in text
    assert _poll_address(answer) is None


def test_everybody_who_opens_at_once_follows_one_reading(
    ada: Browser, connection: Connection, wake_ups: WakeUps
) -> None:
    addresses = {_poll_address(ada.htmx_get(UNSYNCED)) for _ in range(5)}

    assert len(addresses) == 1
    assert len(wake_ups.rows) == 1


def test_progress_is_told_without_a_result(
    ada: Browser, session: Session, connection: Connection
) -> None:
    reading = make_reading(
        session,
        connection,
        state=ReadingState.RUNNING,
        finished_at=None,
        lease_until_at=NOW + timedelta(seconds=30),
        read_count=3000,
        expected_count=4812,
        call_count=3,
    )

    answer = ada.htmx_get(f"{UNSYNCED}?reading={reading.public_id}")

    text = text_of(answer)
    assert "read 3,000 of about 4,812" in text
    assert "3 calls so far" in text
    assert '<progress value="3000" max="4812"' in answer.text
    assert SENTENCE not in text


def test_the_wait_between_two_looks_grows_and_then_stays(
    ada: Browser, connection: Connection
) -> None:
    answer = ada.htmx_get(UNSYNCED)
    waits = []
    for _ in range(8):
        waits.append(int(re.search(r"load delay:(\d+)ms", answer.text)[1]))
        answer = ada.htmx_get(_poll_address(answer))

    assert waits == [300, 450, 675, 1012, 1518, 2000, 2000, 2000]


@pytest.mark.parametrize("wait", ["", "-1", "x", "٣", "99999999999999999999", "1e9"])
def test_a_strange_wait_does_no_harm(ada: Browser, connection: Connection, wait: str) -> None:
    poll = _poll_address(ada.htmx_get(UNSYNCED))
    assert poll

    answer = ada.htmx_get(poll.replace("wait=300", f"wait={wait}"))

    assert answer.status_code == 200
    assert "load delay:300ms" in answer.text


def test_within_a_minute_nothing_is_read_again(
    ada: Browser, session: Session, connection: Connection, wake_ups: WakeUps
) -> None:
    make_counted(session, connection, unsynced=3)

    answer = ada.htmx_get(UNSYNCED)

    assert f"3 of 3 {SENTENCE}" in text_of(answer)
    assert "checked 10 s ago" in text_of(answer)
    assert wake_ups.rows == []


def test_after_a_minute_opening_reads_again(
    ada: Browser, session: Session, connection: Connection, wake_ups: WakeUps, clock: Clock
) -> None:
    make_counted(session, connection, unsynced=3)
    clock.advance(seconds=60)

    ada.htmx_get(UNSYNCED)

    assert len(wake_ups.rows) == 1


def test_check_again_reads_however_young_the_number_is(
    ada: Browser, session: Session, connection: Connection, wake_ups: WakeUps
) -> None:
    make_counted(session, connection, unsynced=3)

    answer = ada.htmx_post(CHECK)

    assert "Reading customers" in text_of(answer)
    assert len(wake_ups.rows) == 1


def test_the_counted_alert_says_what_is_worth_knowing(
    ada: Browser, session: Session, connection: Connection
) -> None:
    reading = make_counted(session, connection, unsynced=0, counted_count=1204)
    rows = [("Żółta Łódź", 624_000, "USD"), ("Smith", 41_275, "USD"), ("Kiel", 120_000, "EUR")]
    for name, cents, currency in rows:
        make_remote_customer(
            session, reading, name=name, balance_cents=cents, currency=currency, email=None
        )
    make_remote_customer(session, reading, state=RemoteState.LEFT_OUT, status="archived")
    make_remote_customer(session, reading, state=RemoteState.LEFT_OUT, kind="sub_customer")

    text = text_of(ada.htmx_get(UNSYNCED))

    assert f"3 of 1,204 {SENTENCE}" in text
    assert text.index("Żółta Łódź") < text.index("Kiel") < text.index("Smith")
    assert "$6,240.00" in text
    assert "3 of the 3 have an open balance, EUR 1,200.00 and $6,652.75 together" in text
    assert "3 have no e-mail" in text
    assert "Left out are 1 sub-customer, projects and 1 archived." in text
    assert "read 1,204 of 1,204 · 3 calls" in text
    assert "Review all 3" in text
    assert "Ignore these 3" in text


def test_one_missing_customer_is_told_in_the_singular(
    ada: Browser, session: Session, connection: Connection
) -> None:
    make_counted(session, connection, unsynced=1, counted_count=1204)

    text = text_of(ada.htmx_get(UNSYNCED))

    assert "1 of 1,204 customers in QuickBooks is not yet imported into BlueClerk." in text
    assert "1 is missing here" in text


def test_nothing_missing_is_told_as_none_of_all(
    ada: Browser, session: Session, connection: Connection
) -> None:
    reading = make_counted(session, connection, unsynced=0, counted_count=3)
    for state in (RemoteState.LINKED, RemoteState.LINKED, RemoteState.IGNORED):
        make_remote_customer(session, reading, state=state)

    answer = ada.htmx_get(UNSYNCED)

    text = text_of(answer)
    assert 'class="ok"' in answer.text
    assert f"0 of 3 {SENTENCE}" in text
    assert "2 are linked and 1 is ignored on purpose." in text


def test_an_empty_account_is_told_as_such(
    ada: Browser, session: Session, connection: Connection
) -> None:
    make_counted(session, connection, unsynced=0)

    assert "There is no customer in QuickBooks that counts yet." in text_of(ada.htmx_get(UNSYNCED))


def test_the_line_and_the_facts_elsewhere_on_the_page_are_kept_in_step(
    ada: Browser, session: Session, connection: Connection
) -> None:
    make_counted(session, connection, unsynced=2)

    answer = ada.htmx_get(UNSYNCED)

    assert answer.text.count("hx-swap-oob") == 2
    assert 'id="unsynced-summary" hx-swap-oob="outerHTML"' in answer.text
    assert 'id="sync-facts" hx-swap-oob="outerHTML"' in answer.text
    assert "hx-swap-oob" not in ada.get(f"{QUICKBOOKS}?opened=1").text


@pytest.mark.parametrize("failure", [*ReadingFailure])
def test_every_failure_has_a_sentence_and_shows_no_partial_number(
    ada: Browser, session: Session, connection: Connection, failure: ReadingFailure
) -> None:
    known = {"unsynced_count": 179, "counted_count": 1201}
    make_counted(session, connection, unsynced=1, finished_at=NOW - timedelta(hours=17), **known)
    reading = _failed(session, connection, failure)

    answer = ada.htmx_get(f"{UNSYNCED}?reading={reading.public_id}")

    text = text_of(answer)
    is_reconnect = failure is ReadingFailure.RECONNECT_REQUIRED
    assert answer.status_code == (409 if is_reconnect else 503)
    assert ("Retry-After" in answer.headers) != is_reconnect
    assert 'class="bad" role="alert"' in answer.text
    assert SENTENCE not in text
    assert "The last whole reading, yesterday, 16:00, found 179 of 1,201" in text
    assert ("Reconnect QuickBooks" if is_reconnect else "Try again") in text
    assert _poll_address(answer) is None
    assert "{" not in text


def test_a_rate_limit_says_when_it_can_be_asked_again(
    ada: Browser, session: Session, connection: Connection
) -> None:
    reading = _failed(session, connection, ReadingFailure.RATE_LIMITED)

    answer = ada.htmx_get(f"{UNSYNCED}?reading={reading.public_id}")

    assert "It can be asked again in 40 s." in text_of(answer)
    assert answer.headers["Retry-After"] == "40"


def test_a_wrong_client_secret_is_told_to_whoever_runs_it(
    ada: Browser, session: Session, connection: Connection
) -> None:
    reading = _failed(session, connection, ReadingFailure.WRONG_CREDENTIALS)

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
    assert "found 4 of 4 not yet imported" in text


def test_a_permission_that_ended_asks_to_reconnect_and_stops_polling(
    ada: Browser, connection: Connection, books: FakeAccountingClient, run_jobs: Run
) -> None:
    books.error = contract.ReconnectRequired("revoked")
    poll = _poll_address(ada.htmx_get(UNSYNCED))
    run_jobs()

    answer = ada.htmx_get(poll)

    assert answer.status_code == 409
    assert "QuickBooks has ended our permission to read your customers." in text_of(answer)
    assert _poll_address(answer) is None


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


def test_without_scripts_the_closed_alert_offers_a_link(
    ada: Browser, connection: Connection
) -> None:
    answer = ada.get(QUICKBOOKS)

    assert f'<a role="button" href="{UNSYNCED}">Check now</a>' in answer.text


def test_without_scripts_checking_is_a_page_that_looks_again_by_itself(
    ada: Browser, connection: Connection, books: FakeAccountingClient, run_jobs: Run
) -> None:
    books.records = [make_record(), make_record()]
    answer = ada.get(UNSYNCED)
    assert answer.status_code == 303
    assert answer.location.startswith(f"{QUICKBOOKS}?reading=")
    checking = ada.get(answer.location)
    run_jobs()

    counted = ada.get(answer.location)

    refresh = '<noscript><meta http-equiv="refresh" content="2"></noscript>'
    assert refresh in checking.text
    assert "Reading customers" in text_of(checking)
    assert refresh not in counted.text
    assert f"2 of 2 {SENTENCE}" in text_of(counted)


def test_without_scripts_a_fresh_number_is_shown_on_the_page(
    ada: Browser, session: Session, connection: Connection
) -> None:
    make_counted(session, connection, unsynced=3)

    answer = ada.get(UNSYNCED)

    assert (answer.status_code, answer.location) == (303, f"{QUICKBOOKS}?opened=1")
    page = ada.get(answer.location)
    assert f"3 of 3 {SENTENCE}" in text_of(page)
    assert re.search(r'<details class="alert" id="unsynced" open', page.text)


def test_without_scripts_a_failure_is_shown_on_the_page(
    ada: Browser, session: Session, connection: Connection
) -> None:
    reading = _failed(session, connection, ReadingFailure.UNAVAILABLE)

    answer = ada.post(CHECK)
    page = ada.get(f"{QUICKBOOKS}?reading={reading.public_id}")

    assert answer.status_code == 303
    assert "QuickBooks did not answer." in text_of(page)
    assert "We stopped after 1,000 customers." in text_of(page)


@pytest.mark.parametrize(
    "name",
    ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7 * 7 }}", "N" * 500],
)
def test_a_hostile_name_is_only_a_name(
    ada: Browser, session: Session, connection: Connection, name: str
) -> None:
    reading = make_counted(session, connection, unsynced=0)
    make_remote_customer(session, reading, name=name, company_name=name, phone=name, email=name)

    for answer in (ada.htmx_get(UNSYNCED), ada.get(f"{QUICKBOOKS}/review")):
        assert "<script>alert" not in answer.text
        assert "<img" not in answer.text
        assert "49" not in text_of(answer)
        assert "<bdi>" in answer.text


def test_an_e_mail_field_with_three_addresses_shows_the_first_usable_one(
    ada: Browser, connection: Connection, books: FakeAccountingClient, run_jobs: Run
) -> None:
    texts = ["rubbish; a@example.com, b@example.com", "", "no mail please"]
    books.records = [make_record(emails_text=text) for text in texts]
    ada.htmx_get(UNSYNCED)
    run_jobs()

    text = text_of(ada.htmx_get(UNSYNCED))

    assert "a@example.com" in text
    assert "b@example.com" not in text
    assert "2 have no e-mail" in text
