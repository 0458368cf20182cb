"""What whoever is no user of the company is asked before the first report, and the answer.

The link of the mail is signed and ends after a week, by our own clock. Looking at it changes
nothing, because mail scanners open every link. An address is written to at most once an hour,
whoever asks and however often, so that nobody can be pestered through us.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from itsdangerous import BadSignature, Signer
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from models import ReportRecipient, User
from services.audit import AuditAction, record_event
from services.local_days import find_zone, start_of_today
from services.plain_text import plain_line
from services.report_recipients import is_askable
from services.sign_ins import SignedIn
from services.unsubscription import unsubscribe_token

SALT = "blueclerk.confirm"
LINK_LIVES = timedelta(days=7)
ASKED_EVERY = timedelta(hours=1)
SHOWN_CHARACTERS = 80


class BadConfirmationLink(Exception):
    """The link was not written by us, or nobody waits for its answer any more."""


class ConfirmationExpired(Exception):
    """The link is older than a week."""


class UnknownRecipient(Exception):
    """Nobody of that id waits to be asked: taken off, confirmed, unsubscribed, or a user."""


class AskedAlready(Exception):
    """The question went out within the last hour; `again_at` is when it may again."""

    def __init__(self, again_at: datetime) -> None:
        super().__init__("The question went out within the last hour.")
        self.again_at = again_at


@dataclass(frozen=True, slots=True)
class ConfirmationView:
    """What the page behind the link shows; `asked_by` is empty where that user is gone.

    Whoever has unsubscribed takes that back by saying yes, or else by `unsubscribe_token`.
    """

    address: str
    company_name: str
    asked_by: str
    is_confirmed: bool
    is_unsubscribed: bool
    has_ended: bool
    unsubscribe_token: str


def confirmation_token(link_key: str, recipient_public_id: str, *, expires_at: datetime) -> str:
    """Return the last part of the address in the mail."""
    text = f"{recipient_public_id}.{int(expires_at.timestamp())}"
    return Signer(link_key, salt=SALT).sign(text).decode()


def view_confirmation(
    session: Session, token: str, *, link_key: str, now: datetime
) -> ConfirmationView:
    """Return what the link asks; changes nothing. Whoever has unsubscribed is told so for ever.

    Raises BadConfirmationLink or ConfirmationExpired.
    """
    recipient, has_ended = _find(session, token, link_key=link_key, now=now)
    if has_ended and recipient.unsubscribed_at is None:
        raise ConfirmationExpired
    return _view(session, recipient, has_ended=has_ended, link_key=link_key)


def confirm(session: Session, token: str, *, link_key: str, now: datetime) -> ConfirmationView:
    """Mail the reports from today's local day on; a second time changes nothing. Commits.

    Raises BadConfirmationLink or ConfirmationExpired.
    """
    recipient, has_ended = _find(session, token, link_key=link_key, now=now)
    if has_ended:
        raise ConfirmationExpired
    if recipient.confirmed_at is None:
        recipient.confirmed_at = now
        # Whoever refused to be asked again has thought better of it.
        recipient.unsubscribed_at = None
        recipient.refusal_count = 0
        recipient.reported_from_at = start_of_today(find_zone(recipient.company.zone), now=now)
        _record(session, recipient.company_id, None, AuditAction.RECIPIENT_CONFIRMED, now=now)
    session.commit()
    return _view(session, recipient, has_ended=has_ended, link_key=link_key)


def ask_again(session: Session, who: SignedIn, public_id: str, *, now: datetime) -> str:
    """Let the question go out once more, and return to whom. Commits; the beat sends it.

    Raises UnknownRecipient or AskedAlready.
    """
    recipient = session.scalar(
        select(ReportRecipient).where(
            ReportRecipient.company_id == who.company_id,
            ReportRecipient.public_id == public_id,
            is_askable(),
        )
    )
    if recipient is None:
        raise UnknownRecipient
    sent_at = recipient.confirmation_sent_at
    if sent_at is not None and now < sent_at + ASKED_EVERY:
        raise AskedAlready(sent_at + ASKED_EVERY)
    if sent_at is not None or recipient.refusal_count > 0:
        recipient.confirmation_sent_at = None
        recipient.refusal_count = 0
        recipient.asked_by_id = who.user_id
        _record(session, who.company_id, who.user_id, AuditAction.RECIPIENT_ASKED, now=now)
    session.commit()
    return recipient.address


def _find(
    session: Session, token: str, *, link_key: str, now: datetime
) -> tuple[ReportRecipient, bool]:
    """Return whom the link is about, and whether it has ended without an answer."""
    try:
        public_id, _, expires = Signer(link_key, salt=SALT).unsign(token).decode().partition(".")
        expires_at = datetime.fromtimestamp(int(expires), UTC)
    except (BadSignature, ValueError) as error:
        raise BadConfirmationLink from error
    recipient = session.scalar(
        select(ReportRecipient)
        .where(ReportRecipient.public_id == public_id, ReportRecipient.removed_at.is_(None))
        .options(joinedload(ReportRecipient.company))
    )
    if recipient is None:
        raise BadConfirmationLink
    return recipient, recipient.confirmed_at is None and now >= expires_at


def _view(
    session: Session, recipient: ReportRecipient, *, has_ended: bool, link_key: str
) -> ConfirmationView:
    return ConfirmationView(
        address=recipient.address,
        company_name=recipient.company.name,
        asked_by=asker_name(session, recipient),
        is_confirmed=recipient.confirmed_at is not None,
        is_unsubscribed=recipient.unsubscribed_at is not None,
        has_ended=has_ended,
        unsubscribe_token=unsubscribe_token(link_key, recipient.public_id),
    )


def asker_name(session: Session, recipient: ReportRecipient) -> str:
    """Return the name of the user who wants the recipient on the list."""
    if recipient.asked_by_id is None:
        return ""
    name = session.scalar(select(User.name).where(User.id == recipient.asked_by_id))
    return plain_line(name or "", SHOWN_CHARACTERS)


def _record(
    session: Session, company_id: int, user_id: int | None, action: AuditAction, *, now: datetime
) -> None:
    record_event(
        session,
        company_id=company_id,
        user_id=user_id,
        action=action,
        subject="daily report",
        now=now,
    )
