"""Decisions about unsynced customers that the import carries out: link to whom, or create."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session

from models import (
    ChosenOutcome,
    Customer,
    MatchSuggestion,
    RemoteAccount,
    RemoteCustomer,
    RemoteState,
    ReviewChoice,
)
from models.base import new_public_id
from services.audit import AuditAction
from services.bins import TAKEN_BITS, is_taken, is_told_apart, refresh_bins
from services.candidates import find_choices
from services.company_lock import lock_company
from services.database import in_batches, insert_rows
from services.decision_record import Decision, end_decision
from services.meant import MeantRow, MeantRows, is_as_seen, resolve_meant, seen_customer
from services.review_query import Meant
from services.sign_ins import SignedIn


class NotACandidate(Exception):
    """Nobody who is meant could be that customer, or anybody, as far as matching knows."""


class CustomerGone(Exception):
    """The customer to link to is not a customer of the company, or not any more."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    customer_id: int
    public_id: str
    revision: int
    is_taken: bool


def choose(
    session: Session,
    who: SignedIn,
    account_id: int,
    *,
    meant: Meant,
    outcome: ChosenOutcome,
    customer: str | None = None,
    now: datetime,
) -> Decision:
    """Decide to create those who are meant, or to link them. Commits; an earlier choice ends.

    LINK without `customer` takes each one's best candidate; whose best belongs to another one
    already, or is the best of two who are meant, is passed. With `customer` (a public id) the
    person has named the pair, so that it may even be linked elsewhere. Raises NothingSelected,
    UnknownRemoteCustomer, ListChanged, RowsChanged, AlreadyDecided, NotACandidate, CustomerGone.
    """
    lock_company(session, who.company_id)
    rows = resolve_meant(session, who, account_id, meant, states=(RemoteState.UNSYNCED,))
    if outcome is ChosenOutcome.CREATE:
        targets: dict[int, int | None] = dict.fromkeys(rows.ids)
        changed = 0
    else:
        named = None if customer is None else _require_customer(session, who, customer)
        targets, changed = _targets(session, rows, named)
    replaced = _count_replaced(session, targets)
    freed = drop_choices(session, targets)
    batch = new_public_id()
    _write(session, who, account_id, targets, outcome=outcome, batch=batch, now=now)
    customer_ids = freed | {each for each in targets.values() if each is not None}
    refresh_bins(session, account_id, targets, customer_ids=customer_ids)
    decision = Decision(
        batch,
        len(targets),
        changed=rows.changed + changed,
        passed=rows.passed + len(rows.rows) - len(targets) - changed,
        replaced=replaced,
    )
    detail = f"{decision.count} to {outcome.value}"
    return end_decision(session, who, decision, action=AuditAction.CHOSEN, detail=detail, now=now)


def take_back(
    session: Session,
    who: SignedIn,
    account_id: int,
    *,
    meant: Meant | None = None,
    batch: str | None = None,
    now: datetime,
) -> Decision:
    """Forget what was decided about those who are meant, or in one decision. Commits.

    Raises as `choose` does.
    """
    lock_company(session, who.company_id)
    own = select(RemoteAccount.id).where(RemoteAccount.company_id == who.company_id)
    if batch is not None:
        rows = MeantRows(())
        is_meant: ColumnElement[bool] = ReviewChoice.batch == batch
    else:
        rows = resolve_meant(
            session, who, account_id, meant or Meant(), states=(RemoteState.UNSYNCED,)
        )
        is_meant = ReviewChoice.account_id == account_id
    choices = session.execute(
        select(ReviewChoice.remote_customer_id).where(
            ReviewChoice.account_id == account_id, ReviewChoice.account_id.in_(own), is_meant
        )
    )
    chosen = {row_id for (row_id,) in choices}
    ids = sorted(chosen if batch is not None else chosen & set(rows.ids))
    refresh_bins(session, account_id, ids, customer_ids=drop_choices(session, ids))
    passed = rows.passed + max(0, len(rows.rows) - len(ids))
    decision = Decision("", len(ids), changed=rows.changed, passed=passed)
    return end_decision(session, who, decision, action=AuditAction.TAKEN_BACK, now=now)


def drop_choices(session: Session, remote_row_ids: Iterable[int]) -> set[int]:
    """Forget what was decided about the rows, in the caller's transaction.

    Return the customers who were to be linked and are free again.
    """
    freed: set[int] = set()
    for batch in in_batches(remote_row_ids):
        found = session.scalars(
            delete(ReviewChoice)
            .where(ReviewChoice.remote_customer_id.in_(batch))
            .returning(ReviewChoice.customer_id)
            .execution_options(synchronize_session=False)
        )
        freed.update(customer_id for customer_id in found if customer_id is not None)
    return freed


