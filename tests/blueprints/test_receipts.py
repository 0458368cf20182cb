"""The next step of each who was not imported, and those who failed tried again, one or all."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from models import Connection, ImportRun, ItemOutcome, RemoteState
from tests.blueprints.importing import (
    address_of,
    bins_of,
    make_item,
    make_run,
    names_here,
    runs_of,
)
from tests.blueprints.support import Browser, make_counted, text_of
from tests.factories import make_remote_customer


def _with_failed(session: Session, connection: Connection) -> tuple[ImportRun, list[str]]:
    reading = make_counted(session, connection, unsynced=0, counted_count=3)
    remotes = [make_remote_customer(session, reading, name=f"Pier {i}") for i in range(3)]
    run = make_run(session, connection, chosen_count=3, failed_count=3)
    broken = {"reason_code": "broken", "reason": "something broke on our side"}
    for remote in remotes:
        make_item(session, run, remote.remote_id, ItemOutcome.FAILED, **broken)
    return run, [remote.remote_id for remote in remotes]


def test_all_who_failed_are_tried_again_in_a_run_of_their_own(
    ada: Browser, session: Session, connection: Connection, run_jobs: Callable[[], None]
) -> None:
    run, _ = _with_failed(session, connection)

    before = text_of(ada.get(address_of(run)))
    answer = ada.post(address_of(run, "/retry"))
    run_jobs()
    after = text_of(ada.get(address_of(run)))

    assert "Finished, 3 failed" in before
    assert "Retry 3 failed" in before
    assert bins_of(ada.get(answer.location))["Created"] == 3
    assert "Retry 3 failed" not in after
    assert "Pier 0 Failed Something broke on our side. Open customer" in after
    assert "Tried again by import 2." in after


def test_one_who_failed_is_tried_again_alone(
    ada: Browser, session: Session, connection: Connection, run_jobs: Callable[[], None]
) -> None:
    run, _ = _with_failed(session, connection)
    page = ada.get(address_of(run))
    found = re.search(r'name="id" value="([^"]+)"><button[^>]*aria-label="Retry Pier 1"', page.text)
    assert found

    ada.post(address_of(run, "/retry"), {"id": found[1]})
    run_jobs()

    assert names_here(session) == ["Pier 1"]
    assert "Retry 3 failed" in text_of(ada.get(address_of(run)))


@pytest.mark.parametrize("named", ["", "\x00", "x" * 65, "nobody", "' OR 1=1"])
def test_a_strange_id_never_means_everybody(
    ada: Browser, session: Session, connection: Connection, named: str
) -> None:
    run, _ = _with_failed(session, connection)

    answer = ada.post(address_of(run, "/retry"), {"id": named})

    assert answer.location == address_of(run)
    assert len(runs_of(session)) == 1


@pytest.mark.parametrize(
    ("state", "code", "step"),
    [
        (RemoteState.UNSYNCED, "changed", "Review"),
        (RemoteState.UNSYNCED, "waits", "Compare"),
        (RemoteState.UNSYNCED, "target_taken", "Compare"),
        (RemoteState.IGNORED, "ignored", "Ignored"),
        (RemoteState.LEFT_OUT, "left_out", "Archived"),
        (RemoteState.VANISHED, "gone", None),
    ],
)
def test_each_who_was_skipped_has_the_next_step_that_fits(
    ada: Browser,
    session: Session,
    connection: Connection,
    state: RemoteState,
    code: str,
    step: str | None,
) -> None:
    reading = make_counted(session, connection, unsynced=0)
    remote = make_remote_customer(session, reading, name="Pier 9 Storage", state=state)
    run = make_run(session, connection, chosen_count=1, skipped_count=1)
    why = {"reason_code": code, "reason": "words"}
    make_item(session, run, remote.remote_id, ItemOutcome.SKIPPED, **why)

    page = ada.get(address_of(run))

    row = page.text.split("<bdi>Pier 9 Storage</bdi></th>")[1].split("</tr>")[0]
    link = re.search(r'href="([^"]+)"[^>]*>([^<]+)</a>', row)
    assert (link[2] if link else None) == step
    if link:
        assert ada.get(link[1].replace("&amp;", "&")).status_code == 200


def test_the_failed_come_before_the_skipped_on_every_page(
    ada: Browser, session: Session, connection: Connection
) -> None:
    run = make_run(session, connection, chosen_count=60, skipped_count=55, failed_count=5)
    for number in range(60):
        outcome = ItemOutcome.FAILED if number >= 55 else ItemOutcome.SKIPPED
        make_item(session, run, f"{number:02}", outcome, reason="words", reason_code="waits")

    first = ada.get(address_of(run))
    link = re.search(r'href="([^"]+\?told=[^"]+)"', first.text)
    assert link
    second = ada.get(link[1].replace("&amp;", "&"))

    names = [re.findall(r"<bdi>(\d\d)</bdi>", answer.text) for answer in (first, second)]
    assert names[0][:6] == ["55", "56", "57", "58", "59", "00"]
    assert sorted(names[0] + names[1]) == [f"{number:02}" for number in range(60)]


def test_a_receipt_whose_rows_were_cleared_says_so_and_offers_nothing(
    ada: Browser, session: Session, connection: Connection
) -> None:
    run = make_run(session, connection, chosen_count=3, failed_count=2, created_count=1)

    told = text_of(ada.get(address_of(run)))

    assert "This is long ago: who was left is not listed any more." in told
    assert "2 Failed" in told and "Retry" not in told
