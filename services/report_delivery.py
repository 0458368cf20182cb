"""Send the reports that are due, by every step of a delivery, and whatever a person asks for."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta
from email.message import EmailMessage

from sqlalchemy import select

from models import EmptyDay, ReportKind, ReportRecipient, ReportSettings, SkipReason
from services import delivery_record
from services.database import only_reading
from services.delivery_claim import (
    Claim,
    LeaseLost,
    Withdrawn,
    claim_next,
    find_withdrawal,
    has_work,
    note_handover,
)
from services.mail import (
    BrokenOff,
    Mailer,
    MailError,
    MessageRefused,
    ServerAnswer,
    ServerTrouble,
    TryLater,
    UncertainOutcome,
    WrongMailPassword,
)
from services.report_due import make_due
from services.report_mail import Addressee, Envelope, compose_report
from services.report_recipients import find_role
from services.runtime import Runtime
from services.signup_report import collect_report
from services.unsubscription import unsubscribe_token

logger = logging.getLogger(__name__)

DELIVERY_JOB = "send_report"
NOT_SET_UP = "Mail is not set up: BLUECLERK_SMTP_URL is empty."
OUR_FAULT = "Something broke on our side while writing the mail."
#: A refused password is a person's work; asking every minute could lock the account.
PASSWORD_PAUSE = timedelta(hours=1)
#: One mail may fail by its own content or recipient; the second in a row shows that it is the
#: server, and everybody waits.
FAILURES_IN_A_ROW = 2


def deliver_due(runtime: Runtime) -> None:
    """Make the rows of reports whose hour has come and send what waits. Commits.

    Calls the network, outside transactions. Raises nothing for a single company, recipient or
    server: what went wrong is written into the rows. Without a mailer the rows wait.
    """
    make_due(runtime)
    deliver_waiting(runtime)


def deliver_waiting(runtime: Runtime, *, only: Sequence[int] | None = None) -> None:
    """Send the deliveries whose next attempt has come, one after the other. Commits.

    `only` narrows it to these rows. Calls the network, outside transactions.
    """
    with only_reading(), runtime.sessions() as session:
        if not has_work(session, now=runtime.clock()):
            return
    with runtime.sessions() as session:
        delivery_record.end_lost_handovers(session, now=runtime.clock())
        if runtime.mailer is None:
            delivery_record.note_waiting(session, sentence=NOT_SET_UP)
            return
    failures = 0
    while (claim := _claim(runtime, only)) is not None:
        error = _deliver(runtime, claim, mailer=runtime.mailer)
        is_perhaps_all = isinstance(error, BrokenOff | UncertainOutcome)
        failures = failures + 1 if is_perhaps_all else 0
        if isinstance(error, ServerTrouble) or failures >= FAILURES_IN_A_ROW:
            _let_others_wait(runtime, claim, error=error)


def deliver_one(runtime: Runtime, delivery_id: int) -> None:
    """Send this delivery now, if it waits. Commits. Calls the network, outside transactions."""
    deliver_waiting(runtime, only=[delivery_id])


def _claim(runtime: Runtime, only: Sequence[int] | None) -> Claim | None:
    with runtime.sessions() as session:
        return claim_next(session, now=runtime.clock(), only=only)


def _deliver(runtime: Runtime, claim: Claim, *, mailer: Mailer) -> MailError | None:
    """Carry one claimed delivery as far as it goes, and write down how far that was.

    Returns what went wrong with the mail, if anything did.
    """
    handed_over: list[bool] = []

    def before_final_dot() -> None:
        with runtime.sessions() as session:
            note_handover(session, claim, now=runtime.clock())
        handed_over.append(True)

    try:
        message, listed_count = _write(runtime, claim)
        answer = mailer.send(message, before_final_dot=before_final_dot)
        _note_sent(runtime, claim, answer=answer, listed_count=listed_count)
    except LeaseLost:
        logger.warning("delivery %s was in other hands", claim.delivery_id)
    except Withdrawn as withdrawn:
        with runtime.sessions() as session:
            delivery_record.record_skipped(
                session, claim, reason=withdrawn.reason, now=runtime.clock()
            )
    except MailError as error:
        _note_trouble(runtime, claim, error=error)
        return error
    except Exception:  # the edge: one poisoned report must not stop the others
        logger.exception("delivery %s broke", claim.delivery_id)
        trouble = UncertainOutcome(OUR_FAULT) if handed_over else TryLater(OUR_FAULT)
        _note_trouble(runtime, claim, error=trouble)
    return None


def _write(runtime: Runtime, claim: Claim) -> tuple[EmailMessage, int]:
    """Return the message and how many it lists. Raises Withdrawn, LeaseLost, MessageRefused."""
    with only_reading(), runtime.sessions() as session:
        reason = find_withdrawal(session, claim)
        if reason is not None:
            raise Withdrawn(reason)
        settings = session.scalars(
            select(ReportSettings).where(ReportSettings.company_id == claim.company_id)
        ).one()
        recipient = session.get_one(ReportRecipient, claim.recipient_id)
        role = find_role(session, recipient)
        report = collect_report(session, claim.company_id, window=claim.window, now=runtime.clock())
    is_copy = claim.kind is ReportKind.COPY
    if report.count == 0 and settings.on_empty_day is EmptyDay.SKIP and not is_copy:
        raise Withdrawn(SkipReason.NOBODY_SIGNED_UP)
    addressee = Addressee(
        address=recipient.address,
        public_base_url=runtime.public_base_url,
        unsubscribe_token=unsubscribe_token(runtime.link_key, recipient.public_id),
        local_hour=None if is_copy else settings.local_hour,
        frequency=recipient.frequency,
        is_copy=is_copy,
        is_partial=claim.window.end_at > runtime.clock(),
        role=role,
    )
    envelope = Envelope(
        runtime.mail_from, claim.message_id, runtime.clock(), is_repeat=claim.is_repeat
    )
    return compose_report(report, addressee, envelope=envelope), report.count


def _note_sent(runtime: Runtime, claim: Claim, *, answer: ServerAnswer, listed_count: int) -> None:
    with runtime.sessions() as session:
        delivery_record.record_sent(
            session, claim, answer=answer, listed_count=listed_count, now=runtime.clock()
        )


def _note_trouble(runtime: Runtime, claim: Claim, *, error: MailError) -> None:
    """Write down why there was no mail, as the error says it."""
    now, sentence = runtime.clock(), str(error)
    with runtime.sessions() as session:
        if isinstance(error, MessageRefused):
            delivery_record.record_refused(
                session, claim, sentence=sentence, answer=error.answer, now=now
            )
        elif isinstance(error, UncertainOutcome):
            delivery_record.record_uncertain(session, claim, sentence=sentence, now=now)
        else:
            delivery_record.record_later(
                session,
                claim,
                sentence=sentence,
                answer=error.answer,
                least=_least_pause(error),
                now=now,
            )


def _let_others_wait(runtime: Runtime, claim: Claim, *, error: MailError | None) -> None:
    """Postpone everybody who waits just now by as much as an attempt of this number waits."""
    now = runtime.clock()
    with runtime.sessions() as session:
        delivery_record.postpone_waiting(
            session,
            claim,
            sentence=str(error),
            until=now + max(delivery_record.back_off(claim.attempts), _least_pause(error)),
            now=now,
        )


def _least_pause(error: MailError | None) -> timedelta:
    return PASSWORD_PAUSE if isinstance(error, WrongMailPassword) else timedelta(0)
