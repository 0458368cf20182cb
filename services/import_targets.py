"""Whom an import links each of a batch to: as a person decided, else to whom it surely is."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from models import (
    ChosenOutcome,
    Customer,
    CustomerLink,
    MatchSuggestion,
    RemoteCustomer,
    ReviewChoice,
)
from services.bins import is_overtaken, is_told_apart
from services.matching.keeping import reasons_of
from services.matching.reasons import explain
from services.matching.tiers import Tier


@dataclass(frozen=True, slots=True)
class Target:
    """Our customer that a row is linked to; None if it was linked to another meanwhile.

    `reasons` are codes of matching, "" where a person decided.
    """

    customer: Customer | None
    reasons: str = ""
    is_chosen: bool = False

    @property
    def words(self) -> str:
        """Return why the two are the same, as the middle of a sentence; "" if nothing is known."""
        reasons = reasons_of(self.reasons)
        sentence = explain(reasons).rstrip(".") if reasons else ""
        return sentence[:1].lower() + sentence[1:]


def find_targets(session: Session, remotes: Sequence[RemoteCustomer]) -> dict[int, Target]:
    """Return, by row id, whom each of the rows is to be linked to; nobody for who is not there.

    The rows are of one account. One customer is given to one row only, unless a person decided
    otherwise. At most two statements, however many are asked about.
    """
    if not remotes:
        return {}
    row_ids = [remote.id for remote in remotes]
    targets = _chosen(session, row_ids)
    taken = {target.customer.id for target in targets.values() if target.customer}
    rows = _suggested(session, set(row_ids) - set(targets))
    for row_id, customer, reasons, is_linked in rows:
        if row_id not in targets:
            is_free = not is_linked and customer.id not in taken
            targets[row_id] = Target(customer if is_free else None, reasons)
            taken.add(customer.id)
    return targets


def _chosen(session: Session, row_ids: Collection[int]) -> dict[int, Target]:
    rows = session.execute(
        select(ReviewChoice.remote_customer_id, Customer, is_overtaken())
        .join(RemoteCustomer, RemoteCustomer.id == ReviewChoice.remote_customer_id)
        .join(Customer, Customer.id == ReviewChoice.customer_id)
        .where(
            ReviewChoice.remote_customer_id.in_(row_ids),
            ReviewChoice.outcome == ChosenOutcome.LINK,
        )
    )
    return {
        row_id: Target(None if is_late else customer, is_chosen=True)
        for row_id, customer, is_late in rows
    }


def _suggested(session: Session, row_ids: Collection[int]) -> list[tuple[int, Customer, str, bool]]:
    """Return the exact suggestions of the rows, best first, and whether each is linked already."""
    if not row_ids:
        return []
    is_linked = exists().where(
        CustomerLink.customer_id == MatchSuggestion.customer_id,
        # The sum keeps SQLite from searching the whole account for each of its rows.
        CustomerLink.account_id + 0 == MatchSuggestion.account_id,
    )
    rows = session.execute(
        select(MatchSuggestion.remote_customer_id, Customer, MatchSuggestion.reasons, is_linked)
        .join(RemoteCustomer, RemoteCustomer.id == MatchSuggestion.remote_customer_id)
        .join(Customer, Customer.id == MatchSuggestion.customer_id)
        .where(
            MatchSuggestion.remote_customer_id.in_(row_ids),
            MatchSuggestion.tier == Tier.EXACT.value,
            ~is_told_apart(),
        )
        .order_by(MatchSuggestion.score.desc(), MatchSuggestion.customer_id)
    )
    return [(*row,) for row in rows]
