"""Mail the question to whoever has to be asked before the first report, and never to a crowd.

An address is asked once an hour at most, a company has so many questions a day, and a server
that refuses our password is left alone.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from models import Attempt, ReportRecipient, ReportSettings
from services.confirmation_mail import Question, compose_question
from services.database import only_reading
from services.local_days import find_zone
from services.mail import (
    BrokenOff,
    Mailer,
    MailError,
    MessageRefused,
    ServerTrouble,
    TryLater,
    UncertainOutcome,
    WrongMailPassword,
)
from services.mail_counts import count_attempt
from services.mail_pause import is_paused, pause
from services.recipient_confirmation import (
    ASKED_EVERY,
    LINK_LIVES,
    asker_name,
    confirmation_token,
)
from services.report_recipients import REFUSALS_IN_A_ROW, is_unasked
from services.runtime import Runtime
from services.throttle import allow, hash_key
from services.unsubscription import unsubscribe_token

logger = logging.getLogger(__name__)

THROTTLE, COMPANY_THROTTLE = "confirmation", "confirmation_company"
#: As many as a list has room for: whoever asks more strangers a day is no company with a report.
QUESTIONS_PER_DAY = 20
DAY = timedelta(days=1)
#: Reports that become due meanwhile wait behind them.
QUESTIONS_PER_ROUND = 3


def send_confirmations(runtime: Runtime) -> None:
    """Mail the question to a few of those who have to be asked, while the report is on. Commits.

    Calls the network, outside transactions. Without a mailer nothing is claimed. What surely did
    not go out is tried again after an hour; a server that fails or keeps silent ends the round.
    """
    if runtime.mailer is None:
        return
    with only_reading(), runtime.sessions() as session:
        if is_paused(session, runtime):
            return
        unasked = session.scalars(
            select(ReportRecipient.id)
            .join(ReportSettings, ReportSettings.company_id == ReportRecipient.company_id)
            .where(ReportSettings.is_on.is_(True), is_unasked())
            .order_by(ReportRecipient.id)
        ).all()
    asked_count = 0
    for recipient_id in unasked:
        with runtime.sessions() as session:
            question = _claim(session, recipient_id, runtime=runtime)
        if question is None:
            continue
        asked_count += 1
        goes_on = _send(runtime, question, mailer=runtime.mailer)
        if not goes_on or asked_count >= QUESTIONS_PER_ROUND:
            return


def _claim(session: Session, recipient_id: int, *, runtime: Runtime) -> Question | None:
    """Take one question in hand, or None where it is settled or not its hour. Commits.

    The claim is committed before the mail goes out: a process that is killed in between loses
    the question, which an admin may ask again, and never repeats it.
    """
    now = runtime.clock()
    claimed = session.execute(
        update(ReportRecipient)
        .where(ReportRecipient.id == recipient_id, is_unasked())
        .values(confirmation_sent_at=now)
        .returning(ReportRecipient.address_key, ReportRecipient.company_id)
    ).one_or_none()
    if claimed is None or not (
        allow(
            session,
            kind=THROTTLE,
            key_hash=_address_hash(runtime, claimed.address_key),
            limit=1,
            window=ASKED_EVERY,
            now=now,
        )
        and allow(
            session,
            kind=COMPANY_THROTTLE,
            key_hash=hash_key(runtime.link_key, str(claimed.company_id)),
            limit=QUESTIONS_PER_DAY,
            window=DAY,
            now=now,
        )
    ):
        session.rollback()
        return None
    question = _question(session, recipient_id, now=now)
    session.commit()
    return question


def _address_hash(runtime: Runtime, address_key: str) -> str:
    """Stand for the mailbox: what follows a plus is the owner's own label."""
    local_part, _, domain = address_key.rpartition("@")
    return hash_key(runtime.link_key, f"{local_part.partition('+')[0] or local_part}@{domain}")


def _question(session: Session, recipient_id: int, *, now: datetime) -> Question:
    recipient = session.get_one(ReportRecipient, recipient_id)
    local_hour = session.scalars(
        select(ReportSettings.local_hour).where(ReportSettings.company_id == recipient.company_id)
    ).one()
    return Question(
        recipient_public_id=recipient.public_id,
        address=recipient.address,
        company_name=recipient.company.name,
        asked_by=asker_name(session, recipient),
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
        answer = mailer.send(
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
        count_attempt("question", error)
        _note_trouble(runtime, question, error=error)
        return not isinstance(error, BrokenOff | ServerTrouble | UncertainOutcome)
    except Exception:  # the edge: one poisoned mail must not stop the others
        logger.exception("a confirmation mail broke")
    else:
        count_attempt("question", answer)
    return True


def _note_trouble(runtime: Runtime, question: Question, *, error: MailError) -> None:
    """Let what surely did not go out wait again, and what was refused until it is saved anew.

    The attempt that counts keeps it from going out at once; a wrong password is nobody's attempt.
    """
    if isinstance(error, UncertainOutcome):
        return
    with runtime.sessions() as session:
        values: dict[str, object] = {"confirmation_sent_at": None}
        if isinstance(error, MessageRefused):
            values["refusal_count"] = REFUSALS_IN_A_ROW
        if isinstance(error, MessageRefused | TryLater):
            session.execute(
                update(ReportRecipient)
                .where(
                    ReportRecipient.public_id == question.recipient_public_id,
                    ReportRecipient.confirmation_sent_at == question.asked_at,
                )
                .values(values)
            )
        if isinstance(error, WrongMailPassword):
            session.execute(
                delete(Attempt).where(
                    Attempt.kind.in_((THROTTLE, COMPANY_THROTTLE)),
                    Attempt.at == question.asked_at,
                )
            )
            pause(session, runtime)
        session.commit()
