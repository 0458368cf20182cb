"""What matching finds and people decide, as rows for tests: make_…(session, …, **overrides)."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from models import (
    ChosenOutcome,
    Company,
    Customer,
    LookAlike,
    MatchSuggestion,
    RemoteAccount,
    RemoteCustomer,
    ReviewChoice,
    ToldApart,
)
from models.base import new_public_id
from services.kept_counts import store_frequencies
from services.match_region import region_of_zone
from services.matching.frequencies import count_frequencies
from services.matching.keeping import CLEANING_VERSION
from tests.factories import NOW


def make_matched(session: Session, account: RemoteAccount) -> None:
    """Matching has seen to the account, so that only who is unkept from now on is compared."""
    account.matched_at = NOW
    account.cleaning_version = CLEANING_VERSION
    account.match_region = region_of_zone(session.get_one(Company, account.company_id).zone)
    store_frequencies(session, account.id, count_frequencies([], []), now=NOW)
    session.commit()


def make_suggestion(
    session: Session, remote: RemoteCustomer, customer: Customer, **overrides: Any
) -> MatchSuggestion:
    """What matching would have found: the two are surely the same. The bin is not refreshed."""
    values = {
        "account_id": remote.account_id,
        "remote_customer_id": remote.id,
        "customer_id": customer.id,
        "tier": "exact",
        "score": 20.0,
        "reasons": "same_name same_email",
    }
    return _add(session, MatchSuggestion(**values | overrides))


def make_look_alike(session: Session, remote: RemoteCustomer, other: RemoteCustomer) -> None:
    """Two in the file who look alike; it stands there both ways. The bins are not refreshed."""
    for one, another in ((remote, other), (other, remote)):
        _add(
            session,
            LookAlike(remote_customer_id=one.id, other_id=another.id, reasons="same_phone"),
        )


def make_choice(session: Session, remote: RemoteCustomer, **overrides: Any) -> ReviewChoice:
    """A person's decision to create the customer anyway. The bin is not refreshed."""
    values = {
        "remote_customer_id": remote.id,
        "account_id": remote.account_id,
        "outcome": ChosenOutcome.CREATE,
        "batch": new_public_id(),
        "decided_at": NOW,
    }
    return _add(session, ReviewChoice(**values | overrides))


def make_told_apart(
    session: Session, remote: RemoteCustomer, other: Customer | RemoteCustomer
) -> None:
    """A person said that the two are not the same. The bins are not refreshed."""
    pairs: list[dict[str, Any]] = [{"remote_id": remote.remote_id, "customer_id": other.id}]
    if isinstance(other, RemoteCustomer):
        ids = (remote.remote_id, other.remote_id)
        pairs = [{"remote_id": a, "other_remote_id": b} for a, b in (ids, ids[::-1])]
    for pair in pairs:
        _add(
            session,
            ToldApart(
                company_id=remote.company_id,
                account_id=remote.account_id,
                decided_at=NOW,
                **pair,
            ),
        )


def _add(session: Session, row: Any) -> Any:
    session.add(row)
    session.commit()
    return row
