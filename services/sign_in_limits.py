"""How often a password may be tried, without locking out whoever it belongs to.

A try counts before its password is looked at, and counts no more once the password was right: many
at once get no more tries than one after the other. Addresses of nobody count like all others. A
browser that signed in to the account before counts by itself, so that nobody elsewhere can use up
its tries; everybody else is limited per network and account, per network, and per account.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from services import sign_ins
from services.email_addresses import email_key
from services.known_browsers import known_browser
from services.throttle import allow, forget, free_at, hash_key, take_back

QUARTER, HOUR = timedelta(minutes=15), timedelta(hours=1)
TRIES_OF_BROWSER = 10
TRIES_OF_PAIR = 10
TRIES_OF_NETWORK = 100
TRIES_ON_ACCOUNT = 50

logger = logging.getLogger(__name__)


class TooManyTries(Exception):
    """Passwords were tried too often; `retry_after_s` is when trying again can help."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__()
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class Visitor:
    """Where a try comes from: the network, and the cookie of a known browser, if it sent one.

    `key` makes the counted hashes ours.
    """

    network: str
    cookie: str | None
    key: str


@dataclass(frozen=True, slots=True)
class Limit:
    """How many tries of one kind and key there may be within the window."""

    kind: str
    key_hash: str
    tries: int
    window: timedelta


def sign_in_from(
    session: Session, *, email: str, password: str, visitor: Visitor, now: datetime
) -> str:
    """Sign in, if it was not tried too often; return the token for the cookie. Commits.

    Raises TooManyTries, without looking at the password, and SignInRefused.
    """
    tried = count_try(session, email=email, visitor=visitor, now=now)
    token = sign_ins.sign_in(session, email=email, password=password, now=now)
    forgive_try(session, tried)
    session.commit()
    return token


def count_try(
    session: Session, *, email: str, visitor: Visitor, now: datetime
) -> tuple[Limit, ...]:
    """Count a try on the account with this address, whoever that is. Commits.

    Returns what it was counted by. Raises TooManyTries, and then the try was not counted.
    """
    browser = known_browser(session, key=visitor.key, cookie=visitor.cookie, email=email)
    limits = _limits(email, visitor, browser)
    for limit in limits:
        key = {"kind": limit.kind, "key_hash": limit.key_hash}
        if not allow(session, **key, limit=limit.tries, window=limit.window, now=now):
            session.rollback()
            again_at = free_at(session, **key, window=limit.window) or now
            session.rollback()
            logger.warning("a sign-in was refused: too many tries, counted by %s", limit.kind)
            raise TooManyTries((again_at - now).total_seconds())
    session.commit()
    return limits


def forgive_try(session: Session, tried: Sequence[Limit]) -> None:
    """Take back the try that was counted last, for its password was right.

    Joins the caller's transaction. Wrong ones before it from here are forgotten as well; those that
    others made on the account, or the network on other accounts, count on.
    """
    first, *others = tried
    forget(session, kind=first.kind, key_hash=first.key_hash)
    for limit in others:
        take_back(session, kind=limit.kind, key_hash=limit.key_hash)


def _limits(email: str, visitor: Visitor, browser: str | None) -> tuple[Limit, ...]:
    """Return what counts a try, the narrowest first, and always in this order."""

    def of(kind: str, tries: int, window: timedelta, *parts: str) -> Limit:
        return Limit(kind, hash_key(visitor.key, kind, *parts), tries, window)

    account = email_key(email)
    if browser is not None:
        return (of("sign-in, browser", TRIES_OF_BROWSER, QUARTER, browser),)
    return (
        of("sign-in, pair", TRIES_OF_PAIR, QUARTER, visitor.network, account),
        of("sign-in, network", TRIES_OF_NETWORK, HOUR, visitor.network),
        of("sign-in, account", TRIES_ON_ACCOUNT, HOUR, account),
    )
