"""Not the same: two whom a person told apart are never suggested to each other again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from models import Customer, RemoteCustomer, ReviewChoice, ToldApart
from services.audit import AuditAction
from services.bins import refresh_bins
from services.company_lock import lock_company
from services.database import insert_rows
from services.decision_record import AlreadyDecided, Decision, RowsChanged, end_decision
from services.meant import NothingSelected, UnknownRemoteCustomer, is_as_seen
from services.review_choices import CustomerGone, drop_choices
from services.sign_ins import SignedIn


@dataclass(frozen=True, slots=True)
class _Pair:
    """A remote customer with one of ours, or with another remote customer."""

    remote: RemoteCustomer
    customer: Customer | None
    other: RemoteCustomer | None

    @property
    def keys(self) -> list[dict[str, object]]:
        """Return how the pair stands in its table; two remote customers stand both ways."""
        if self.customer is not None:
            return [self._key(self.remote, customer_id=self.customer.id)]
        if self.other is None:
            return []
        return [
            self._key(self.remote, other_remote_id=self.other.remote_id),
            self._key(self.other, other_remote_id=self.remote.remote_id),
        ]

    @property
    def row_ids(self) -> list[int]:
        return [self.remote.id] + ([self.other.id] if self.other else [])

    def is_as_seen(self, seen: str) -> bool:
        second = self.customer or self.other
        return is_as_seen(seen, self.remote.revision, second.revision if second else None)

    @staticmethod
    def _key(
        remote: RemoteCustomer,
        *,
        customer_id: int | None = None,
        other_remote_id: str | None = None,
    ) -> dict[str, object]:
        return {
            "account_id": remote.account_id,
            "remote_id": remote.remote_id,
            "customer_id": customer_id,
            "other_remote_id": other_remote_id,
        }


def tell_apart(
    session: Session,
    who: SignedIn,
    account_id: int,
    *,
    remote: str,
    customer: str | None = None,
    other: str | None = None,
    seen: str = "",
    now: datetime,
) -> Decision:
    """Keep that the remote customer is not our `customer`, or not the `other` one. Commits.

    A decision to link the two ends. Ids are public ids. Raises UnknownRemoteCustomer,
    CustomerGone, NothingSelected without a second one, RowsChanged and AlreadyDecided.
    """
    lock_company(session, who.company_id)
    pair = _find_pair(session, who, account_id, remote=remote, customer=customer, other=other)
    if not pair.is_as_seen(seen):
        session.rollback()
        raise RowsChanged
    if _count(session, pair):
        session.rollback()
        raise AlreadyDecided
    rows = [
        key | {"company_id": who.company_id, "decided_by_id": who.user_id, "decided_at": now}
        for key in pair.keys
    ]
    insert_rows(session, ToldApart, rows)
    freed = drop_choices(session, _choices_of(session, pair))
    refresh_bins(session, account_id, pair.row_ids, customer_ids=freed | _customer_ids(pair))
    return end_decision(session, who, Decision("", 1), action=AuditAction.TOLD_APART, now=now)


def together(
    session: Session,
    who: SignedIn,
    account_id: int,
    *,
    remote: str,
    customer: str | None = None,
    other: str | None = None,
    now: datetime,
) -> Decision:
    """Take back that the two are not the same. Commits. Raises as `tell_apart` does."""
    lock_company(session, who.company_id)
    pair = _find_pair(session, who, account_id, remote=remote, customer=customer, other=other)
    was_apart = _count(session, pair) > 0
    for key in pair.keys:
        session.execute(delete(ToldApart).filter_by(**key))
    refresh_bins(session, account_id, pair.row_ids, customer_ids=_customer_ids(pair))
    return end_decision(
        session, who, Decision("", int(was_apart)), action=AuditAction.TOGETHER, now=now
    )


def _find_pair(
    session: Session,
    who: SignedIn,
    account_id: int,
    *,
    remote: str,
    customer: str | None,
    other: str | None,
) -> _Pair:
    if (customer is None) == (other is None) or other == remote:
        raise NothingSelected
    ids = [remote] if other is None else [remote, other]
    found = {
        row.public_id: row
        for row in session.scalars(
            select(RemoteCustomer)
            .where(
                RemoteCustomer.company_id == who.company_id,
                RemoteCustomer.account_id == account_id,
                RemoteCustomer.public_id.in_(ids),
            )
            .order_by(RemoteCustomer.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    }
    if len(found) < len(ids):
        raise UnknownRemoteCustomer
    ours = None
    if customer is not None:
        ours = session.scalar(
            select(Customer).where(
                Customer.company_id == who.company_id, Customer.public_id == customer
            )
        )
        if ours is None:
            raise CustomerGone
    return _Pair(found[remote], ours, None if other is None else found[other])


def _count(session: Session, pair: _Pair) -> int:
    first = pair.keys[0]
    query = select(func.count()).select_from(ToldApart).filter_by(**first)
    return session.scalar(query) or 0


def _choices_of(session: Session, pair: _Pair) -> list[int]:
    if pair.customer is None:
        return []
    return list(
        session.scalars(
            select(ReviewChoice.remote_customer_id).where(
                ReviewChoice.remote_customer_id == pair.remote.id,
                ReviewChoice.customer_id == pair.customer.id,
            )
        )
    )


def _customer_ids(pair: _Pair) -> set[int]:
    return {pair.customer.id} if pair.customer else set()
