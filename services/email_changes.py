"""Another e-mail for a user: asked for, confirmed at the new address, told to the old one.

Whoever opens the link has to be signed in as that user: an address with a typing mistake may be
somebody else's mailbox, and who holds the mailbox of a user could set the password. The old
address is told both times. A new password ends a change that waits.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models import LinkPurpose, OneTimeLink, User
from services.account_errors import AlreadyTaken, BadEmail
from services.accounts import find_user
from services.address_asks import count_address
from services.audit import AuditAction, record_event
from services.email_addresses import UnusableAddress, email_key, normalise_address
from services.link_errors import DAY, BadLink, ChangeUsed, NotSignedInAsThem, TooManyChanges
from services.one_time_links import (
    LINK_JOB,
    add_link,
    end_links,
    end_links_of,
    find_link,
    find_used,
    is_open,
    refuse_repeat,
    use_link,
)
from services.recipient_moves import move_recipient
from services.runtime import Wake
from services.sign_ins import SignedIn, end_all_sign_ins

CHANGES_PER_DAY = 5


@dataclass(frozen=True, slots=True)
class ChangeView:
    """What the link changes; `is_changed` once it has."""

    user_id: int
    new_email: str
    name: str
    company_name: str
    is_changed: bool


@dataclass(frozen=True, slots=True)
class PendingChange:
    """An e-mail that waits for a yes at the new address."""

    new_email: str
    expires_at: datetime
    could_not_be_mailed: bool


def ask_for_change(
    session: Session, who: SignedIn, *, email: str, wake: Wake, now: datetime
) -> None:
    """Have the new address asked and the old one told; an older question ends. Commits.

    Whoever calls has asked for the password. Raises BadEmail, AlreadyTaken, MailedAlready,
    TooManyChanges or TooManyAddresses.
    """
    try:
        address = email_key(normalise_address(email))
    except UnusableAddress as error:
        raise BadEmail("That is not an e-mail address that mail could reach.") from error
    user = session.get_one(User, who.user_id)
    if address == user.email:
        session.rollback()
        raise AlreadyTaken("That is your e-mail already.")
    count_address(session, who, now=now)
    if find_user(session, address) is not None:
        session.rollback()
        raise AlreadyTaken("Somebody signs in with this address already.")
    _refuse_crowd(session, user, now=now)
    refuse_repeat(
        session,
        company_id=who.company_id,
        purpose=LinkPurpose.EMAIL_CHANGE,
        email=address,
        now=now,
    )
    end_links_of(session, user.id, now=now)
    link = _add_link(session, user, LinkPurpose.EMAIL_CHANGE, address, now=now)
    notice = _add_link(session, user, LinkPurpose.EMAIL_ASKED_NOTICE, user.email, now=now)
    _record(session, user, AuditAction.EMAIL_CHANGE_ASKED, now=now)
    session.commit()
    wake(LINK_JOB, link.id)
    wake(LINK_JOB, notice.id)


def find_pending(session: Session, who: SignedIn, *, now: datetime) -> PendingChange | None:
    """Return the change that the user asked for and nobody has answered yet."""
    link = session.scalar(
        select(OneTimeLink)
        .where(*_is_change_of(who.user_id), is_open(now))
        .order_by(OneTimeLink.id.desc())
        .limit(1)
    )
    if link is None:
        return None
    is_given_up = link.sent_at is None and link.next_attempt_at is None
    return PendingChange(link.email, link.expires_at, could_not_be_mailed=is_given_up)


def withdraw_change(session: Session, who: SignedIn, *, now: datetime) -> bool:
    """Let the link do nothing any more; say whether there was one. Commits."""
    is_ended = end_links(session, *_is_change_of(who.user_id), is_open(now), now=now) > 0
    if is_ended:
        user = session.get_one(User, who.user_id)
        _record(session, user, AuditAction.EMAIL_CHANGE_WITHDRAWN, now=now)
    session.commit()
    return is_ended


def view_change(session: Session, token: str, *, link_key: str, now: datetime) -> ChangeView:
    """Return what the link changes, or has changed. Raises the LinkError family."""
    try:
        link = _find(session, token, link_key=link_key, now=now)
    except ChangeUsed:
        link = find_used(session, token, purpose=LinkPurpose.EMAIL_CHANGE, link_key=link_key)
        if _user(link).email != link.email:
            raise
    user = _user(link)
    return ChangeView(
        user_id=user.id,
        new_email=link.email,
        name=user.name,
        company_name=link.company.name,
        is_changed=link.used_at is not None,
    )


def change_by_link(
    session: Session, who: SignedIn | None, token: str, *, link_key: str, wake: Wake, now: datetime
) -> str:
    """Change the e-mail, end the user's other sign-ins, tell the old address. Commits.

    Returns the new e-mail. Raises AlreadyTaken where somebody else has the address since, or the
    LinkError family.
    """
    link = _find(session, token, link_key=link_key, now=now)
    if who is None or who.user_id != link.user_id:
        session.rollback()
        raise NotSignedInAsThem
    use_link(session, link, now=now)
    user = _user(link)
    old_email, new_email = user.email, link.email
    user.email = new_email
    try:
        session.flush()
    except IntegrityError as error:
        session.rollback()
        raise AlreadyTaken("Somebody signs in with this address since.") from error
    move_recipient(session, user.company_id, old_email, new_email, now=now)
    end_all_sign_ins(session, user.id, but=who.sign_in_id, now=now)
    end_links_of(session, user.id, now=now)
    notice = _add_link(session, user, LinkPurpose.EMAIL_CHANGED_NOTICE, old_email, now=now)
    _record(session, user, AuditAction.EMAIL_CHANGED, now=now)
    session.commit()
    wake(LINK_JOB, notice.id)
    return new_email


def _refuse_crowd(session: Session, user: User, *, now: datetime) -> None:
    recent = OneTimeLink.created_at > now - DAY
    made = select(func.count()).where(*_is_change_of(user.id), recent)
    if (session.scalar(made) or 0) >= CHANGES_PER_DAY:
        session.rollback()
        raise TooManyChanges


def _is_change_of(user_id: int) -> tuple[ColumnElement[bool], ...]:
    return (OneTimeLink.user_id == user_id, OneTimeLink.purpose == LinkPurpose.EMAIL_CHANGE)


def _add_link(
    session: Session, user: User, purpose: LinkPurpose, email: str, *, now: datetime
) -> OneTimeLink:
    return add_link(
        session,
        company_id=user.company_id,
        purpose=purpose,
        email=email,
        user_id=user.id,
        created_by_id=user.id,
        now=now,
    )


def _find(session: Session, token: str, *, link_key: str, now: datetime) -> OneTimeLink:
    return find_link(session, token, purpose=LinkPurpose.EMAIL_CHANGE, link_key=link_key, now=now)


def _user(link: OneTimeLink) -> User:
    if link.user is None:
        raise BadLink
    return link.user


def _record(session: Session, user: User, action: AuditAction, *, now: datetime) -> None:
    record_event(
        session,
        company_id=user.company_id,
        user_id=user.id,
        action=action,
        subject=user.role.value,
        now=now,
    )
