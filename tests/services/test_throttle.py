"""How often somebody may try: counted within a window, for each key by itself."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Attempt
from services.throttle import allow, hash_key, network_of
from tests.conftest import Clock

HOUR = timedelta(hours=1)


def _try(session: Session, clock: Clock, key: str = "one", kind: str = "join") -> bool:
    return allow(session, kind=kind, key_hash=key, limit=2, window=HOUR, now=clock())


def test_what_is_over_the_limit_is_refused(session: Session, clock: Clock) -> None:
    answers = [_try(session, clock) for _ in range(3)]

    assert answers == [True, True, False]


def test_another_key_and_another_kind_have_a_count_of_their_own(
    session: Session, clock: Clock
) -> None:
    for _ in range(3):
        _try(session, clock)

    assert _try(session, clock, key="two")
    assert _try(session, clock, kind="sign in")


def test_waiting_helps_even_for_whoever_goes_on_trying(session: Session, clock: Clock) -> None:
    for _ in range(5):
        _try(session, clock)
    clock.advance(minutes=60)

    assert _try(session, clock)


def test_old_attempts_are_forgotten(session: Session, clock: Clock) -> None:
    for number in range(5):
        _try(session, clock, key=str(number))
    clock.advance(hours=2)

    _try(session, clock, key="new")

    assert [row.key_hash for row in session.scalars(select(Attempt))] == ["new"]


def test_a_key_says_nothing_without_the_secret() -> None:
    key = hash_key("secret", "7", "203.0.113.9")

    assert "203" not in key
    assert key != hash_key("another secret", "7", "203.0.113.9")
    assert hash_key("secret", "1", "23") != hash_key("secret", "12", "3")


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::ffff", "2001:db8:1:2::/64"),
        ("", "unknown"),
        (None, "unknown"),
        ("not an address", "unknown"),
    ],
)
def test_an_address_belongs_to_a_network(address: str | None, network: str) -> None:
    assert network_of(address) == network
