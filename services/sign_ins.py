"""Sign-ins: rows on the server that a cookie points to, so that they can be ended there."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Executable, and_, bindparam, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from models import Company, Role, SignIn, User
from services.accounts import find_user
from services.database import is_busy
from services.import_queue import has_active_run
from services.passwords import hash_of_nobody, is_password
from services.report_trouble import has_open_delivery, oldest_day_looked_at

SIGN_IN_IDLE_LIMIT = timedelta(hours=12)
SIGN_IN_LIMIT = timedelta(days=7)
LAST_SEEN_STEP = timedelta(minutes=5)


class SignInRefused(Exception):
    """E-mail and password do not fit together, or the user is disabled. It does not say which."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who acts in a request, and for which company.

    `may_run` and `may_lack` are False where the look-up saw that no import is active and that no
    report waits or went wrong, so that a page need not ask again.
    """

    sign_in_id: int
    user_id: int
    name: str
    email: str
    role: Role
    company_id: int
    company_name: str
    company_slug: str
    zone: str
    last_seen_at: datetime
    password_checked_at: datetime
    may_run: bool = True
    may_lack: bool = True

    @property
    def is_admin(self) -> bool:
        return self.role is Role.ADMIN


def sign_in(session: Session, *, email: str, password: str, now: datetime) -> str:
    """Check the password and return the new sign-in's token for the cookie. Commits.

    Raises SignInRefused after the same work whether or not the user exists.
    """
    user = find_user(session, email)
    known_hash = user.password_hash if user else hash_of_nobody()
    user_id = user.id if user else None
    # The transaction ends before the slow hash, so that nobody waits for a lock meanwhile.
    session.rollback()
    fits = is_password(known_hash, password)
    if user_id is None or not fits or not still_stands(session, user_id, known_hash):
        session.rollback()
        raise SignInRefused
    token = _new_token()
    session.add(
        SignIn(
            token_hash=_token_hash(token),
            user_id=user_id,
            created_at=now,
            last_seen_at=now,
            password_checked_at=now,
        )
    )
    session.commit()
    return token


def still_stands(session: Session, user_id: int, known_hash: str) -> bool:
    """Say whether the user has this hash and is not disabled, until the transaction ends.

    The user's row is locked: whoever changes the password meanwhile waits, and then ends what was
    begun with the old one.
    """
    query = select(User.id).where(
        User.id == user_id, User.password_hash == known_hash, User.is_disabled.is_(False)
    )
    return session.scalar(query.with_for_update()) is not None


def find_sign_in(session: Session, token: str, *, now: datetime) -> SignedIn | None:
    """Return who holds the token, or None if it ended, expired or never was. One statement."""
    values = {"token_hash": _token_hash(token), "oldest_day": oldest_day_looked_at(now)}
    # Columns alone: the session would look for entities to build.
    row = session.connection().execute(_look_up(), values).one_or_none()
    if row is None or row.is_disabled:
        return None
    if now - row.last_seen_at > SIGN_IN_IDLE_LIMIT or now - row.created_at > SIGN_IN_LIMIT:
        return None
    return _signed_in(row)


@lru_cache(maxsize=1)
def _look_up() -> Executable:
    """Made once: every request asks it, and making it takes longer than answering it."""
    return (
        select(
            SignIn.id.label("sign_in_id"),
            SignIn.created_at,
            SignIn.last_seen_at,
            SignIn.password_checked_at,
            User.id.label("user_id"),
            User.name,
            User.email,
            User.role,
            User.is_disabled,
            Company.id.label("company_id"),
            Company.name.label("company_name"),
            Company.slug,
            Company.zone,
            has_active_run(Company.id).label("may_run"),
            has_open_delivery(Company.id, bindparam("oldest_day")).label("may_lack"),
        )
        .join(User, User.id == SignIn.user_id)
        .join(Company, Company.id == User.company_id)
        .where(SignIn.token_hash == bindparam("token_hash"), SignIn.ended_at.is_(None))
    )


def note_seen(session: Session, who: SignedIn, *, now: datetime) -> None:
    """Remember that the sign-in is in use; writes at most every few minutes. Commits.

    A database that is busy is left for the next page: no page fails for this.
    """
    if now - who.last_seen_at < LAST_SEEN_STEP:
        return
    try:
        session.execute(update(SignIn).where(SignIn.id == who.sign_in_id).values(last_seen_at=now))
        session.commit()
    except DBAPIError as error:
        session.rollback()
        if not is_busy(error):
            raise


def end_sign_in(session: Session, sign_in_id: int, *, now: datetime) -> None:
    """Sign out: the token is refused from the next request on. Commits."""
    session.execute(
        update(SignIn)
        .where(SignIn.id == sign_in_id, SignIn.ended_at.is_(None))
        .values(ended_at=now)
    )
    session.commit()


def end_all_sign_ins(
    session: Session, user_id: int, *, but: int | None = None, now: datetime
) -> int:
    """Sign the user out in every browser, or in every one but that sign-in's; return how many.

    Joins the caller's transaction. Only those count that could still have been used.
    """
    is_other = SignIn.id != but if but is not None else SignIn.id.is_not(None)
    mine = (SignIn.user_id == user_id, SignIn.ended_at.is_(None), is_other)
    ended = len(session.scalars(select(SignIn.id).where(*mine, is_usable(now))).all())
    session.execute(update(SignIn).where(*mine).values(ended_at=now))
    return ended


def is_usable(now: datetime) -> ColumnElement[bool]:
    """Say of a row of SignIn whether its token would be taken."""
    return and_(
        SignIn.ended_at.is_(None),
        SignIn.last_seen_at >= now - SIGN_IN_IDLE_LIMIT,
        SignIn.created_at >= now - SIGN_IN_LIMIT,
    )


def renew_sign_in(session: Session, sign_in_id: int, *, now: datetime) -> str:
    """Note that the password was typed just now, and return the token that counts from now on.

    Joins the caller's transaction. The former token ends: it may have been copied before.
    """
    token = _new_token()
    session.execute(
        update(SignIn)
        .where(SignIn.id == sign_in_id)
        .values(token_hash=_token_hash(token), password_checked_at=now)
    )
    return token


def _signed_in(row: Any) -> SignedIn:
    return SignedIn(
        sign_in_id=row.sign_in_id,
        user_id=row.user_id,
        name=row.name,
        email=row.email,
        role=row.role,
        company_id=row.company_id,
        company_name=row.company_name,
        company_slug=row.slug,
        zone=row.zone,
        last_seen_at=row.last_seen_at,
        password_checked_at=row.password_checked_at,
        may_run=row.may_run,
        may_lack=row.may_lack,
    )


def _new_token() -> str:
    return secrets.token_urlsafe(32)


def _token_hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
