"""Stop and restart one recipient's report by a signed link, signed in or not.

The link carries no end date: RFC 8058 mail programs keep it as long as the mail. Looking at it
changes nothing, because mail scanners open every link.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from itsdangerous import BadSignature, Signer
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from models import ReportRecipient
from services.audit import AuditAction, record_event
from services.email_addresses import email_key
from services.local_days import find_zone, start_of_today
from services.report_recipients import is_mailed
from services.sign_ins import SignedIn

SALT = "blueclerk.unsubscribe"


class BadUnsubscribeLink(Exception):
    """The link was not written by us, or its recipient is gone."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """What the page behind the link shows.

    Who is not mailed and has not unsubscribed was taken off the list, is set to off, paused, or
    has not confirmed yet.
    """

    address: str
    company_name: str
    is_unsubscribed: bool
    is_mailed: bool


def unsubscribe_token(link_key: str, recipient_public_id: str) -> str:
    """Return the last part of a recipient's unsubscribe address."""
    return _signer(link_key).sign(recipient_public_id).decode()


def view_subscription(session: Session, token: str, *, link_key: str) -> Subscription:
    """Return whom the link is about; changes nothing. Raises BadUnsubscribeLink."""
    return _subscription(session, _find(session, token, link_key))


def unsubscribe(session: Session, token: str, *, link_key: str, now: datetime) -> Subscription:
    """Send this recipient no more reports; a second time changes nothing. Commits.

    Raises BadUnsubscribeLink.
    """
    recipient = _find(session, token, link_key)
    if recipient.unsubscribed_at is None:
        recipient.unsubscribed_at = now
        _record(session, recipient, AuditAction.UNSUBSCRIBED, now=now)
    session.commit()
    return _subscription(session, recipient)


def resubscribe(session: Session, token: str, *, link_key: str, now: datetime) -> Subscription:
    """Send the reports again, from today's local day on. Commits. Raises BadUnsubscribeLink."""
    recipient = _find(session, token, link_key)
    _begin_again(session, recipient, user_id=None, now=now)
    session.commit()
    return _subscription(session, recipient)


def view_own_subscription(session: Session, who: SignedIn) -> Subscription | None:
    """Return how the report of whoever is signed in stands, None where nobody put it on."""
    recipient = _find_own(session, who)
    return None if recipient is None else _subscription(session, recipient)


def resubscribe_own(session: Session, who: SignedIn, *, now: datetime) -> Subscription | None:
    """Send the reports again to whoever is signed in, from today's local day on. Commits.

    Whoever is not on the list stays off it, and None is returned: that is the admins' to decide.
    """
    recipient = _find_own(session, who)
    if recipient is not None:
        _begin_again(session, recipient, user_id=who.user_id, now=now)
    session.commit()
    return None if recipient is None else _subscription(session, recipient)


def _begin_again(
    session: Session, recipient: ReportRecipient, *, user_id: int | None, now: datetime
) -> None:
    if recipient.unsubscribed_at is None:
        return
    recipient.unsubscribed_at = None
    recipient.refusal_count = 0
    recipient.reported_from_at = start_of_today(find_zone(recipient.company.zone), now=now)
    _record(session, recipient, AuditAction.RESUBSCRIBED, user_id=user_id, now=now)


def _signer(link_key: str) -> Signer:
    return Signer(link_key, salt=SALT)


def _find(session: Session, token: str, link_key: str) -> ReportRecipient:
    try:
        public_id = _signer(link_key).unsign(token).decode()
    except (BadSignature, UnicodeError) as error:
        raise BadUnsubscribeLink from error
    recipient = session.scalar(
        select(ReportRecipient)
        .where(ReportRecipient.public_id == public_id)
        .options(joinedload(ReportRecipient.company))
    )
    if recipient is None:
        raise BadUnsubscribeLink
    return recipient


def _find_own(session: Session, who: SignedIn) -> ReportRecipient | None:
    return session.scalar(
        select(ReportRecipient)
        .where(
            ReportRecipient.company_id == who.company_id,
            ReportRecipient.address_key == email_key(who.email),
            ReportRecipient.removed_at.is_(None),
        )
        .options(joinedload(ReportRecipient.company))
    )


def _subscription(session: Session, recipient: ReportRecipient) -> Subscription:
    mailed = select(ReportRecipient.id).where(ReportRecipient.id == recipient.id, is_mailed())
    return Subscription(
        address=recipient.address,
        company_name=recipient.company.name,
        is_unsubscribed=recipient.unsubscribed_at is not None,
        is_mailed=session.scalar(mailed) is not None,
    )


def _record(
    session: Session,
    recipient: ReportRecipient,
    action: AuditAction,
    *,
    user_id: int | None = None,
    now: datetime,
) -> None:
    record_event(
        session,
        company_id=recipient.company_id,
        user_id=user_id,
        action=action,
        subject="daily report",
        now=now,
    )
