"""Companies, users and sign-ins: who somebody is and what they may do."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import available_timezones

from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session, joinedload
from werkzeug.security import check_password_hash, generate_password_hash

from models import Company, Role, SignIn, User
from services.audit import AuditAction, record_event
from services.database import is_busy
from services.email_addresses import UnusableAddress, email_key, normalise_address
from services.report_recipients import agree_as_user

PASSWORD_METHOD = "scrypt:32768:8:3"  # noqa: S105  (OWASP's minimum for scrypt, read 2026-11-22)
MIN_PASSWORD_CHARACTERS = 12
MAX_PASSWORD_CHARACTERS = 200
SIGN_IN_IDLE_LIMIT = timedelta(hours=12)
SIGN_IN_LIMIT = timedelta(days=7)
LAST_SEEN_STEP = timedelta(minutes=5)
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")


class AccountError(ValueError):
    """Something about a company or a user cannot be; the message is for people."""


class UnknownZone(AccountError):
    pass


class BadSlug(AccountError):
    pass


class BadEmail(AccountError):
    pass


class WeakPassword(AccountError):
    pass


class AlreadyTaken(AccountError):
    pass


class UnknownCompany(AccountError):
    pass


class UnknownUser(AccountError):
    pass


class SignInRefused(Exception):
    """E-mail and password do not fit together, or the user is disabled. It does not say which."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who acts in a request, and for which company."""

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

    @property
    def is_admin(self) -> bool:
        return self.role is Role.ADMIN


def hash_password(password: str) -> str:
    """Hash a new password. Raises WeakPassword."""
    if not MIN_PASSWORD_CHARACTERS <= len(password) <= MAX_PASSWORD_CHARACTERS:
        raise WeakPassword(
            f"A password needs {MIN_PASSWORD_CHARACTERS} to {MAX_PASSWORD_CHARACTERS} characters."
        )
    return generate_password_hash(password, method=PASSWORD_METHOD)


def add_company(session: Session, *, name: str, slug: str, zone: str, now: datetime) -> Company:
    """Create a company. Commits. Raises UnknownZone, BadSlug or AlreadyTaken."""
    if zone not in available_timezones():
        raise UnknownZone(f"{zone!r} is not a time zone. Write it like America/New_York.")
    if not _SLUG.fullmatch(slug):
        raise BadSlug("A slug has 1 to 64 lower-case letters, digits and hyphens.")
    company = Company(name=name.strip() or slug, slug=slug, zone=zone, created_at=now)
    session.add(company)
    _commit_or_taken(session, f"There is already a company {slug!r}.")
    return company


def find_company(session: Session, slug: str | None) -> Company:
    """Return the company with the slug, or the first one created. Raises UnknownCompany."""
    query = select(Company).order_by(Company.id).limit(1)
    company = session.scalar(query if slug is None else query.where(Company.slug == slug))
    if company is None and slug is None:
        raise UnknownCompany("There is no company yet. Create one with: flask --app app setup")
    if company is None:
        raise UnknownCompany(f"There is no company {slug!r}.")
    return company


def add_user(
    session: Session,
    company_id: int,
    *,
    email: str,
    name: str,
    role: Role,
    password: str,
    now: datetime,
) -> User:
    """Create a user. Commits. Raises BadEmail, WeakPassword or AlreadyTaken."""
    address, password_hash = check_new_user(session, email=email, password=password)
    agree_as_user(session, session.get_one(Company, company_id), address, now=now)
    user = User(
        company_id=company_id,
        email=address,
        name=name.strip() or address,
        role=role,
        password_hash=password_hash,
        created_at=now,
    )
    session.add(user)
    record_event(
        session,
        company_id=company_id,
        user_id=None,
        action=AuditAction.USER_ADDED,
        subject=role.value,
        now=now,
    )
    _commit_or_taken(session, f"Somebody already signs in as {address}.")
    return user


