"""Who here an unsynced customer could be, and who in the file looks like it; read for a page."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, exists, select
from sqlalchemy.orm import Session, aliased

from models import (
    Customer,
    LookAlike,
    MatchSuggestion,
    RemoteCustomer,
    ReviewChoice,
    ToldApart,
)
from services.bins import TAKEN_BITS, TWIN_STATES, is_taken, is_told_apart


@dataclass(frozen=True, slots=True)
class CandidateRow:
    """A customer here that a row could be. `is_taken`: linked or decided for another row."""

    customer_id: int
    public_id: str
    name: str
    company_name: str
    revision: int
    tier: str
    reasons: str
    is_taken: bool


def find_candidates(
    session: Session, row_ids: Collection[int], *, chosen: Mapping[int, int | None]
) -> dict[int, tuple[CandidateRow, ...]]:
    """Return the candidates that count of each row, a person's choice first, then best first.

    Who was told apart is none, and a taken one counts from a higher score on, as for the bins.
    `chosen` comes from `find_choices`. One statement for all rows.
    """
    rows = session.execute(
        select(
            MatchSuggestion.remote_customer_id,
            MatchSuggestion.score,
            MatchSuggestion.tier,
            MatchSuggestion.reasons,
            is_taken().label("is_taken"),
            Customer.id,
            Customer.public_id,
            Customer.name,
            Customer.company_name,
            Customer.revision,
        )
        .join(RemoteCustomer, RemoteCustomer.id == MatchSuggestion.remote_customer_id)
        .join(Customer, Customer.id == MatchSuggestion.customer_id)
        .where(MatchSuggestion.remote_customer_id.in_(row_ids), ~is_told_apart())
        .order_by(MatchSuggestion.score.desc(), MatchSuggestion.customer_id)
    ).all()
    found: dict[int, list[CandidateRow]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: chosen.get(row.remote_customer_id) != row.id):
        is_chosen = chosen.get(row.remote_customer_id) == row.id
        if is_chosen or not row.is_taken or row.score >= TAKEN_BITS:
            found[row.remote_customer_id].append(_candidate(row))
    return {row_id: tuple(candidates) for row_id, candidates in found.items()}


def count_look_alikes(session: Session, row_ids: Collection[int]) -> dict[int, int]:
    """Return how many in the file look like each row and were not told apart from it."""
    counts = Counter(row_id for row_id, _, _ in find_look_alikes(session, row_ids))
    return dict(counts)


def find_look_alikes(session: Session, row_ids: Collection[int]) -> list[tuple[int, int, str]]:
    """Return row, look-alike and reasons as kept, for those not told apart; one statement."""
    twin = aliased(RemoteCustomer)
    is_apart = exists().where(
        ToldApart.account_id == RemoteCustomer.account_id,
        ToldApart.remote_id == RemoteCustomer.remote_id,
        ToldApart.other_remote_id == twin.remote_id,
    )
    rows = session.execute(
        select(LookAlike.remote_customer_id, LookAlike.other_id, LookAlike.reasons)
        .join(RemoteCustomer, RemoteCustomer.id == LookAlike.remote_customer_id)
        .join(twin, twin.id == LookAlike.other_id)
        .where(LookAlike.remote_customer_id.in_(row_ids), twin.state.in_(TWIN_STATES), ~is_apart)
        .order_by(LookAlike.remote_customer_id, LookAlike.other_id)
    )
    return [(row_id, other_id, reasons) for row_id, other_id, reasons in rows]


def find_choices(session: Session, row_ids: Collection[int]) -> dict[int, int | None]:
    """Return about which rows a person has decided: whom to link to, None for a new customer."""
    rows = session.execute(
        select(ReviewChoice.remote_customer_id, ReviewChoice.customer_id).where(
            ReviewChoice.remote_customer_id.in_(row_ids)
        )
    )
    return {row_id: customer_id for row_id, customer_id in rows}


def _candidate(row: Row[*tuple[Any, ...]]) -> CandidateRow:
    return CandidateRow(
        customer_id=row.id,
        public_id=row.public_id,
        name=row.name,
        company_name=row.company_name,
        revision=row.revision,
        tier=row.tier,
        reasons=row.reasons,
        is_taken=bool(row.is_taken),
    )
