"""Companies and their users."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import available_timezones

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models import Company, Role, SignIn, User
from services.account_errors import (
    AlreadyTaken,
    BadEmail,
    BadSlug,
    UnknownCompany,
    UnknownUser,
    UnknownZone,
)
from services.audit import AuditAction, record_event
from services.email_addresses import UnusableAddress, email_key, normalise_address
from services.one_time_links import end_links_of
from services.passwords import hash_password, personal_words
from services.report_recipients import agree_as_user

_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")


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
    company = session.get_one(Company, company_id)
    personal = (name, company.name, company.slug)
    address, password_hash = check_new_user(
        session, email=email, password=password, personal=personal
    )
    agree_as_user(session, company, address, now=now)
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


def check_new_user(
    session: Session, *, email: str, password: str, personal: Sequence[str] = ()
) -> tuple[str, str]:
    """Return the address to store and the password's hash. Changes nothing.

    `personal` is what others know of the user beside the address. Raises BadEmail, WeakPassword
    or AlreadyTaken.
    """
    try:
        address = email_key(normalise_address(email))
    except UnusableAddress as error:
        raise BadEmail(f"{email!r} is not an e-mail address that mail could reach.") from error
    password_hash = hash_password(password, personal=(address, *personal))
    if find_user(session, address) is not None:
        raise AlreadyTaken(f"Somebody already signs in as {address}.")
    return address, password_hash


def reset_password(session: Session, *, email: str, password: str, now: datetime) -> None:
    """Set a new password and end every sign-in and mailed link of the user. Commits.

    Raises UnknownUser or WeakPassword.
    """
    user = find_user(session, email)
    if user is None:
        raise UnknownUser(f"Nobody signs in as {email}.")
    user.password_hash = hash_password(password, personal=personal_words(user))
    session.execute(
        update(SignIn)
        .where(SignIn.user_id == user.id, SignIn.ended_at.is_(None))
        .values(ended_at=now)
    )
    end_links_of(session, user.id, now=now)
    record_event(
        session,
        company_id=user.company_id,
        user_id=user.id,
        action=AuditAction.PASSWORD_RESET,
        subject=user.role.value,
        now=now,
    )
    session.commit()


def find_user(session: Session, email: str) -> User | None:
    """Return who signs in with the address, in any company."""
    return session.scalar(select(User).where(User.email == email_key(email)))


def _commit_or_taken(session: Session, sentence: str) -> None:
    try:
        session.commit()
    except IntegrityError as error:
        session.rollback()
        raise AlreadyTaken(sentence) from error