def check_new_user(session: Session, *, email: str, password: str) -> tuple[str, str]:
    """Return the address to store and the password's hash. Changes nothing.

    Raises BadEmail, WeakPassword or AlreadyTaken.
    """
    try:
        address = email_key(normalise_address(email))
    except UnusableAddress as error:
        raise BadEmail(f"{email!r} is not an e-mail address that mail could reach.") from error
    password_hash = hash_password(password)
    if _user_by_email(session, address) is not None:
        raise AlreadyTaken(f"Somebody already signs in as {address}.")
    return address, password_hash


def reset_password(session: Session, *, email: str, password: str, now: datetime) -> None:
    """Set a new password and end every sign-in of the user. Commits.

    Raises UnknownUser or WeakPassword.
    """
    user = _user_by_email(session, email)
    if user is None:
        raise UnknownUser(f"Nobody signs in as {email}.")
    user.password_hash = hash_password(password)
    session.execute(
        update(SignIn)
        .where(SignIn.user_id == user.id, SignIn.ended_at.is_(None))
        .values(ended_at=now)
    )
    record_event(
        session,
        company_id=user.company_id,
        user_id=user.id,
        action=AuditAction.PASSWORD_RESET,
        subject=user.role.value,
        now=now,
    )
    session.commit()


def sign_in(session: Session, *, email: str, password: str, now: datetime) -> str:
    """Check the password and return the new sign-in's token for the cookie. Commits.

    Raises SignInRefused after the same work whether or not the user exists.
    """
    user = _user_by_email(session, email)
    known_hash = user.password_hash if user else _hash_of_nobody()
    # The transaction ends before the slow hash, so that nobody waits for a lock meanwhile.
    session.rollback()
    fits = check_password_hash(known_hash, password[:MAX_PASSWORD_CHARACTERS])
    fits = fits and len(password) <= MAX_PASSWORD_CHARACTERS
    if user is None or not fits or user.is_disabled:
        raise SignInRefused
    token = secrets.token_urlsafe(32)
    session.add(
        SignIn(token_hash=_token_hash(token), user_id=user.id, created_at=now, last_seen_at=now)
    )
    session.commit()
    return token


def find_sign_in(session: Session, token: str, *, now: datetime) -> SignedIn | None:
    """Return who holds the token, or None if it ended, expired or never was. One statement."""
    row = session.scalar(
        select(SignIn)
        .where(SignIn.token_hash == _token_hash(token), SignIn.ended_at.is_(None))
        .options(joinedload(SignIn.user).joinedload(User.company))
    )
    if row is None or row.user.is_disabled:
        return None
    if now - row.last_seen_at > SIGN_IN_IDLE_LIMIT or now - row.created_at > SIGN_IN_LIMIT:
        return None
    return _signed_in(row)


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
    session.execute(update(SignIn).where(SignIn.id == sign_in_id).values(ended_at=now))
    session.commit()


def _signed_in(row: SignIn) -> SignedIn:
    user, company = row.user, row.user.company
    return SignedIn(
        sign_in_id=row.id,
        user_id=user.id,
        name=user.name,
        email=user.email,
        role=user.role,
        company_id=company.id,
        company_name=company.name,
        company_slug=company.slug,
        zone=company.zone,
        last_seen_at=row.last_seen_at,
    )


def _user_by_email(session: Session, email: str) -> User | None:
    return session.scalar(select(User).where(User.email == email_key(email)))


def _commit_or_taken(session: Session, sentence: str) -> None:
    try:
        session.commit()
    except IntegrityError as error:
        session.rollback()
        raise AlreadyTaken(sentence) from error


def _token_hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


_nobody: list[str] = []


def _hash_of_nobody() -> str:
    """Return a hash to check against when the user is unknown, so that both take as long."""
    if not _nobody:
        _nobody.append(generate_password_hash(secrets.token_hex(16), method=PASSWORD_METHOD))
    return _nobody[0]
