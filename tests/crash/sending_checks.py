"""What must be so of mails after a kill and at the end of a round, seen from outside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session, joinedload
from sqlalchemy.pool import NullPool

from models import DeliveryState, ReportDelivery, ReportKind, SkipReason
from services.database import prepare_engine
from services.delivery_record import LOST_ANSWERS
from services.runtime import utc_now
from tests.crash.databases import Database
from tests.crash.keeping_server import Kept
from tests.crash.sending_place import Expected

OPEN = (DeliveryState.DUE, DeliveryState.CLAIMED, DeliveryState.HANDING_OVER)
#: Only in these states may a message have arrived.
ARRIVING = (DeliveryState.HANDING_OVER, DeliveryState.SENT, DeliveryState.FAILED)
MOST_COPIES = 2
#: How the Message-IDs of copies begin.
COPY = "<signup-report.extra."


@dataclass(frozen=True)
class Verdict:
    """What a round came to: signups that were lost or came in two mails, repeats, given up."""

    lost: int = 0
    doubled: int = 0
    mails: int = 0
    repeats: int = 0
    given_up: int = 0
    given_up_unseen: int = 0
    faults: tuple[str, ...] = ()


def read_rows(database: Database) -> Sequence[ReportDelivery]:
    """Return all deliveries with their recipients, as somebody from outside sees them."""
    query = (
        select(ReportDelivery)
        .options(joinedload(ReportDelivery.recipient))
        .order_by(ReportDelivery.id)
    )
    with Session(create_engine(database.url, poolclass=NullPool)) as session:
        return session.scalars(query).all()


def let_time_pass(database: Database, *, is_alone: bool) -> set[str]:
    """Let whatever waits be due now; return the ids of what is found in handing_over.

    With `is_alone` those who held a lease are dead, and it ends as well.
    """
    engine = create_engine(database.url, poolclass=NullPool)
    prepare_engine(engine)
    query = select(ReportDelivery).where(ReportDelivery.state.in_(OPEN)).with_for_update()
    if not is_alone:
        query = query.where(ReportDelivery.lease_until_at.is_(None))
    with Session(engine) as session:
        now = utc_now()
        found = session.scalars(query).all()
        for row in found:
            row.next_attempt_at = min(row.next_attempt_at, now)
            row.lease_until_at = row.lease_until_at and now
        left = {row.message_id for row in found if row.state is DeliveryState.HANDING_OVER}
        session.commit()
    return left


def is_all_mailed(rows: Sequence[ReportDelivery], expected: Iterable[Expected]) -> bool:
    """Say whether nothing waits and everybody's time is covered."""
    if any(row.state in OPEN for row in rows):
        return False
    return not any(_spans_wrong(rows, each) for each in expected)


def check_killed(kept: Sequence[Kept], rows: Sequence[ReportDelivery]) -> list[str]:
    """Return what is wrong in the moment after a kill; the mails were looked at first."""
    by_id = {row.message_id: row for row in rows}
    faults = []
    for message_id in {mail.message_id for mail in kept}:
        row = by_id.get(message_id)
        if row is None:
            # A copy that ended gets an id of its own when a command asks for it once more.
            if not message_id.startswith(COPY):
                faults.append(f"{message_id} has arrived and has no row")
        elif row.state not in ARRIVING or row.handover_count == 0:
            faults.append(f"{message_id} has arrived, its row is {row.state}")
    if len(by_id) != len(rows):
        faults.append("two rows share a message id")
    return faults


