"""Invitations: an admin has a link mailed, and whoever opens it joins the company with a password.

The stranger's mailbox is protected: one mail an hour whoever asks, three a day from one company,
ten from all. An invitation that is withdrawn makes nobody wait for the hour.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models import LinkPurpose, OneTimeLink, Role, User
from services.account_errors import AlreadyTaken, BadEmail, BadName, ColleagueDisabled
from services.accounts import find_user
from services.address_asks import count_address
from services.audit import AuditAction, record_event
from services.email_addresses import UnusableAddress, email_key, normalise_address
from services.link_errors import DAY, InvitationUsed, TooManyInvitations, UnknownInvitation
from services.one_time_links import (
    LINK_JOB,
    add_link,
    end_links,
    find_link,
    refuse_repeat,
    use_link,
    when_mailable,
)
from services.passwords import hash_password
from services.plain_text import has_visible, plain_line
from services.report_recipients import agree_as_user
from services.runtime import Wake
from services.sign_ins import SignedIn
from services.team_lock import lock_team

INVITATIONS_PER_DAY = 20
NAME_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class InvitationView:
    """An invitation that nobody has accepted and nobody has withdrawn, as admins see it.

    `sent_at` is None while the mail waits, or where it could not be mailed; `again_at` is from when
    it can be sent again, None where it can now.
    """

    public_id: str
    email: str
    role: Role
    created_at: datetime
    expires_at: datetime
    sent_at: datetime | None
    is_expired: bool
    could_not_be_mailed: bool
    again_at: datetime | None


@dataclass(frozen=True, slots=True)
class OfferView:
    """What the page behind the link offers; `invited_by` is empty where that user is gone."""

    email: str
    role: Role
    company_name: str
    invited_by: str
    expires_at: datetime


def invite(
    session: Session, who: SignedIn, *, email: str, role: Role, wake: Wake, now: datetime
) -> str:
    """Have an invitation mailed and return its public id; an older one ends. Commits.

    Two of a company at once invite one after the other. Raises BadEmail, NoLongerAdmin,
    AlreadyTaken, ColleagueDisabled, MailedAlready, TooManyInvitations or TooManyAddresses.
    """
    try:
        address = email_key(normalise_address(email))
    except UnusableAddress as error:
        raise BadEmail("That is not an e-mail address that mail could reach.") from error
    count_address(session, who, now=now)
    lock_team(session, who)
    _refuse_user(session, who, address)
    _refuse_crowd(session, who.company_id, now=now)
    refuse_repeat(
        session,
        company_id=who.company_id,
        purpose=LinkPurpose.INVITATION,
        email=address,
        now=now,
    )
    end_links(session, *_is_invitation(who.company_id), OneTimeLink.email == address, now=now)
    link = add_link(
        session,
        company_id=who.company_id,
        purpose=LinkPurpose.INVITATION,
        email=address,
        role=role,
        created_by_id=who.user_id,
        now=now,
    )
    _record(session, link, who.user_id, AuditAction.INVITED, now=now)
    session.commit()
    wake(LINK_JOB, link.id)
    return link.public_id


def send_invitation_again(
    session: Session, who: SignedIn, public_id: str, *, wake: Wake, now: datetime
) -> str:
    """Have a new link mailed in place of this one, for another seven days; return its id. Commits.

    Raises UnknownInvitation, and whatever `invite` raises.
    """
    link = _get(session, who.company_id, public_id)
    return invite(session, who, email=link.email, role=_role(link), wake=wake, now=now)


def withdraw_invitation(session: Session, who: SignedIn, public_id: str, *, now: datetime) -> None:
    """Let the link do nothing any more, and send it no more; the address is free again. Commits.

    Raises UnknownInvitation, also where somebody joined by it in this moment.
    """
    link = _get(session, who.company_id, public_id)
    if not end_links(session, OneTimeLink.id == link.id, now=now):
        session.rollback()
        raise UnknownInvitation
    _record(session, link, who.user_id, AuditAction.INVITATION_WITHDRAWN, now=now)
    session.commit()


def list_invitations(
    session: Session, company_id: int, *, now: datetime
) -> tuple[InvitationView, ...]:
    """Return the invitations that wait, oldest first, expired ones too. Two statements."""
    query = select(OneTimeLink).where(*_is_invitation(company_id)).order_by(OneTimeLink.id)
    links = session.scalars(query).all()
    waits = when_mailable(
        session,
        company_id=company_id,
        purpose=LinkPurpose.INVITATION,
        emails={link.email for link in links},
        now=now,
    )
    return tuple(_view(link, again_at=waits.get(link.email), now=now) for link in links)


def view_invitation(session: Session, token: str, *, link_key: str, now: datetime) -> OfferView:
    """Return what the link offers; changes nothing. Raises the LinkError family."""
    link = _find(session, token, link_key=link_key, now=now)
    inviter = None if link.created_by_id is None else session.get(User, link.created_by_id)
    return OfferView(
        email=link.email,
        role=_role(link),
        company_name=link.company.name,
        invited_by=inviter.name if inviter else "",
        expires_at=link.expires_at,
    )


def accept_invitation(
    session: Session, token: str, *, name: str, password: str, link_key: str, now: datetime
) -> int:
    """Create the user whom the link invites, and return the row id. Commits.

    Raises BadName or WeakPassword, and then the link still works, or the LinkError family.
    """
    link = _find(session, token, link_key=link_key, now=now)
    clean_name = plain_line(name, NAME_CHARACTERS)
    personal = (link.email, clean_name, link.company.name, link.company.slug)
    # The transaction ends before the slow hash, so that nobody waits for a lock meanwhile.
    session.rollback()
    if not has_visible(clean_name):
        raise BadName("Enter the name that your colleagues will see.")
    password_hash = hash_password(password, personal=personal)
    link = _find(session, token, link_key=link_key, now=now)
    use_link(session, link, now=now)
    user = _add_user(session, link, name=clean_name, password_hash=password_hash, now=now)
    try:
        session.flush()
        _record(session, link, user.id, AuditAction.JOINED, now=now)
        session.commit()
    except IntegrityError as error:  # another company's invitation was accepted meanwhile
        session.rollback()
        raise InvitationUsed from error
    return user.id


def _add_user(
    session: Session, link: OneTimeLink, *, name: str, password_hash: str, now: datetime
) -> User:
    agree_as_user(session, link.company, link.email, now=now)
    user = User(
        company_id=link.company_id,
        email=link.email,
        name=name,
        role=_role(link),
        password_hash=password_hash,
        created_at=now,
    )
    session.add(user)
    return user


def _refuse_user(session: Session, who: SignedIn, address: str) -> None:
    user = find_user(session, address)
    if user is None:
        return
    session.rollback()
    if user.company_id == who.company_id and user.is_disabled:
        raise ColleagueDisabled(user.public_id)
    raise AlreadyTaken("Somebody signs in with this address already. Nobody was invited.")


def _refuse_crowd(session: Session, company_id: int, *, now: datetime) -> None:
    made = select(func.count()).where(
        OneTimeLink.company_id == company_id,
        OneTimeLink.purpose == LinkPurpose.INVITATION,
        OneTimeLink.created_at > now - DAY,
    )
    if (session.scalar(made) or 0) >= INVITATIONS_PER_DAY:
        session.rollback()
        raise TooManyInvitations


def _get(session: Session, company_id: int, public_id: str) -> OneTimeLink:
    link = session.scalar(
        select(OneTimeLink).where(*_is_invitation(company_id), OneTimeLink.public_id == public_id)
    )
    if link is None:
        session.rollback()
        raise UnknownInvitation
    return link


def _is_invitation(company_id: int) -> tuple[ColumnElement[bool], ...]:
    return (
        OneTimeLink.company_id == company_id,
        OneTimeLink.purpose == LinkPurpose.INVITATION,
        OneTimeLink.used_at.is_(None),
        OneTimeLink.ended_at.is_(None),
    )


def _find(session: Session, token: str, *, link_key: str, now: datetime) -> OneTimeLink:
    link = find_link(session, token, purpose=LinkPurpose.INVITATION, link_key=link_key, now=now)
    if find_user(session, link.email) is not None:
        raise InvitationUsed
    return link


def _view(link: OneTimeLink, *, again_at: datetime | None, now: datetime) -> InvitationView:
    return InvitationView(
        public_id=link.public_id,
        email=link.email,
        role=_role(link),
        created_at=link.created_at,
        expires_at=link.expires_at,
        sent_at=link.sent_at,
        is_expired=now >= link.expires_at,
        could_not_be_mailed=link.sent_at is None and link.next_attempt_at is None,
        again_at=again_at,
    )


def _role(link: OneTimeLink) -> Role:
    return link.role or Role.MEMBER


def _record(
    session: Session, link: OneTimeLink, user_id: int, action: AuditAction, *, now: datetime
) -> None:
    record_event(
        session,
        company_id=link.company_id,
        user_id=user_id,
        action=action,
        subject=_role(link).value,
        now=now,
    )
