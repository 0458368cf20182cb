"""The database is busy while mails go out: what the server has said is not forgotten for it."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from models import DeliveryState
from services import delivery_record, report_delivery
from services.mail import TryLater
from services.report_delivery import BUSY, deliver_due, deliver_waiting
from services.runtime import Runtime
from tests.conftest import Clock
from tests.services.reporting import Desk, make_desk

ADA = "ada@example.com"


@pytest.fixture
def desk(runtime: Runtime, clock: Clock) -> Desk:
    runtime.stopping.wait = lambda _wait_s=None: False  # type: ignore[method-assign]
    return make_desk(runtime, clock)


def _busy() -> OperationalError:
    error = sqlite3.OperationalError("database is locked")
    error.sqlite_errorcode = sqlite3.SQLITE_BUSY
    return OperationalError("UPDATE", {}, error)


def _busy_first(work: Callable[..., Any], times: int) -> Callable[..., Any]:
    errors = [_busy()] * times

    def busy_work(*arguments: Any, **options: Any) -> Any:
        if errors:
            raise errors.pop()
        return work(*arguments, **options)

    return busy_work


def test_a_mail_the_server_took_is_written_down_when_the_database_lets_us(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = _busy_first(delivery_record.record_sent, 3)
    monkeypatch.setattr(delivery_record, "record_sent", record)

    deliver_due(desk.runtime)

    assert (desk.row().state, desk.row().answer_code) == (DeliveryState.SENT, 250)
    assert len(desk.outbox.received) == 1


def test_what_the_server_said_against_it_is_written_down_as_well(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.outbox.errors[ADA] = TryLater("Later.")
    record = _busy_first(delivery_record.record_later, 3)
    monkeypatch.setattr(delivery_record, "record_later", record)

    deliver_due(desk.runtime)

    assert (desk.row().state, desk.row().answer_text) == (DeliveryState.DUE, "Later.")


def test_the_handover_waits_for_the_database(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    handover = _busy_first(report_delivery.note_handover, 3)
    monkeypatch.setattr(report_delivery, "note_handover", handover)

    deliver_due(desk.runtime)

    assert (desk.row().state, desk.row().attempts) == (DeliveryState.SENT, 1)


def test_a_database_busy_for_minutes_is_named_and_is_no_fault_of_the_mail(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(report_delivery, "_write", _busy_first(report_delivery._write, 1))
        deliver_due(desk.runtime)
    waiting = desk.row()
    desk.clock.advance(minutes=1)

    deliver_due(desk.runtime)

    assert (waiting.state, waiting.answer_text) == (DeliveryState.DUE, BUSY)
    assert desk.row().state is DeliveryState.SENT
    assert caplog.text == ""


@pytest.mark.parametrize("step", ["has_work", "list_turns", "claim_delivery"])
def test_a_busy_database_ends_the_round_and_nothing_else(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, step: str
) -> None:
    caplog.set_level(logging.WARNING)
    busy = _busy_first(getattr(report_delivery, step), 1)
    monkeypatch.setattr(report_delivery, step, busy)

    deliver_due(desk.runtime)
    received = len(desk.outbox.received)
    deliver_waiting(desk.runtime)

    assert (received, len(desk.outbox.received)) == (0, 1)
    assert "a database that is busy" in caplog.text
