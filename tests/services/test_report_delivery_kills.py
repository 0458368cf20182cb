"""Killed while sending: what was not handed over is free, what may have arrived is marked."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import URL

from models import DeliveryState
from services import report_delivery
from services.delivery_claim import CLAIM_LEASE, LeaseLost, claim_delivery, note_handover
from services.delivery_record import CUT_OFF, LOST_ANSWERS, TRIED_FOR, record_sent
from services.mail import ServerAnswer
from services.report_delivery import deliver_due, deliver_waiting
from services.runtime import Runtime
from tests.conftest import Clock
from tests.services.report_workers import hang_in_handover, send_due
from tests.services.reporting import MORNING, Desk, make_desk
from tests.services.workers import run_together, start


class Killed(BaseException):
    """Ends the process at this point, as far as our own code can tell."""


@pytest.fixture
def desk(runtime: Runtime, clock: Clock) -> Desk:
    return make_desk(runtime, clock)


def _kill() -> None:
    raise Killed


def test_killed_before_the_handover_nothing_is_lost_or_doubled(desk: Desk) -> None:
    desk.outbox.meanwhile = _kill
    with pytest.raises(Killed):
        deliver_due(desk.runtime)
    left = desk.row().state
    desk.outbox.meanwhile = lambda: None

    deliver_due(desk.runtime)
    within_the_lease = len(desk.outbox.received)
    desk.clock.now += CLAIM_LEASE
    deliver_due(desk.runtime)

    assert (left, within_the_lease) == (DeliveryState.CLAIMED, 0)
    (mail,) = desk.mails()
    assert mail["X-BlueClerk-Possible-Repeat"] is None


def test_killed_after_the_handover_it_is_sent_once_more(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(report_delivery, "_note_sent", lambda *_args, **_options: _kill())
        with pytest.raises(Killed):
            deliver_due(desk.runtime)
    left = desk.row().state
    desk.clock.advance(minutes=14)
    deliver_due(desk.runtime)
    within_the_lease = len(desk.outbox.received)
    desk.clock.advance(minutes=1)

    deliver_due(desk.runtime)

    assert (left, within_the_lease) == (DeliveryState.HANDING_OVER, 1)
    assert len({mail["Message-ID"] for mail in desk.mails()}) == 1
    assert len(desk.outbox.received) == 2
    assert desk.row().state is DeliveryState.SENT


def test_killed_in_both_handovers_it_stops_and_says_so(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_delivery, "_note_sent", lambda *_args, **_options: _kill())
    for _ in range(2):
        with pytest.raises(Killed):
            deliver_due(desk.runtime)
        desk.clock.advance(minutes=15)

    deliver_due(desk.runtime)

    assert len(desk.outbox.received) == 2
    assert (desk.row().state, desk.row().answer_text) == (DeliveryState.FAILED, LOST_ANSWERS)


def test_whoever_comes_back_after_the_lease_changes_nothing(desk: Desk) -> None:
    desk.outbox.meanwhile = _kill
    with pytest.raises(Killed):
        deliver_due(desk.runtime)
    desk.clock.now += CLAIM_LEASE
    delivery_id = desk.row().id
    with desk.runtime.sessions() as session:
        late = claim_delivery(session, delivery_id, now=desk.clock.now)
        desk.clock.now += CLAIM_LEASE
        current = claim_delivery(session, delivery_id, now=desk.clock.now)
        assert late is not None
        assert current is not None

        with pytest.raises(LeaseLost):
            note_handover(session, late, now=desk.clock.now)
        answer = ServerAnswer(250, "late")
        record_sent(session, late, answer=answer, listed_count=1, now=desk.clock.now)

    assert (desk.row().state, desk.row().lease_owner) == (DeliveryState.CLAIMED, current.owner)


def test_a_mail_that_kills_every_process_is_given_up_after_a_day(desk: Desk) -> None:
    desk.outbox.meanwhile = _kill
    for hours in (0, 8, 16, 23.9):
        desk.clock.now = MORNING + timedelta(hours=hours)
        with pytest.raises(Killed):
            deliver_due(desk.runtime)
    left = desk.row()
    desk.clock.now = MORNING + TRIED_FOR + CLAIM_LEASE

    deliver_waiting(desk.runtime)

    assert (left.state, left.attempts) == (DeliveryState.CLAIMED, 4)
    assert (desk.row().state, desk.row().answer_text) == (DeliveryState.FAILED, CUT_OFF)
    assert desk.row().handover_count == 0


def test_six_processes_send_one_mail_per_recipient(
    runtime: Runtime, clock: Clock, database_url: URL, tmp_path: Path
) -> None:
    addresses = [f"recipient-{number}@example.com" for number in range(5)]
    make_desk(runtime, clock, *addresses)
    sent = tmp_path / "sent.txt"

    run_together(
        send_due, database_url.render_as_string(hide_password=False), str(sent), processes=6
    )

    assert sorted(sent.read_text().split()) == addresses


def test_killed_dash_nine_between_send_and_record(
    desk: Desk, database_url: URL, tmp_path: Path
) -> None:
    sent = tmp_path / "sent.txt"
    process, pipe = start(
        hang_in_handover, database_url.render_as_string(hide_password=False), str(sent)
    )
    assert pipe.poll(60)
    process.kill()
    process.join()
    pipe.close()
    desk.clock.advance(minutes=15)

    deliver_due(desk.runtime)

    (mail,) = desk.mails()
    assert sent.read_text().strip() == mail["Message-ID"]
    assert mail["X-BlueClerk-Possible-Repeat"] == "yes"
    assert desk.row().state is DeliveryState.SENT