def check_end(
    kept: Sequence[Kept],
    rows: Sequence[ReportDelivery],
    expected: Sequence[Expected],
    *,
    found_handing_over: AbstractSet[str],
) -> Verdict:
    """Compare all that has arrived, and all rows, with what had to be mailed."""
    copies = Counter(mail.message_id for mail in kept)
    given_up = [row for row in rows if row.state is DeliveryState.FAILED]
    faults = check_killed(kept, rows) + _odd_rows(rows, copies)
    faults += [wrong for each in expected for wrong in _spans_wrong(rows, each)]
    for message_id, number in copies.items():
        if number > MOST_COPIES:
            faults.append(f"{message_id} has arrived {number} times")
        if number > 1 and message_id not in found_handing_over:
            faults.append(f"{message_id} was repeated without having been in handing_over")
    faults += _unmarked(kept)
    lost, doubled = _names_wrong(kept, rows, expected)
    return Verdict(
        lost=lost,
        doubled=doubled,
        mails=len(copies),
        repeats=copies.total() - len(copies),
        given_up=len(given_up),
        given_up_unseen=sum(row.message_id not in copies for row in given_up),
        faults=tuple(faults),
    )


def _odd_rows(rows: Sequence[ReportDelivery], copies: Counter[str]) -> list[str]:
    """Return the rows whose end does not fit what they say or what has arrived."""
    faults = []
    for row in rows:
        fits = {
            DeliveryState.SENT: copies[row.message_id] > 0 and row.handover_count > 0,
            DeliveryState.FAILED: row.handover_count == MOST_COPIES
            and row.answer_text == LOST_ANSWERS,
            DeliveryState.SKIPPED: row.skip_reason is SkipReason.CARRIED_OVER,
        }
        if not fits.get(row.state, False):
            faults.append(f"row {row.id} ends as {row.state} {row.skip_reason} {row.answer_text}")
        if row.ended_at is None or (
            row.lease_owner is not None and row.state is DeliveryState.SENT
        ):
            faults.append(f"row {row.id} is {row.state} and has not ended or is still held")
    return faults


def _spans_wrong(rows: Sequence[ReportDelivery], each: Expected) -> list[str]:
    """Return gaps and overlaps in what a recipient was mailed; a command may send older days.

    Copies cover nothing: a day of the week that a command sends to a weekly recipient is one.
    """
    spans = _spans(rows, each)
    faults = [
        f"{each.address}: {later[0]} is covered twice"
        for earlier, later in pairwise(spans)
        if later[0] < earlier[1]
    ]
    reached = each.start_at
    for start_at, end_at in spans:
        if reached < start_at and reached < each.end_at:
            faults.append(f"{each.address}: nothing from {reached} to {start_at}")
        reached = max(reached, end_at)
    if reached < each.end_at:
        faults.append(f"{each.address}: nothing after {reached}")
    return faults


def _spans(rows: Sequence[ReportDelivery], each: Expected) -> list[tuple[datetime, datetime]]:
    settled = (DeliveryState.SENT, DeliveryState.FAILED)
    return sorted(
        (row.window_start_at, row.window_end_at)
        for row in rows
        if row.recipient.address == each.address
        and row.kind is ReportKind.DAILY
        and row.state in settled
    )


def _unmarked(kept: Sequence[Kept]) -> list[str]:
    """Return the messages that came a second time without saying that they may be a repeat."""
    seen: set[str] = set()
    faults = []
    for mail in kept:
        if mail.message_id in seen and not mail.is_marked:
            faults.append(f"{mail.message_id} came again without its mark")
        seen.add(mail.message_id)
    return faults


def _names_wrong(
    kept: Sequence[Kept], rows: Sequence[ReportDelivery], expected: Sequence[Expected]
) -> tuple[int, int]:
    """Return how many names did not reach a recipient, and how many reached one in two mails.

    What was given up after two lost answers, as its row says, is not lost without a word. A copy
    neither brings a name nor repeats one.
    """
    kept = [mail for mail in kept if not mail.message_id.startswith(COPY)]
    arrived = {mail.message_id for mail in kept}
    unseen = {
        row.recipient.address
        for row in rows
        if row.kind is ReportKind.DAILY
        and row.state is DeliveryState.FAILED
        and row.message_id not in arrived
    }
    lost = doubled = 0
    for each in expected:
        texts = {mail.message_id: mail.text for mail in kept if mail.recipient == each.address}
        times = Counter({name: sum(name in text for text in texts.values()) for name in each.names})
        lost += 0 if each.address in unseen else sum(n == 0 for n in times.values())
        doubled += sum(n > 1 for n in times.values())
    return lost, doubled
