"""A forgotten password: a link by mail, the same answer for everybody, and a new password.

Nothing here says whether somebody signs in with an address. Whoever asks in another's name sends
them three mails an hour at most, and within that hour the last of these links works.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from models import Attempt, LinkPurpose, OneTimeLink, User
from services.accounts import find_user
from services.audit import AuditAction, record_event
from services.email_addresses import email_key
from services.one_time_links import (
    LINK_JOB,
    add_link,
    end_links,
    end_links_of,
    find_link,
    use_link,
)
from services.passwords import hash_password, personal_words
from services.runtime import Wake
from services.sign_ins import end_all_sign_ins
from services.throttle import allow, hash_key

HOUR = timedelta(hours=1)
RESETS_PER_ADDRESS, RESETS_PER_NETWORK = 3, 20
ADDRESS_KIND, NETWORK_KIND = "reset", "reset_network"
#: What an unknown address has in place of a user's row id and of a link.
NOBODY = 0


@dataclass(frozen=True, slots=True)
class ResetView:
    """Whose password the link sets."""

    email: str
    company_name: str


def ask_for_reset(
    session: Session, *, email: str, network: str, link_key: str, wake: Wake, now: datetime
) -> None:
    """Queue the mail for whoever signs in with the address, if anybody may. Commits.

    Nobody is told more: unknown, disabled and throttled ones cost the same statements.
    """
    address = email_key(email)
    is_wanted = _is_allowed(session, address, network=network, link_key=link_key, now=now)
    user = find_user(session, address)
    if not is_wanted or user is None or user.is_disabled:
        user = None
    end_links(
        session,
        OneTimeLink.user_id == (NOBODY if user is None else user.id),
        OneTimeLink.purpose == LinkPurpose.PASSWORD_RESET,
        now=now,
    )
    link = _add(session, user, link_key=link_key, now=now)
    session.commit()
    if link is not None:
        wake(LINK_JOB, link.id)


def view_reset(session: Session, token: str, *, link_key: str, now: datetime) -> ResetView:
    """Return whose password the link sets; changes nothing. Raises the LinkError family."""
    link = _find(session, token, link_key=link_key, now=now)
    return ResetView(link.email, link.company.name)


def reset_by_link(
    session: Session, token: str, *, password: str, link_key: str, wake: Wake, now: datetime
) -> str:
    """Set the password, end every sign-in and link of the user, and return the e-mail. Commits.

    A mail tells them. Raises WeakPassword, and then the link still works, or the
    LinkError family.
    """
    personal = personal_words(_user(_find(session, token, link_key=link_key, now=now)))
    # The transaction ends before the slow hash, so that nobody waits for a lock meanwhile.
    session.rollback()
    password_hash = hash_password(password, personal=personal)
    link = _find(session, token, link_key=link_key, now=now)
    use_link(session, link, now=now)
    user = _user(link)
    user.password_hash = password_hash
    end_all_sign_ins(session, user.id, now=now)
    end_links_of(session, user.id, now=now)
    record_event(
        session,
        company_id=user.company_id,
        user_id=user.id,
        action=AuditAction.PASSWORD_RESET,
        subject=user.role.value,
        now=now,
    )
    notice = _add_link(session, user, LinkPurpose.PASSWORD_NOTICE, now=now)
    session.commit()
    wake(LINK_JOB, notice.id)
    return user.email


def _is_allowed(
    session: Session, address: str, *, network: str, link_key: str, now: datetime
) -> bool:
    has_network_left = allow(
        session,
        kind=NETWORK_KIND,
        key_hash=hash_key(link_key, network),
        limit=RESETS_PER_NETWORK,
        window=HOUR,
        now=now,
    )
    has_address_left = allow(
        session,
        kind=ADDRESS_KIND,
        key_hash=hash_key(link_key, address),
        limit=RESETS_PER_ADDRESS,
        window=HOUR,
        now=now,
    )
    return has_network_left and has_address_left


def _add(
    session: Session, user: User | None, *, link_key: str, now: datetime
) -> OneTimeLink | None:
    """Add the link, or for nobody a row that is as much work and goes with the attempts."""
    if user is None:
        session.add(Attempt(kind=ADDRESS_KIND, key_hash=hash_key(link_key, "nobody"), at=now))
        return None
    return _add_link(session, user, LinkPurpose.PASSWORD_RESET, now=now)


def _add_link(session: Session, user: User, purpose: LinkPurpose, *, now: datetime) -> OneTimeLink:
    return add_link(
        session,
        company_id=user.company_id,
        purpose=purpose,
        email=user.email,
        user_id=user.id,
        now=now,
    )


def _find(session: Session, token: str, *, link_key: str, now: datetime) -> OneTimeLink:
    return find_link(session, token, purpose=LinkPurpose.PASSWORD_RESET, link_key=link_key, now=now)


def _user(link: OneTimeLink) -> User:
    if link.user is None:
        raise RuntimeError("a reset without a user")
    return link.user
