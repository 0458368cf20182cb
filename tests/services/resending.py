"""Clicks on "Send again" and the jobs they wake, for the tests."""

from __future__ import annotations

from datetime import date

from services.report_delivery import DELIVERY_JOB, deliver_one
from services.report_resend import Resend, send_again
from services.sign_ins import SignedIn
from tests.conftest import WakeUps
from tests.services.reporting import DAY, SENDER, Desk


def ask(desk: Desk, who: SignedIn, *, day: date = DAY, only_missing: bool = False) -> Resend:
    """Click, a minute after whatever was before."""
    desk.clock.advance(minutes=1)
    return click(desk, who, day=day, only_missing=only_missing)


def click(desk: Desk, who: SignedIn, *, day: date = DAY, only_missing: bool = False) -> Resend:
    with desk.runtime.sessions() as session:
        return send_again(
            session,
            who,
            day=day,
            only_missing=only_missing,
            wake=desk.runtime.wake,
            now=desk.clock(),
            sender=SENDER,
        )


def run(desk: Desk, wake_ups: WakeUps) -> None:
    """Run the jobs that were woken."""
    for job, delivery_id in wake_ups.rows:
        assert job == DELIVERY_JOB
        deliver_one(desk.runtime, delivery_id)
    wake_ups.rows.clear()
