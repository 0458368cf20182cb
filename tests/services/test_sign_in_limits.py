"""Throttled sign-ins: guessing is slow for everybody but the browser that was here before."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, sessionmaker

from models import Attempt, SignIn, User
from services import passwords, sign_in_limits
from services.known_browsers import known_browser, remember_browser
from services.sign_in_limits import TooManyTries, Visitor, sign_in_from
from services.sign_ins import SignInRefused
from tests.conftest import Clock
from tests.factories import make_company, make_user
from tests.services.support import count

ADA, NOBODY = "ada@example.com", "nobody@example.com"
PASSWORD, WRONG, OTHER = "demo-password", "wrong-password", "another-password"
KEY = "a key for tests"
HOME, CAFE = Visitor("203.0.113.9", None, KEY), Visitor("198.51.100.7", None, KEY)


@pytest.fixture(autouse=True)
def _ada(session: Session) -> None:
    password_hash = passwords.hash_password(PASSWORD)
    make_user(session, make_company(session), email=ADA, password_hash=password_hash)


def _cookie(session: Session, visitor: Visitor = HOME, *, email: str = ADA) -> str:
    return remember_browser(session, key=visitor.key, cookie=visitor.cookie, email=email)


def _known(session: Session, email: str = ADA, *, network: str = "192.0.2.1") -> Visitor:
    cookie = _cookie(session, email=email)
    session.rollback()
    return Visitor(network, cookie, KEY)


def _enter(
    session: Session,
    clock: Clock,
    visitor: Visitor = HOME,
    *,
    email: str = ADA,
    password: str = PASSWORD,
) -> str:
    return sign_in_from(session, email=email, password=password, visitor=visitor, now=clock())


def _guess(
    session: Session, clock: Clock, visitor: Visitor = HOME, *, times: int, email: str = ADA
) -> None:
    for _ in range(times):
        with pytest.raises(SignInRefused):
            _enter(session, clock, visitor, email=email, password=WRONG)


@pytest.mark.parametrize("email", [ADA, NOBODY, " ADA@Example.com "])
@pytest.mark.parametrize("password", [PASSWORD, WRONG])
def test_the_eleventh_try_is_refused_whoever_it_is_and_whatever_the_password(
    session: Session, clock: Clock, email: str, password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _guess(session, clock, times=10, email=email.strip().lower())
    monkeypatch.setattr(passwords, "check_password_hash", lambda *_: pytest.fail("was looked at"))

    with pytest.raises(TooManyTries) as caught:
        _enter(session, clock, email=email, password=password)

    assert caught.value.retry_after_s == 15 * 60


def test_after_the_wait_the_right_password_opens(session: Session, clock: Clock) -> None:
    _guess(session, clock, times=10)
    clock.advance(minutes=9)
    with pytest.raises(TooManyTries) as caught:
        _enter(session, clock)
    clock.advance(seconds=caught.value.retry_after_s)

    assert caught.value.retry_after_s == 6 * 60
    assert _enter(session, clock)


def test_the_right_password_clears_what_was_mistyped_before(session: Session, clock: Clock) -> None:
    for _ in range(3):
        _guess(session, clock, times=9)
        _enter(session, clock)

    assert _enter(session, clock)


def test_right_passwords_are_never_too_many(
    session: Session, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_in_limits, "TRIES_OF_NETWORK", 2)
    monkeypatch.setattr(sign_in_limits, "TRIES_ON_ACCOUNT", 2)

    assert [bool(_enter(session, clock)) for _ in range(4)] == [True] * 4


def test_an_attacker_elsewhere_locks_out_nobody_at_home(session: Session, clock: Clock) -> None:
    _guess(session, clock, CAFE, times=10)

    assert _enter(session, clock, HOME)


def test_one_network_may_not_try_many_accounts(
    session: Session, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_in_limits, "TRIES_OF_NETWORK", 3)
    for number in range(3):
        _guess(session, clock, CAFE, times=1, email=f"user-{number}@example.com")

    with pytest.raises(TooManyTries) as caught:
        _enter(session, clock, CAFE)

    assert caught.value.retry_after_s == 60 * 60
    assert _enter(session, clock, HOME)


def test_many_networks_may_not_try_one_account_but_its_known_browser_may(
    session: Session, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_in_limits, "TRIES_ON_ACCOUNT", 3)
    for number in range(3):
        _guess(session, clock, Visitor(f"198.51.100.{number}", None, KEY), times=1)

    with pytest.raises(TooManyTries):
        _enter(session, clock, HOME)
    assert _enter(session, clock, _known(session))


def test_a_known_browser_is_not_locked_out_by_others_of_its_network(
    session: Session, clock: Clock
) -> None:
    _guess(session, clock, HOME, times=10)

    assert _enter(session, clock, _known(session, network=HOME.network))


def test_a_known_browser_has_ten_tries_of_its_own(session: Session, clock: Clock) -> None:
    known = _known(session)
    _guess(session, clock, known, times=10)

    with pytest.raises(TooManyTries):
        _enter(session, clock, known)
    assert _enter(session, clock, HOME), "and uses up nobody else's"


@pytest.mark.parametrize("cookie", ["of nobody", "of another key", "made.up", ""])
def test_a_cookie_that_does_not_know_the_account_gives_no_tries(
    session: Session, clock: Clock, cookie: str
) -> None:
    if cookie == "of nobody":
        cookie = _cookie(session, email=NOBODY)
    elif cookie == "of another key":
        cookie = _cookie(session, replace(HOME, key="another key"))
    session.rollback()
    _guess(session, clock, HOME, times=10)

    with pytest.raises(TooManyTries):
        _enter(session, clock, replace(HOME, cookie=cookie))


def test_with_a_new_password_a_copied_cookie_is_worth_nothing_and_locks_out_nobody(
    session: Session, clock: Clock
) -> None:
    copied = _known(session, network=CAFE.network)
    _guess(session, clock, copied, times=10)
    session.execute(update(User).values(password_hash=passwords.hash_password(OTHER)))
    session.commit()
    # The same browser goes on with the same cookie, as after a new password by mail.
    cookie = _cookie(session, copied)
    session.rollback()
    _guess(session, clock, copied, times=10)

    with pytest.raises(TooManyTries):
        _enter(session, clock, copied, password=OTHER)
    assert _enter(session, clock, replace(HOME, cookie=cookie), password=OTHER)


def test_a_refused_try_is_not_counted_so_waiting_helps(
    sessions: sessionmaker[Session], session: Session, clock: Clock
) -> None:
    _guess(session, clock, times=10)
    before = count(sessions, Attempt)
    for _ in range(5):
        with pytest.raises(TooManyTries):
            _enter(session, clock)

    assert count(sessions, Attempt) == before


def test_a_refusal_is_logged_without_the_address(
    session: Session, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    _guess(session, clock, times=10)

    with caplog.at_level(logging.DEBUG), pytest.raises(TooManyTries):
        _enter(session, clock)

    assert "too many tries" in caplog.text
    assert ADA not in caplog.text
    assert HOME.network not in caplog.text


@pytest.mark.both_databases(in_suite=True)
def test_many_at_once_get_no_more_tries_than_one_after_the_other(
    sessions: sessionmaker[Session], clock: Clock
) -> None:
    together = Barrier(16)

    def guess(_number: int) -> type[Exception]:
        together.wait()
        with sessions() as session:
            try:
                _enter(session, clock, password=WRONG)
            except (SignInRefused, TooManyTries) as error:
                return type(error)
        raise AssertionError

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(guess, range(16)))

    assert answers.count(SignInRefused) == 10
    assert answers.count(TooManyTries) == 6


def test_nothing_in_the_database_says_who_tried(session: Session, clock: Clock) -> None:
    _guess(session, clock, times=1)

    kept = " ".join(f"{row.kind} {row.key_hash}" for row in session.scalars(select(Attempt)))
    assert "ada" not in kept and "203.0" not in kept
    assert session.scalar(select(func.count()).select_from(SignIn)) == 0


def test_the_cookie_names_no_account_and_knows_the_latest_five(session: Session) -> None:
    company, cookie = make_company(session), None
    emails = [make_user(session, company, email=f"user-{n}@example.com").email for n in range(7)]
    for email in emails:
        cookie = _cookie(session, replace(HOME, cookie=cookie), email=email)

    found = [known_browser(session, key=KEY, cookie=cookie, email=email) for email in emails]
    assert [mark is not None for mark in found] == [False] * 2 + [True] * 5
    assert cookie is not None and "user" not in cookie and "@" not in cookie
    assert len(cookie) < 300
