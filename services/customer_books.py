"""In which books each customer of a page is, and what it owes there. Reads only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import (
    Bin,
    CustomerLink,
    MatchSuggestion,
    RemoteAccount,
    RemoteCustomer,
    RemoteState,
)
from services.bins import is_told_apart
from services.providers.contract import ProviderKey, RemoteStatus
from services.remote_counts import VANISHED_FINGERPRINT
from services.review_rows import AnyRow, Balance


class RemoteStanding(StrEnum):
    """How a customer here stands in one accounting software.

    LINKED, and there it is a customer; ARCHIVED, MERGED into another, or GONE: linked, and there it
    is none any more. MAYBE: somebody there, not imported yet, could be it; IGNORED: so, but an
    admin ignores that one.
    """

    LINKED = "linked"
    ARCHIVED = "archived"
    MERGED = "merged"
    GONE = "gone"
    MAYBE = "maybe"
    IGNORED = "ignored"
    NOT_THERE = "not_there"
    NEVER_READ = "never_read"
    NOT_CONNECTED = "not_connected"


#: The customer is linked, but not a customer there any more.
ENDED = frozenset({RemoteStanding.ARCHIVED, RemoteStanding.MERGED, RemoteStanding.GONE})


@dataclass(frozen=True, slots=True)
class BooksTag:
    """One accounting software that a customer is in, or maybe is."""

    provider: ProviderKey
    standing: RemoteStanding


@dataclass(frozen=True, slots=True)
class Books:
    """Where a customer is, a tag for each software in a fixed order, and what it owes there.

    `balances` are open, a sum for each currency.
    """

    tags: tuple[BooksTag, ...] = ()
    balances: tuple[Balance, ...] = ()


def link_standing(
    status: str, fingerprint: str, merged_into_remote_id: str | None
) -> RemoteStanding:
    """Return how a linked remote customer stands in its books; pure."""
    if fingerprint == VANISHED_FINGERPRINT or status == RemoteStatus.DELETED.value:
        return RemoteStanding.GONE
    if status == RemoteStatus.ACTIVE.value:
        return RemoteStanding.LINKED
    return RemoteStanding.MERGED if merged_into_remote_id else RemoteStanding.ARCHIVED


def read_books(session: Session, customer_ids: Collection[int]) -> dict[int, Books]:
    """Return the books of each of some hundred customers, of who is in any. Two statements."""
    standings: dict[int, dict[ProviderKey, list[RemoteStanding]]] = {}
    owed: dict[int, Counter[str]] = {}
    for row in _linked(session, customer_ids):
        standing = link_standing(row.status, row.fingerprint, row.merged_into_remote_id)
        found = standings.setdefault(row.customer_id, {})
        found.setdefault(ProviderKey(row.provider), []).append(standing)
        if standing in (RemoteStanding.LINKED, RemoteStanding.ARCHIVED):
            owed.setdefault(row.customer_id, Counter())[row.currency] += row.balance_cents
    for customer_id, provider in _maybe(session, customer_ids):
        found = standings.setdefault(customer_id, {})
        found.setdefault(ProviderKey(provider), []).append(RemoteStanding.MAYBE)
    return {
        customer_id: Books(_tags(found), _balances(owed.get(customer_id, {})))
        for customer_id, found in standings.items()
    }


def _linked(session: Session, customer_ids: Collection[int]) -> Sequence[AnyRow]:
    return session.execute(
        select(
            CustomerLink.customer_id,
            RemoteAccount.provider,
            RemoteCustomer.status,
            RemoteCustomer.fingerprint,
            RemoteCustomer.merged_into_remote_id,
            RemoteCustomer.balance_cents,
            RemoteCustomer.currency,
        )
        .join(
            RemoteCustomer,
            (RemoteCustomer.account_id == CustomerLink.account_id)
            & (RemoteCustomer.remote_id == CustomerLink.remote_id),
        )
        .join(RemoteAccount, RemoteAccount.id == CustomerLink.account_id)
        .where(CustomerLink.customer_id.in_(customer_ids))
    ).all()


def _maybe(session: Session, customer_ids: Collection[int]) -> Sequence[AnyRow]:
    """Return which customers here an unsynced one could be, and in whose books that one is."""
    return session.execute(
        select(MatchSuggestion.customer_id, RemoteAccount.provider)
        .distinct()
        .join(RemoteCustomer, RemoteCustomer.id == MatchSuggestion.remote_customer_id)
        .join(RemoteAccount, RemoteAccount.id == RemoteCustomer.account_id)
        .where(
            MatchSuggestion.customer_id.in_(customer_ids),
            RemoteCustomer.state == RemoteState.UNSYNCED,
            RemoteCustomer.bin.in_((Bin.SAME, Bin.MAYBE)),
            ~is_told_apart(),
        )
    ).all()


def _tags(standings: Mapping[ProviderKey, Sequence[RemoteStanding]]) -> tuple[BooksTag, ...]:
    """Return one tag for each software: who is linked to somebody active there is linked."""
    order = list(RemoteStanding)
    return tuple(
        BooksTag(provider, min(standings[provider], key=order.index))
        for provider in ProviderKey
        if provider in standings
    )


def _balances(owed: Mapping[str, int]) -> tuple[Balance, ...]:
    return tuple(Balance(currency, cents) for currency, cents in sorted(owed.items()) if cents)
