"""Ask whoever is no user of the company before the first report is mailed to them.

The link of the mail is signed and ends after a week, by our own clock. Looking at it changes
nothing, because mail scanners open every link. An address is written to at most once an hour,
whoever asks and however often, so that nobody can be pestered through us.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from itsdangerous import BadSignature, Signer
from sqlalchemy import select, update
from sqlalchemy.orm import Session, joinedload

from models import ReportRecipient, ReportSettings, User
from services.accounts import SignedIn
from services.audit import AuditAction, record_event
from services.confirmation_mail import Question, compose_question
from services.database import only_reading
from services.local_days import find_zone, start_of_today
from services.mail import Mailer, MailError, ServerTrouble, TryLater
from services.plain_text import plain_line
from services.report_recipients import is_askable, is_unasked
from services.runtime import Runtime
from services.throttle import allow, hash_key
from services.unsubscription import unsubscribe_token

logger = logging.getLogger(__name__)

SALT = "blueclerk.confirm"
LINK_LIVES = timedelta(days=7)
ASKED_EVERY = timedelta(hours=1)
THROTTLE = "confirmation"
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
    """What the page behind the link shows; `asked_by` is empty where that user is gone."""

    address: str
    company_name: str
    asked_by: str
    is_confirmed: bool


def confirmation_token(link_key: str, recipient_public_id: str, *, expires_at: datetime) -> str:
    """Return the last part of the address in the mail."""
    text = f"{recipient_public_id}.{int(expires_at.timestamp())}"
    return _signer(link_key).sign(text).decode()


def view_confirmation(
    session: Session, token: str, *, link_key: str, now: datetime
) -> ConfirmationView:
    """Return what the link asks; changes nothing.

    Raises BadConfirmationLink or ConfirmationExpired.
    """
    return _view(session, _find(session, token, link_key=link_key, now=now))


def confirm(session: Session, token: str, *, link_key: str, now: datetime) -> ConfirmationView:
    """Mail the reports from today's local day on; a second time changes nothing. Commits.

    Raises BadConfirmationLink or ConfirmationExpired.
    """
    recipient = _find(session, token, link_key=link_key, now=now)
    if recipient.confirmed_at is None:
        recipient.confirmed_at = now
        # Whoever refused to be asked again has thought better of it.
        recipient.unsubscribed_at = None
        recipient.refusal_count = 0
        recipient.reported_from_at = start_of_today(find_zone(recipient.company.zone), now=now)
        _record(session, recipient.company_id, None, AuditAction.RECIPIENT_CONFIRMED, now=now)
    session.commit()
    return _view(session, recipient)


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
    if sent_at is not None:
        recipient.confirmation_sent_at = None
        recipient.asked_by_id = who.user_id
        _record(session, who.company_id, who.user_id, AuditAction.RECIPIENT_ASKED, now=now)
    session.commit()
    return recipient.address


def send_confirmations(runtime: Runtime) -> None:
    """Mail the question to whoever has to be asked, while the company's report is on. Commits.

    Calls the network, outside transactions. Without a mailer nothing is claimed. What surely did
    not go out is tried again after an hour; trouble of the mail server ends the round.
    """
    if runtime.mailer is None:
        return
    with only_reading(), runtime.sessions() as session:
        unasked = session.scalars(
            select(ReportRecipient.id)
            .join(ReportSettings, ReportSettings.company_id == ReportRecipient.company_id)
            .where(ReportSettings.is_on.is_(True), is_unasked())
            .order_by(ReportRecipient.id)
        ).all()
    for recipient_id in unasked:
        with runtime.sessions() as session:
            question = _claim(session, recipient_id, runtime=runtime)
        if question is not None and not _send(runtime, question, mailer=runtime.mailer):
            return


def _claim(session: Session, recipient_id: int, *, runtime: Runtime) -> Question | None:
    """Take one question in hand, or None where it is settled or not its hour. Commits.

    The claim is committed before the mail goes out: a process that is killed in between loses
    the question, which an admin may ask again, and never repeats it.
    """
    now = runtime.clock()
    claimed = session.scalar(
        update(ReportRecipient)
        .where(ReportRecipient.id == recipient_id, is_unasked())
        .values(confirmation_sent_at=now)
        .returning(ReportRecipient.address_key)
    )
    is_allowed = claimed is not None and allow(
        session,
        kind=THROTTLE,
        key_hash=hash_key(runtime.link_key, claimed),
        limit=1,
        window=ASKED_EVERY,
        now=now,
    )
    if not is_allowed:
        session.rollback()
        return None
    question = _question(session, recipient_id, now=now)
    session.commit()
    return question


def _question(session: Session, recipient_id: int, *, now: datetime) -> Question:
    recipient = session.get_one(ReportRecipient, recipient_id)
    local_hour = session.scalars(
        select(ReportSettings.local_hour).where(ReportSettings.company_id == recipient.company_id)
    ).one()
    return Question(
        recipient_public_id=recipient.public_id,
        address=recipient.address,
        company_name=plain_line(recipient.company.name, SHOWN_CHARACTERS),
        asked_by=_asked_by(session, recipient),
        frequency=recipient.frequency,
        local_hour=local_hour,
        zone=find_zone(recipient.company.zone),
        asked_at=now,
        expires_at=now + LINK_LIVES,
    )


def _send(runtime: Runtime, question: Question, *, mailer: Mailer) -> bool:
    """Mail one question; say whether the mail server is worth asking again now."""
    public_id = question.recipient_public_id
    token = confirmation_token(runtime.link_key, public_id, expires_at=question.expires_at)
    try:
        mailer.send(
            compose_question(
                question,
                sender=runtime.mail_from,
                confirm_url=f"{runtime.public_base_url}/confirm/{token}",
                unsubscribe_url=(
                    f"{runtime.public_base_url}/unsubscribe/"
                    f"{unsubscribe_token(runtime.link_key, public_id)}"
                ),
            )
        )
    except MailError as error:
        logger.warning("a confirmation mail did not go out: %s", error)
        if isinstance(error, TryLater):
            _give_back(runtime, question)
        return not isinstance(error, ServerTrouble)
    except Exception:  # the edge: one poisoned mail must not stop the others
        logger.exception("a confirmation mail broke")
    return True


def _give_back(runtime: Runtime, question: Question) -> None:
    """Let the question wait again; the attempt that counts keeps it from going out at once."""
    with runtime.sessions() as session:
        session.execute(
            update(ReportRecipient)
            .where(
                ReportRecipient.public_id == question.recipient_public_id,
                ReportRecipient.confirmation_sent_at == question.asked_at,
            )
            .values(confirmation_sent_at=None)
        )
        session.commit()


def _signer(link_key: str) -> Signer:
    return Signer(link_key, salt=SALT)


def _find(session: Session, token: str, *, link_key: str, now: datetime) -> ReportRecipient:
    try:
        public_id, _, expires = _signer(link_key).unsign(token).decode().partition(".")
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
    if recipient.confirmed_at is None and now >= expires_at:
        raise ConfirmationExpired
    return recipient


def _view(session: Session, recipient: ReportRecipient) -> ConfirmationView:
    return ConfirmationView(
        address=recipient.address,
        company_name=recipient.company.name,
        asked_by=_asked_by(session, recipient),
        is_confirmed=recipient.confirmed_at is not None,
    )


def _asked_by(session: Session, recipient: ReportRecipient) -> str:
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
