"""What tests of matching share: match everything, and see what was found."""

from __future__ import annotations

from sqlalchemy import select

from models import Customer, LookAlike, MatchSuggestion, RemoteCustomer
from services.match_job import match_account
from services.runtime import Runtime
from tests.services.support import Place, rows


def match_everything(runtime: Runtime, account_id: int) -> None:
    """Match until nobody of the account waits, as the job does after a reading."""
    match_account(runtime, account_id)


def suggestions(runtime: Runtime, place: Place) -> dict[tuple[str, str], str]:
    """Return the tier by remote id and our customer's name."""
    query = (
        select(RemoteCustomer.remote_id, Customer.name, MatchSuggestion.tier)
        .join(MatchSuggestion, MatchSuggestion.remote_customer_id == RemoteCustomer.id)
        .join(Customer, Customer.id == MatchSuggestion.customer_id)
        .where(RemoteCustomer.account_id == place.account_id)
    )
    return {(remote_id, name): tier for remote_id, name, tier in rows(runtime.sessions, query)}


def twins(runtime: Runtime) -> set[tuple[int, int]]:
    """Return the look-alikes as they stand, by row ids."""
    query = select(LookAlike.remote_customer_id, LookAlike.other_id)
    return {(one, other) for one, other in rows(runtime.sessions, query)}


def everything_found(runtime: Runtime) -> tuple[list[tuple[object, ...]], ...]:
    """Return all suggestions and look-alikes and bins, in an order of their own."""
    queries = (
        select(
            MatchSuggestion.remote_customer_id,
            MatchSuggestion.customer_id,
            MatchSuggestion.tier,
            MatchSuggestion.score,
            MatchSuggestion.reasons,
        ),
        select(LookAlike.remote_customer_id, LookAlike.other_id, LookAlike.reasons),
        select(RemoteCustomer.id, RemoteCustomer.bin),
    )
    return tuple(sorted(map(tuple, rows(runtime.sessions, query))) for query in queries)
