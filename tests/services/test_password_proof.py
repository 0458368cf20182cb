"""The password again, and what people do with their own account."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session, sessionmaker

from models import AuditEvent, LinkPurpose, User
from services import own_account, passwords, sign_ins
from services.account_errors import BadName, WeakPassword
from services.one_time_links import add_link
from services.own_account import UnknownSignIn, list_sign_ins
from services.password_proof import WrongPassword, is_proved, prove
from services.sign_in_limits import TooManyTries, Visitor
from services.sign_ins import SignedIn, SignInRefused, find_sign_in
from tests.conftest import Clock, WakeUps
from tests.factories import NOW, make_company, make_signed_in, make_user
from tests.services.support import rows

ADA = "ada@example.com"
PASSWORD, OTHER = "demo-password", "another-password"
HOME = Visitor("203.0.113.9", None, "a key for tests")


@pytest.fixture
def ada(session: Session) -> User:
    password_hash = passwords.hash_password(PASSWORD)
    return make_user(
        session, make_company(session), email=ADA, name="Ada", password_hash=password_hash
    )


def _sign_in(session: Session, clock: Clock, password: str = PASSWORD) -> str:
    return sign_ins.sign_in(session, email=ADA, password=password, now=clock())


def _who(session: Session, token: str, clock: Clock) -> SignedIn:
    who = find_sign_in(session, token, now=clock())
    session.rollback()
    assert who is not None
    return who


def _change(session: Session, who: SignedIn, clock: Clock, **values: str) -> tuple[str, int]:
    texts = {"current": PASSWORD, "password": OTHER} | values
    return own_account.change_password(
        session, who, visitor=HOME, wake=WakeUps(), now=clock(), **texts
    )


@pytest.mark.parametrize(
    ("age", "answer"), [(timedelta(minutes=14, seconds=59), True), (timedelta(minutes=15), False)]
)
def test_a_password_proves_for_a_quarter_of_an_hour(
    session: Session, ada: User, clock: Clock, age: timedelta, answer: bool
) -> None:
    who = _who(session, _sign_in(session, clock), clock)

    assert is_proved(who, now=NOW + age) is answer


def test_the_password_again_proves_anew_and_ends_the_token_before(
    session: Session, ada: User, clock: Clock
) -> None:
    before = _sign_in(session, clock)
    who = _who(session, before, clock)
    clock.advance(minutes=20)

    token = prove(session, who, password=PASSWORD, visitor=HOME, now=clock())

    assert is_proved(_who(session, token, clock), now=clock())
    assert find_sign_in(session, before, now=clock()) is None


def test_a_wrong_password_proves_nothing_and_is_counted_like_a_sign_in(
    session: Session, ada: User, clock: Clock
) -> None:
    token = _sign_in(session, clock)
    who = _who(session, token, clock)
    clock.advance(minutes=20)

    for _ in range(10):
        with pytest.raises(WrongPassword):
            prove(session, who, password=OTHER, visitor=HOME, now=clock())
    with pytest.raises(TooManyTries):
        prove(session, who, password=PASSWORD, visitor=HOME, now=clock())

    assert not is_proved(_who(session, token, clock), now=clock())


def test_a_new_password_ends_all_other_sign_ins_and_is_written_down(
    sessions: sessionmaker[Session], session: Session, ada: User, clock: Clock
) -> None:
    mine, others = _sign_in(session, clock), [_sign_in(session, clock) for _ in range(2)]
    link = add_link(
        session,
        company_id=ada.company_id,
        user_id=ada.id,
        purpose=LinkPurpose.PASSWORD_RESET,
        email=ADA,
        now=clock(),
    )
    session.commit()

    token, ended = _change(session, _who(session, mine, clock), clock)

    assert ended == 2
    assert _who(session, token, clock).email == ADA
    assert [find_sign_in(session, other, now=clock()) for other in (mine, *others)] == [None] * 3
    session.rollback()
    with pytest.raises(SignInRefused):
        _sign_in(session, clock)
    assert _sign_in(session, clock, OTHER)
    found = select(AuditEvent.action, AuditEvent.user_id, AuditEvent.detail)
    assert rows(sessions, found) == [("password changed", ada.id, "2 other browsers")]
    session.expire_all()
    assert link.ended_at == clock(), "a link that was mailed before opens nothing"


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"current": "not the password"}, WrongPassword),
        ({"current": OTHER}, WrongPassword),
        ({"password": "short"}, WeakPassword),
        ({"password": "password1234"}, WeakPassword),
        ({"password": PASSWORD}, WeakPassword),
        ({"password": "Ada-ada@example.com"}, WeakPassword),
    ],
)
def test_a_refused_password_changes_nothing(
    session: Session, ada: User, clock: Clock, values: dict[str, str], error: type[Exception]
) -> None:
    mine, other = _sign_in(session, clock), _sign_in(session, clock)
    who = _who(session, mine, clock)

    with pytest.raises(error):
        _change(session, who, clock, **values)

    assert _who(session, mine, clock) and _who(session, other, clock)
    assert _sign_in(session, clock)


@pytest.mark.both_databases(in_suite=True)
@pytest.mark.parametrize(
    "changes",
    [({"password_hash": "one"}, {"password_hash": "two"}), ({"is_disabled": True},) * 2],
    ids=["password", "disabled"],
)
def test_what_changes_while_a_password_is_looked_at_is_not_missed(
    sessions: sessionmaker[Session],
    session: Session,
    ada: User,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    changes: tuple[dict[str, object], dict[str, object]],
) -> None:
    to_come = iter(changes)
    who = _who(session, _sign_in(session, clock), clock)

    def change_meanwhile(_known_hash: str, _password: str) -> bool:
        with sessions() as other:
            other.execute(update(User).values(next(to_come)))
            other.commit()
        return True

    monkeypatch.setattr(passwords, "check_password_hash", change_meanwhile)

    with pytest.raises(SignInRefused):
        _sign_in(session, clock)
    with pytest.raises(WrongPassword):
        prove(session, who, password=PASSWORD, visitor=HOME, now=clock())


def test_somebody_sees_where_they_are_signed_in_and_nobody_else(
    session: Session, ada: User, clock: Clock
) -> None:
    _sign_in(session, clock)
    clock.advance(hours=13)
    older = _who(session, _sign_in(session, clock), clock)
    clock.advance(hours=1)
    who = _who(session, _sign_in(session, clock), clock)
    make_signed_in(session, make_user(session, make_company(session)))

    listed = list_sign_ins(session, who, now=clock())

    assert [(one.is_this, one.since_at) for one in listed] == [
        (True, clock()),
        (False, older.last_seen_at),
    ]


def test_signing_out_everywhere_else_keeps_this_browser(
    sessions: sessionmaker[Session], session: Session, ada: User, clock: Clock
) -> None:
    mine, other = _sign_in(session, clock), _sign_in(session, clock)
    who = _who(session, mine, clock)

    assert own_account.sign_out_elsewhere(session, who, now=clock()) == 1
    assert own_account.sign_out_elsewhere(session, who, now=clock()) == 0

    assert find_sign_in(session, other, now=clock()) is None
    assert _who(session, mine, clock)
    found = select(AuditEvent.action, AuditEvent.detail)
    assert rows(sessions, found) == [("signed out elsewhere", "1 other browser")]


def test_one_other_browser_is_signed_out_and_never_somebody_elses(
    session: Session, ada: User, clock: Clock
) -> None:
    other, who = _sign_in(session, clock), _who(session, _sign_in(session, clock), clock)
    theirs = make_signed_in(session, make_user(session, make_company(session)))
    mine, listed = list_sign_ins(session, who, now=clock())
    (foreign,) = list_sign_ins(session, theirs, now=clock())

    for public_id in (mine.public_id, foreign.public_id, "0" * 16):
        with pytest.raises(UnknownSignIn):
            own_account.sign_out_there(session, who, public_id=public_id, now=clock())
    own_account.sign_out_there(session, who, public_id=listed.public_id, now=clock())

    assert find_sign_in(session, other, now=clock()) is None
    assert list_sign_ins(session, who, now=clock()) == (mine,)
    assert list_sign_ins(session, theirs, now=clock()) == (foreign,)


def test_a_name_is_changed_and_written_down_without_it(
    sessions: sessionmaker[Session], session: Session, ada: User, clock: Clock
) -> None:
    who = _who(session, _sign_in(session, clock), clock)

    own_account.change_name(session, who, name="  Ada \u202e Lovelace\n", now=clock())

    assert rows(sessions, select(User.name)) == [("Ada Lovelace",)]
    found = select(AuditEvent.action, AuditEvent.subject, AuditEvent.detail)
    assert rows(sessions, found) == [("name changed", "admin", "")]


@pytest.mark.parametrize("name", ["", " \n", "\u3164\u200b", "x" * 201])
def test_a_name_that_nobody_could_read_is_refused(
    session: Session, ada: User, clock: Clock, name: str
) -> None:
    who = _who(session, _sign_in(session, clock), clock)

    with pytest.raises(BadName):
        own_account.change_name(session, who, name=name, now=clock())
