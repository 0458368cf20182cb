"""Whom an import links each of a batch to: as a person decided, else to whom it surely is."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, exists, select
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
from services.import_decision import Standing
from services.kept_parties import COMPARE_AGAIN
from services.matching.keeping import reasons_of
from services.matching.reasons import explain
from services.matching.tiers import Tier


@dataclass(frozen=True, slots=True)
class Target:
    """Our customer that a row would be linked to. `reasons` are codes of matching, "" if chosen."""

    customer_id: int
    standing: Standing
    reasons: str = ""
    is_chosen: bool = False

    @property
    def words(self) -> str:
        """Return why the two are the same, as the middle of a sentence; "" if nothing is known."""
        reasons = reasons_of(self.reasons)
        sentence = explain(reasons).rstrip(".") if reasons else ""
        return sentence[:1].lower() + sentence[1:]


def find_targets(session: Session, row_ids: Collection[int]) -> dict[int, Target]:
    """Return, by row id, whom each of the rows is to be linked to; nobody for who is not there.

    The rows are of one account. One customer is given to one row only, unless a person decided
    otherwise. At most two statements, however many are asked about.
    """
    if not row_ids:
        return {}
    targets = _chosen(session, row_ids)
    given = {target.customer_id for target in targets.values() if target.standing is Standing.FREE}
    for row in _suggested(session, set(row_ids) - set(targets)):
        if row.remote_customer_id not in targets:
            is_taken = row.is_linked or row.customer_id in given
            standing = Standing.STALE if row.is_stale else Standing.FREE
            targets[row.remote_customer_id] = Target(
                row.customer_id, Standing.TAKEN if is_taken else standing, row.reasons
            )
            given.add(row.customer_id)
    return targets


def find_standings(
    session: Session, account_id: int, customer_ids: Collection[int]
) -> dict[int, Standing]:
    """Return how those stand to whom rows of the account were to be linked. One statement."""
    if not customer_ids:
        return {}
    is_linked = exists().where(
        CustomerLink.customer_id == Customer.id, CustomerLink.account_id + 0 == account_id
    )
    rows = session.execute(select(Customer.id, is_linked).where(Customer.id.in_(customer_ids)))
    here = {row_id: Standing.TAKEN if linked else Standing.FREE for row_id, linked in rows}
    return dict.fromkeys(customer_ids, Standing.GONE) | here


def is_changed_customer() -> ColumnElement[bool]:
    """Return the condition that a customer here changed, or came, since it was compared."""
    return Customer.kept_revision.not_in((Customer.revision, COMPARE_AGAIN))


def _chosen(session: Session, row_ids: Collection[int]) -> dict[int, Target]:
    rows = session.execute(
        select(ReviewChoice.remote_customer_id, Customer.id, is_overtaken())
        .join(RemoteCustomer, RemoteCustomer.id == ReviewChoice.remote_customer_id)
        .join(Customer, Customer.id == ReviewChoice.customer_id)
        .where(
            ReviewChoice.remote_customer_id.in_(row_ids),
            ReviewChoice.outcome == ChosenOutcome.LINK,
        )
    )
    return {
        row_id: Target(customer_id, Standing.TAKEN if is_late else Standing.FREE, is_chosen=True)
        for row_id, customer_id, is_late in rows
    }


def _suggested(session: Session, row_ids: Collection[int]) -> list[Row[*tuple[Any, ...]]]:
    """Return the exact suggestions of the rows, best first, and how their customers stand."""
    if not row_ids:
        return []
    is_linked = exists().where(
        CustomerLink.customer_id == MatchSuggestion.customer_id,
        # The sum keeps SQLite from searching the whole account for each of its rows.
        CustomerLink.account_id + 0 == MatchSuggestion.account_id,
    )
    rows = session.execute(
        select(
            MatchSuggestion.remote_customer_id,
            MatchSuggestion.customer_id,
            MatchSuggestion.reasons,
            is_linked.label("is_linked"),
            is_changed_customer().label("is_stale"),
        )
        .join(RemoteCustomer, RemoteCustomer.id == MatchSuggestion.remote_customer_id)
        .join(Customer, Customer.id == MatchSuggestion.customer_id)
        .where(
            MatchSuggestion.remote_customer_id.in_(row_ids),
            MatchSuggestion.tier == Tier.EXACT.value,
            ~is_told_apart(),
        )
        .order_by(MatchSuggestion.score.desc(), MatchSuggestion.customer_id)
    )
    return list(rows)
