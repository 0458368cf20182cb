"""Calls that were noted by a clock which has been put back since."""

from __future__ import annotations

from threading import Event

import pytest
from sqlalchemy.orm import Session, sessionmaker

from models import ProviderCall
from services.call_turns import make_turn
from services.providers.contract import CallLimits, CallTurn, ProviderKey
from tests.conftest import Clock
from tests.services.support import count

LIMIT = 3


def _turn(sessions: sessionmaker[Session], clock: Clock, limits: CallLimits) -> CallTurn:
    return make_turn(
        sessions,
        clock,
        provider=ProviderKey.XERO,
        remote_account_id="one",
        limits=limits,
        sleep=lambda _wait_s, stop: stop.set(),
    )


@pytest.mark.parametrize(
    "limits", [CallLimits(LIMIT + 1, per_minute=LIMIT), CallLimits(LIMIT)], ids=["minute", "held"]
)
def test_calls_from_the_future_hold_nobody_up_and_are_forgotten(
    sessions: sessionmaker[Session], clock: Clock, limits: CallLimits
) -> None:
    held = [_turn(sessions, clock, limits)(Event()) for _ in range(LIMIT)]
    for one in held:
        one.__enter__()
    clock.advance(days=-1)
    before = clock.now

    with _turn(sessions, clock, limits)(Event()):
        entered_at = clock.now

    assert entered_at == before
    assert count(sessions, ProviderCall) == 1
