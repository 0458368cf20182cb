"""Sign-ins: who gets one, how long it lasts, and what ends it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from models import Role, SignIn, User
from services import accounts, passwords, sign_ins
from services.sign_ins import SignInRefused, find_sign_in
from tests.factories import NOW, make_company, make_user
from tests.services.support import count, rows

PASSWORD = "demo-password"


@pytest.fixture
def ada(session: Session) -> User:
    company = make_company(session, name="Harbor", slug="harbor", zone="Europe/Paris")
    password_hash = passwords.hash_password(PASSWORD)
    return make_user(
        session, company, email="ada@example.com", name="Ada", password_hash=password_hash
    )


def _sign_in(session: Session, email: str = "ada@example.com", password: str = PASSWORD) -> str:
    return sign_ins.sign_in(session, email=email, password=password, now=NOW)


def test_the_right_password_gives_a_token_that_says_who(session: Session, ada: User) -> None:
    token = _sign_in(session, " ADA@example.com ")

    who = find_sign_in(session, token, now=NOW)
    assert who is not None
    assert (who.email, who.name, who.role, who.is_admin) == (
        "ada@example.com",
        "Ada",
        Role.ADMIN,
        True,
    )
    assert (who.company_slug, who.company_name, who.zone) == ("harbor", "Harbor", "Europe/Paris")


def test_a_member_is_no_admin(session: Session, ada: User) -> None:
    ada.role = Role.MEMBER
    session.commit()

    who = find_sign_in(session, _sign_in(session), now=NOW)

    assert who is not None and not who.is_admin


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("nobody@example.com", PASSWORD),
        ("ada@example.com", "another-password"),
        ("ada@example.com", ""),
        ("", ""),
        ("ada@example.com", PASSWORD.upper()),
        ("x" * 5000, "y" * 100_000),
    ],
)
def test_a_wrong_pair_is_refused_without_saying_which(
    session: Session, ada: User, email: str, password: str
) -> None:
    with pytest.raises(SignInRefused) as caught:
        _sign_in(session, email, password)

    assert str(caught.value) == ""


def test_a_disabled_user_is_refused_in_the_same_words(session: Session, ada: User) -> None:
    ada.is_disabled = True
    session.commit()

    with pytest.raises(SignInRefused) as caught:
        _sign_in(session)

    assert str(caught.value) == ""


def test_unknown_and_known_users_cost_the_same_hashing(
    session: Session, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    methods: list[str] = []

    def check(known_hash: str, _password: str) -> bool:
        methods.append(known_hash.split("$")[0])
        return False

    monkeypatch.setattr(passwords, "_nobody", [])
    monkeypatch.setattr(passwords, "check_password_hash", check)

    for email in ("ada@example.com", "nobody@example.com"):
        with pytest.raises(SignInRefused):
            _sign_in(session, email)

    assert methods == ["pbkdf2:sha256:1", "pbkdf2:sha256:1"]


def test_a_password_of_the_longest_length_does_not_fit_with_more_behind_it(
    session: Session, ada: User
) -> None:
    longest = ("every bee has a name, " * 10)[: passwords.MAX_PASSWORD_CHARACTERS]
    ada.password_hash = passwords.hash_password(longest)
    session.commit()

    with pytest.raises(SignInRefused):
        _sign_in(session, password=longest + "x")


def test_a_refused_sign_in_leaves_no_row(
    sessions: sessionmaker[Session], session: Session, ada: User
) -> None:
    with pytest.raises(SignInRefused):
        _sign_in(session, password="another-password")

    assert count(sessions, SignIn) == 0


def test_nobody_waits_for_the_database_while_a_password_is_hashed(
    sessions: sessionmaker[Session], ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_meanwhile(_known_hash: str, _password: str) -> bool:
        with sessions() as other:
            make_company(other, slug="meanwhile")
        return True

    monkeypatch.setattr(passwords, "check_password_hash", write_meanwhile)

    with sessions() as session:
        assert _sign_in(session)


def test_the_token_is_nowhere_in_the_database(
    session: Session, ada: User, database_path: Path
) -> None:
    token = _sign_in(session)

    written = b"".join(path.read_bytes() for path in database_path.parent.glob("test.db*"))
    assert token.encode() not in written
    assert ada.password_hash.encode() in written, "the bytes were read from the right files"


def test_two_sign_ins_have_two_tokens(session: Session, ada: User) -> None:
    assert _sign_in(session) != _sign_in(session)


@pytest.mark.parametrize("token", ["", "nonsense", "\udcff", "a" * 10_000])
def test_a_token_that_was_never_given_is_nobody(session: Session, ada: User, token: str) -> None:
    assert find_sign_in(session, token, now=NOW) is None


def test_signing_out_ends_this_sign_in_and_no_other(session: Session, ada: User) -> None:
    left, kept = _sign_in(session), _sign_in(session)
    who = find_sign_in(session, left, now=NOW)
    assert who is not None

    sign_ins.end_sign_in(session, who.sign_in_id, now=NOW)

    assert find_sign_in(session, left, now=NOW) is None
    assert find_sign_in(session, kept, now=NOW) is not None


def test_a_new_password_ends_every_sign_in_and_the_old_password(
    session: Session, ada: User
) -> None:
    tokens = [_sign_in(session), _sign_in(session)]

    accounts.reset_password(session, email="ADA@example.com", password="another-password", now=NOW)

    assert [find_sign_in(session, token, now=NOW) for token in tokens] == [None, None]
    with pytest.raises(SignInRefused):
        _sign_in(session)
    assert _sign_in(session, password="another-password")


def test_disabling_a_user_ends_the_sign_in_at_once(session: Session, ada: User) -> None:
    token = _sign_in(session)

    ada.is_disabled = True
    session.commit()

    assert find_sign_in(session, token, now=NOW) is None


@pytest.mark.parametrize(
    ("idle", "is_valid"),
    [(timedelta(hours=12), True), (timedelta(hours=12, seconds=1), False)],
)
def test_an_idle_sign_in_ends_after_twelve_hours(
    session: Session, ada: User, idle: timedelta, is_valid: bool
) -> None:
    token = _sign_in(session)

    assert (find_sign_in(session, token, now=NOW + idle) is not None) is is_valid


def test_a_used_sign_in_ends_after_seven_days_all_the_same(session: Session, ada: User) -> None:
    token = _sign_in(session)
    now, seen = NOW, 0
    while (who := find_sign_in(session, token, now=now)) is not None:
        sign_ins.note_seen(session, who, now=now)
        now, seen = now + timedelta(hours=11), seen + 1

    assert now - NOW > timedelta(days=7)
    assert seen == 16, "every 11 hours from the first moment to the last within 7 days"


def test_being_seen_is_written_every_five_minutes_at_most(
    sessions: sessionmaker[Session], session: Session, ada: User
) -> None:
    who = find_sign_in(session, _sign_in(session), now=NOW)
    assert who is not None
    session.rollback()

    sign_ins.note_seen(session, who, now=NOW + timedelta(minutes=4))
    assert rows(sessions, select(SignIn.last_seen_at)) == [(NOW,)]

    sign_ins.note_seen(session, who, now=NOW + timedelta(minutes=5))
    assert rows(sessions, select(SignIn.last_seen_at)) == [(NOW + timedelta(minutes=5),)]
