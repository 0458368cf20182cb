"""Send the reports that are due, by every step of a delivery, and whatever a person asks for."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from email.message import EmailMessage
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import EmptyDay, ReportKind, ReportRecipient, ReportSettings, SkipReason
from services import delivery_record
from services.database import is_passing, only_reading, retry_while_busy, word_for
from services.delivery_claim import (
    NOTING,
    Claim,
    LeaseLost,
    Withdrawn,
    claim_delivery,
    find_withdrawal,
    has_work,
    list_turns,
    note_handover,
)
from services.log_context import telling
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
from services.mail_counts import count_attempt
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
BUSY = "Our database was busy for too long."
OTHERS_FAILED = "The mail server broke off several other mails; this one comes in its turn."
#: A refused password is a person's work; asking every minute could lock the account.
PASSWORD_PAUSE = timedelta(hours=1)
#: A mail may fail by its own content or recipient. When so many in a row do, to different people,
#: it may be the server, and nobody else is tried for now.
FAILURES_IN_A_ROW = 3


def deliver_due(runtime: Runtime) -> None:
    """Make the rows of reports whose hour has come and send what waits. Commits.

    Calls the network, outside transactions. Raises nothing for a single company, recipient or
    server: what went wrong is written into the rows. Without a mailer the rows wait.
    """
    make_due(runtime)
    deliver_waiting(runtime)


def deliver_waiting(runtime: Runtime, *, only: Sequence[int] | None = None) -> None:
    """Send the deliveries whose next attempt has come, one after the other. Commits.

    `only` narrows it to these rows. Calls the network, outside transactions. Ends early when this
    process shall end, or when the database stays busy: the rows are found by the next beat.
    """
    try:
        with only_reading(), runtime.sessions() as session:
            if not has_work(session, now=runtime.clock()):
                return
        with runtime.sessions() as session:
            delivery_record.end_lost(session, now=runtime.clock())
            if runtime.mailer is None:
                delivery_record.note_waiting(session, sentence=NOT_SET_UP)
                return
        _send_in_turns(runtime, runtime.mailer, only=only)
    except Exception as error:
        if not is_passing(error):
            raise
        logger.warning("deliveries met a database that is %s", word_for(error))


def deliver_one(runtime: Runtime, delivery_id: int) -> None:
    """Send this delivery now, if it waits. Commits. Calls the network, outside transactions."""
    deliver_waiting(runtime, only=[delivery_id])


def _send_in_turns(runtime: Runtime, mailer: Mailer, *, only: Sequence[int] | None) -> None:
    """Send until nobody is left, or until it seems to be the server that fails.

    Who was tried waits by their own back-off, and the others begin the next round.
    """
    broken_off: set[int] = set()
    has_sent = False
    for claim in _claims(runtime, only):
        with telling(delivery_id=claim.delivery_id, company_id=claim.company_id):
            outcome = _deliver(runtime, claim, mailer=mailer)
        count_attempt("report", outcome)
        has_sent = has_sent or isinstance(outcome, ServerAnswer)
        if isinstance(outcome, ServerTrouble):
            _let_others_wait(runtime, claim, error=outcome, has_sent=has_sent)
            return
        if isinstance(outcome, BrokenOff | UncertainOutcome):
            broken_off.add(claim.recipient_id)
        elif _is_answer(outcome):
            broken_off.clear()
        if len(broken_off) >= FAILURES_IN_A_ROW:
            _note(runtime, _note_others)
            return


def _claims(runtime: Runtime, only: Sequence[int] | None) -> Iterator[Claim]:
    """Take one delivery after the other in hand, until none is due or this process shall end."""
    while turns := _turns(runtime, only):
        for delivery_id in turns:
            if runtime.stopping.is_set():
                return
            with runtime.sessions() as session:
                claim = claim_delivery(session, delivery_id, now=runtime.clock())
            if claim is not None:
                yield claim


def _turns(runtime: Runtime, only: Sequence[int] | None) -> Sequence[int]:
    with only_reading(), runtime.sessions() as session:
        return list_turns(session, now=runtime.clock(), only=only)


def _is_answer(outcome: ServerAnswer | MailError | None) -> bool:
    """Say whether the server is well enough to say yes or no to a mail."""
    answer = outcome.answer if isinstance(outcome, MailError) else outcome
    return answer is not None


def _deliver(runtime: Runtime, claim: Claim, *, mailer: Mailer) -> ServerAnswer | MailError | None:
    """Carry one claimed delivery as far as it goes, and write down how far that was.

    Returns the server's yes, or what went wrong with the mail; None if none was wanted.
    """
    try:
        answer, listed_count = _send(runtime, claim, mailer=mailer)
    except LeaseLost:
        logger.warning("delivery %s was in other hands", claim.delivery_id)
        return None
    except Withdrawn as withdrawn:
        _note_skipped(runtime, claim, reason=withdrawn.reason)
        return None
    except MailError as error:
        _note_trouble(runtime, claim, error=error)
        return error
    _note_sent(runtime, claim, answer=answer, listed_count=listed_count)
    return answer


def _send(runtime: Runtime, claim: Claim, *, mailer: Mailer) -> tuple[ServerAnswer, int]:
    """Write the mail and send it; return the server's yes, and how many it lists.

    Raises Withdrawn, LeaseLost or the MailError family, whatever breaks.
    """
    handed_over: list[bool] = []

    def before_final_dot() -> None:
        _note(runtime, lambda session: note_handover(session, claim, now=runtime.clock()))
        handed_over.append(True)

    try:
        message, listed_count = _write(runtime, claim)
        return mailer.send(message, before_final_dot=before_final_dot), listed_count
    except (LeaseLost, Withdrawn, MailError):
        raise
    except Exception as error:  # the edge: one poisoned report must not stop the others
        if is_passing(error) and not handed_over:
            raise TryLater(BUSY) from error
        logger.exception("delivery %s broke", claim.delivery_id)
        raise (UncertainOutcome if handed_over else TryLater)(OUR_FAULT) from error


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


def _note(runtime: Runtime, write: Callable[[Session], None]) -> None:
    """Write down what is known, for as long as it takes while others keep the database busy.

    What the server said is lost with this process only; before that, it is worth minutes.
    """

    def unit() -> None:
        with runtime.sessions() as session:
            write(session)

    until = time.monotonic() + NOTING.total_seconds()
    retry_while_busy(unit, until=until, sleep=runtime.stopping.wait)


def _note_sent(runtime: Runtime, claim: Claim, *, answer: ServerAnswer, listed_count: int) -> None:
    record = partial(delivery_record.record_sent, claim=claim, answer=answer)
    _note(runtime, partial(record, listed_count=listed_count, now=runtime.clock()))


def _note_skipped(runtime: Runtime, claim: Claim, *, reason: SkipReason) -> None:
    def write(session: Session) -> None:
        delivery_record.record_skipped(session, claim, reason=reason, now=runtime.clock())

    _note(runtime, write)


def _note_trouble(runtime: Runtime, claim: Claim, *, error: MailError) -> None:
    """Write down why there was no mail, as the error says it."""
    now, sentence = runtime.clock(), str(error)

    def write(session: Session) -> None:
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

    _note(runtime, write)


def _note_others(session: Session) -> None:
    delivery_record.note_untried(session, sentence=OTHERS_FAILED)


def _let_others_wait(
    runtime: Runtime, claim: Claim, *, error: ServerTrouble, has_sent: bool
) -> None:
    """Postpone everybody who waits just now by as much as an attempt of this number waits.

    A server that took mails a moment ago is asked again soon, and nobody is given up for it.
    """
    now, sentence = runtime.clock(), str(error)
    attempts = 1 if has_sent else claim.attempts
    until = now + max(delivery_record.back_off(attempts), _least_pause(error))

    def write(session: Session) -> None:
        if not has_sent:
            delivery_record.give_up_waiting(session, sentence=sentence, until=until, now=now)
        delivery_record.postpone_waiting(
            session, attempts=attempts, sentence=sentence, until=until, now=now
        )

    _note(runtime, write)


def _least_pause(error: MailError) -> timedelta:
    return PASSWORD_PAUSE if isinstance(error, WrongMailPassword) else timedelta(0)
