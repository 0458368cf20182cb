"""What people do with their own account: name, password, and where they are signed in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models import LinkPurpose, SignIn, User
from services.account_errors import BadName, WeakPassword
from services.audit import AuditAction, record_event
from services.one_time_links import LINK_JOB, add_link, end_links_of
from services.password_proof import check_own_password
from services.passwords import check_new_password, hash_password, personal_words
from services.plain_text import has_visible, plain_line
from services.runtime import Wake
from services.sign_in_limits import Visitor
from services.sign_ins import SignedIn, end_all_sign_ins, is_usable, renew_sign_in

MAX_NAME_CHARACTERS = 200
#: Enough of a hash to tell the sign-ins of one person apart, and none of it opens one.
ID_CHARACTERS = 16


class UnknownSignIn(Exception):
    """It has ended, or it is somebody else's."""


@dataclass(frozen=True, slots=True)
class OwnSignIn:
    """A browser that somebody is signed in with. `is_this` is the one that asks."""

    public_id: str
    since_at: datetime
    last_seen_at: datetime
    is_this: bool


def list_sign_ins(session: Session, who: SignedIn, *, now: datetime) -> tuple[OwnSignIn, ...]:
    """Return where the person is signed in, this browser first, then as last seen."""
    query = (
        select(SignIn)
        .where(SignIn.user_id == who.user_id, is_usable(now))
        .order_by(SignIn.id != who.sign_in_id, SignIn.last_seen_at.desc(), SignIn.id.desc())
    )
    return tuple(
        OwnSignIn(
            public_id=row.token_hash[:ID_CHARACTERS],
            since_at=row.created_at,
            last_seen_at=row.last_seen_at,
            is_this=row.id == who.sign_in_id,
        )
        for row in session.scalars(query)
    )


def change_name(session: Session, who: SignedIn, *, name: str, now: datetime) -> None:
    """Call the person by another name from now on. Commits. Raises BadName."""
    if len(name) > MAX_NAME_CHARACTERS:
        raise BadName(
            f"A name has up to {MAX_NAME_CHARACTERS} characters; this one has {len(name):,}."
        )
    name = plain_line(name, MAX_NAME_CHARACTERS)
    if not has_visible(name):
        raise BadName("A name needs something that can be seen.")
    if name != who.name:
        session.execute(update(User).where(User.id == who.user_id).values(name=name))
        _record(session, who, AuditAction.NAME_CHANGED, now=now)
    session.commit()


def change_password(
    session: Session,
    who: SignedIn,
    *,
    current: str,
    password: str,
    visitor: Visitor,
    wake: Wake,
    now: datetime,
) -> tuple[str, int]:
    """Set a new password, and end all other sign-ins and the mailed links of the person. Commits.

    A mail tells them. Returns the token that this browser's cookie holds from now on, and how many
    were signed out. Raises WeakPassword, WrongPassword and TooManyTries.
    """
    personal = personal_words(session.get_one(User, who.user_id))
    session.rollback()
    check_new_password(password, personal=personal)
    new_hash = hash_password(password)
    check_own_password(session, who, password=current, visitor=visitor, now=now)
    if password == current:
        # The try is forgiven: it was the right password.
        session.commit()
        raise WeakPassword("That is the password you have. Choose another one.")
    session.execute(update(User).where(User.id == who.user_id).values(password_hash=new_hash))
    ended = end_all_sign_ins(session, who.user_id, but=who.sign_in_id, now=now)
    end_links_of(session, who.user_id, now=now)
    token = renew_sign_in(session, who.sign_in_id, now=now)
    _record(session, who, AuditAction.PASSWORD_CHANGED, detail=_others(ended), now=now)
    notice = add_link(
        session,
        company_id=who.company_id,
        purpose=LinkPurpose.PASSWORD_NOTICE,
        email=who.email,
        user_id=who.user_id,
        now=now,
    )
    session.commit()
    wake(LINK_JOB, notice.id)
    return token, ended


def sign_out_elsewhere(session: Session, who: SignedIn, *, now: datetime) -> int:
    """Sign the person out in every browser but this one, and return how many. Commits."""
    ended = end_all_sign_ins(session, who.user_id, but=who.sign_in_id, now=now)
    if ended:
        _record(session, who, AuditAction.SIGNED_OUT_ELSEWHERE, detail=_others(ended), now=now)
    session.commit()
    return ended


def sign_out_there(session: Session, who: SignedIn, *, public_id: str, now: datetime) -> None:
    """Sign the person out in one other browser. Commits. Raises UnknownSignIn."""
    is_other = SignIn.id != who.sign_in_id
    query = select(SignIn).where(SignIn.user_id == who.user_id, is_other, is_usable(now))
    for row in session.scalars(query):
        if row.token_hash[:ID_CHARACTERS] == public_id:
            row.ended_at = now
            session.commit()
            return
    session.rollback()
    raise UnknownSignIn


def _others(number: int) -> str:
    return f"{number:,} other browser{'' if number == 1 else 's'}" if number > 0 else ""


def _record(
    session: Session, who: SignedIn, action: AuditAction, *, detail: str = "", now: datetime
) -> None:
    record_event(
        session,
        company_id=who.company_id,
        user_id=who.user_id,
        action=action,
        subject=who.role.value,
        detail=detail,
        now=now,
    )