def renew_choices(
    session: Session, account_id: int, customer_ids: Collection[int], *, now: datetime
) -> None:
    """Let choices of others for these customers stand, in the caller's transaction.

    The link that was made now was decided by a person, too, and so overtakes nobody.
    """
    session.execute(
        update(ReviewChoice)
        .where(
            ReviewChoice.customer_id.in_(customer_ids), ReviewChoice.account_id + 0 == account_id
        )
        .values(decided_at=now)
        .execution_options(synchronize_session=False)
    )


def _count_replaced(session: Session, targets: Mapping[int, int | None]) -> int:
    """Count about whom somebody has decided otherwise before."""
    return sum(
        targets[row_id] != customer_id
        for batch in in_batches(targets)
        for row_id, customer_id in find_choices(session, batch).items()
    )


def _require_customer(session: Session, who: SignedIn, public_id: str) -> Customer:
    customer = session.scalar(
        select(Customer).where(
            Customer.company_id == who.company_id, Customer.public_id == public_id
        )
    )
    if customer is None:
        raise CustomerGone
    return customer


def _targets(
    session: Session, rows: MeantRows, named: Customer | None
) -> tuple[dict[int, int | None], int]:
    """Return whom each row would be linked to, and how many changed since they were seen."""
    candidates = _candidates(session, rows.ids, named)
    if rows.rows and not candidates:
        raise NotACandidate
    unchanged = {
        row.id: candidates[row.id]
        for row in rows.rows
        if row.id in candidates
        and _is_pair_as_seen(row, candidates[row.id], is_named=named is not None)
    }
    changed = len(candidates) - len(unchanged)
    if named is not None:
        return {row_id: each.customer_id for row_id, each in unchanged.items()}, changed
    wanted = Counter(each.customer_id for each in unchanged.values())
    targets: dict[int, int | None] = {
        row_id: each.customer_id
        for row_id, each in unchanged.items()
        if not each.is_taken and wanted[each.customer_id] == 1
    }
    return targets, changed


def _is_pair_as_seen(row: MeantRow, candidate: _Candidate, *, is_named: bool) -> bool:
    """Say whether the person saw just this pair; who was not named must have been seen."""
    if not row.seen:
        return True
    customer = seen_customer(row.seen)
    if customer != candidate.public_id and (customer or not is_named):
        return False
    # The remote customer's part was compared when the row was found.
    return is_as_seen(row.seen, int(row.seen.partition(".")[0]), candidate.revision)


def _candidates(
    session: Session, row_ids: Collection[int], named: Customer | None
) -> dict[int, _Candidate]:
    """Return each row's best candidate who counts, or the named customer where it is one."""
    best: dict[int, _Candidate] = {}
    for batch in in_batches(row_ids):
        query = (
            select(
                MatchSuggestion.remote_customer_id,
                MatchSuggestion.customer_id,
                Customer.public_id,
                Customer.revision,
                is_taken(),
                MatchSuggestion.score,
            )
            .join(RemoteCustomer, RemoteCustomer.id == MatchSuggestion.remote_customer_id)
            .join(Customer, Customer.id == MatchSuggestion.customer_id)
            .where(MatchSuggestion.remote_customer_id.in_(batch), ~is_told_apart())
            .order_by(MatchSuggestion.score.desc(), MatchSuggestion.customer_id)
        )
        if named is not None:
            query = query.where(MatchSuggestion.customer_id == named.id)
        chosen = find_choices(session, batch)
        # Whom a person chose before is the one that the page shows.
        rows = sorted(session.execute(query), key=lambda row: chosen.get(row[0]) != row[1])
        for row_id, customer_id, public_id, revision, taken, score in rows:
            if named is not None or not taken or score >= TAKEN_BITS:
                best.setdefault(row_id, _Candidate(customer_id, public_id, revision, bool(taken)))
    return best


def _write(
    session: Session,
    who: SignedIn,
    account_id: int,
    targets: Mapping[int, int | None],
    *,
    outcome: ChosenOutcome,
    batch: str,
    now: datetime,
) -> None:
    insert_rows(
        session,
        ReviewChoice,
        (
            {
                "remote_customer_id": row_id,
                "account_id": account_id,
                "outcome": outcome,
                "customer_id": customer_id,
                "batch": batch,
                "decided_by_id": who.user_id,
                "decided_at": now,
            }
            for row_id, customer_id in targets.items()
        ),
    )
