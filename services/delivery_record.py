"""Write down what became of a delivery: sent, refused, later, or given up."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, or_, update
from sqlalchemy.orm import Session

from models import DeliveryState, ReportDelivery, ReportKind, ReportRecipient, SkipReason
from services.delivery_claim import MAX_HANDOVERS, Claim, change_claimed
from services.mail import ServerAnswer

BACK_OFF = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15))
LONGEST_BACK_OFF = timedelta(hours=1)
TRIED_FOR = timedelta(hours=24)
TEXT_CHARACTERS = 200
LOST_ANSWERS = "The mail server's answer was lost twice. The mail may have arrived."
CUT_OFF = "Our own process ended again and again while it was sending this mail."


def record_sent(
    session: Session, claim: Claim, *, answer: ServerAnswer, listed_count: int, now: datetime
) -> None:
    """End the delivery as sent. Commits."""
    if _end(session, claim, DeliveryState.SENT, answer=answer, listed_count=listed_count, now=now):
        _count_refusals(session, claim, 0)
    session.commit()


def record_refused(
    session: Session, claim: Claim, *, sentence: str, answer: ServerAnswer | None, now: datetime
) -> None:
    """End the delivery as refused by the server for good. Commits."""
    ended = _end(
        session,
        claim,
        DeliveryState.REFUSED,
        answer=answer,
        sentence=sentence,
        # The server has said no, after the final dot too: this time surely nothing arrived.
        handover_count=claim.handover_count,
        now=now,
    )
    # A copy holds back nothing, and so pauses nobody.
    if ended and claim.kind is not ReportKind.COPY:
        _count_refusals(session, claim, ReportRecipient.refusal_count + 1)
    session.commit()


def record_skipped(session: Session, claim: Claim, *, reason: SkipReason, now: datetime) -> None:
    """End the delivery without a mail. Commits."""
    _end(session, claim, DeliveryState.SKIPPED, skip_reason=reason, now=now)
    session.commit()


def record_uncertain(session: Session, claim: Claim, *, sentence: str, now: datetime) -> None:
    """Note that no answer came back: once more later, and never a third time. Commits."""
    if claim.handover_count + 1 >= MAX_HANDOVERS:
        _end(session, claim, DeliveryState.FAILED, sentence=LOST_ANSWERS, now=now)
    else:
        change_claimed(session, claim, **_later(now + BACK_OFF[0]), **_answer(sentence, None))
    session.commit()


def record_later(
    session: Session,
    claim: Claim,
    *,
    sentence: str,
    answer: ServerAnswer | None = None,
    least: timedelta = timedelta(0),
    now: datetime,
) -> None:
    """Postpone a delivery that surely did not happen, or give it up after a day. Commits.

    Waits at least `least`. What was handed over at an earlier attempt stays so.
    """
    next_at = now + max(back_off(claim.attempts), least)
    if next_at > claim.due_at + TRIED_FOR:
        _end(
            session,
            claim,
            DeliveryState.FAILED,
            sentence=sentence,
            answer=answer,
            handover_count=claim.handover_count,
            now=now,
        )
    else:
        change_claimed(
            session,
            claim,
            state=DeliveryState.HANDING_OVER if claim.is_repeat else DeliveryState.DUE,
            handover_count=claim.handover_count,
            **_later(next_at),
            **_answer(sentence, answer),
        )
    session.commit()


def postpone_waiting(
    session: Session, *, attempts: int, sentence: str, until: datetime, now: datetime
) -> None:
    """Let every other waiting delivery wait as well: what is wrong is wrong for all. Commits.

    Counts for all of them as so many attempts, so that the waiting grows, whoever is tried next.
    """
    session.execute(
        update(ReportDelivery)
        .where(_is_waiting(now))
        .values(
            next_attempt_at=until,
            attempts=case(
                (ReportDelivery.attempts < attempts, attempts), else_=ReportDelivery.attempts
            ),
            **_answer(sentence, None),
        )
    )
    session.commit()


def give_up_waiting(session: Session, *, sentence: str, until: datetime, now: datetime) -> None:
    """End what would have to wait until then and so for longer than a day. Commits."""
    session.execute(
        update(ReportDelivery)
        .where(
            ReportDelivery.state == DeliveryState.DUE,
            _is_waiting(now),
            ReportDelivery.due_at < until - TRIED_FOR,
        )
        .values(state=DeliveryState.FAILED, ended_at=now, **_answer(sentence, None))
    )
    session.commit()


def _is_waiting(now: datetime) -> ColumnElement[bool]:
    """Its next attempt has come and nothing of it is under way; it may wait for its one repeat."""
    is_unclaimed = or_(
        ReportDelivery.state == DeliveryState.DUE,
        and_(
            ReportDelivery.state == DeliveryState.HANDING_OVER,
            ReportDelivery.lease_until_at.is_(None),
        ),
    )
    return and_(is_unclaimed, ReportDelivery.next_attempt_at <= now)


def note_waiting(session: Session, *, sentence: str) -> None:
    """Write the reason into every waiting delivery without an attempt. Commits."""
    session.execute(
        update(ReportDelivery)
        .where(ReportDelivery.state == DeliveryState.DUE, ReportDelivery.answer_text != sentence)
        .values(**_answer(sentence, None))
    )
    session.commit()


def note_untried(session: Session, *, sentence: str) -> None:
    """Write the reason into every waiting delivery that has none of its own yet. Commits."""
    session.execute(
        update(ReportDelivery)
        .where(ReportDelivery.state == DeliveryState.DUE, ReportDelivery.answer_text == "")
        .values(**_answer(sentence, None))
    )
    session.commit()


def end_lost(session: Session, *, now: datetime) -> None:
    """End deliveries whose processes died in both handovers, or for a day, every time. Commits."""
    is_given_up = and_(
        ReportDelivery.due_at <= now - TRIED_FOR, ReportDelivery.attempts > len(BACK_OFF)
    )
    for is_lost, sentence in (
        (ReportDelivery.handover_count >= MAX_HANDOVERS, LOST_ANSWERS),
        (is_given_up, CUT_OFF),
    ):
        session.execute(
            update(ReportDelivery)
            .where(
                ReportDelivery.state.in_((DeliveryState.CLAIMED, DeliveryState.HANDING_OVER)),
                ReportDelivery.lease_until_at <= now,
                is_lost,
            )
            .values(state=DeliveryState.FAILED, ended_at=now, **_answer(sentence, None))
        )
    session.commit()


def _end(
    session: Session,
    claim: Claim,
    state: DeliveryState,
    *,
    sentence: str = "",
    answer: ServerAnswer | None = None,
    now: datetime,
    **values: Any,
) -> bool:
    return change_claimed(
        session,
        claim,
        state=state,
        ended_at=now,
        lease_owner=None,
        lease_until_at=None,
        **_answer(sentence, answer),
        **values,
    )


def _count_refusals(session: Session, claim: Claim, count: int | ColumnElement[int]) -> None:
    session.execute(
        update(ReportRecipient)
        .where(ReportRecipient.id == claim.recipient_id)
        .values(refusal_count=count)
    )


def _answer(sentence: str, answer: ServerAnswer | None) -> dict[str, Any]:
    """Return the columns that keep the server's words, after our own."""
    text = " ".join(filter(None, (sentence, answer.text if answer else "")))
    return {"answer_code": answer.code if answer else None, "answer_text": text[:TEXT_CHARACTERS]}


def _later(at: datetime) -> dict[str, Any]:
    return {"next_attempt_at": at, "lease_owner": None, "lease_until_at": None}


def back_off(attempts: int) -> timedelta:
    """Return how long to wait after so many attempts."""
    return BACK_OFF[attempts - 1] if attempts <= len(BACK_OFF) else LONGEST_BACK_OFF
