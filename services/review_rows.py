"""Remote customers as lists show them: what they are, why they wait, whom they could be."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from models import Bin, Connection, RemoteCustomer, RemoteState, WhyUnsynced
from services.candidates import (
    CandidateRow,
    count_look_alikes,
    find_candidates,
    find_choices,
)
from services.matching.keeping import reasons_of
from services.matching.reasons import explain
from services.matching.tiers import Tier

AnyRow = Row[*tuple[Any, ...]]

#: What is read of a row; a whole one has twice as many columns.
COLUMNS = (
    RemoteCustomer.id,
    RemoteCustomer.public_id,
    RemoteCustomer.remote_id,
    RemoteCustomer.name,
    RemoteCustomer.company_name,
    RemoteCustomer.person_name,
    RemoteCustomer.email,
    RemoteCustomer.phone,
    RemoteCustomer.address,
    RemoteCustomer.currency,
    RemoteCustomer.balance_cents,
    RemoteCustomer.parent_remote_id,
    RemoteCustomer.bin,
    RemoteCustomer.state,
    RemoteCustomer.why,
    RemoteCustomer.why_text,
    RemoteCustomer.why_at,
    RemoteCustomer.first_reading_id,
    RemoteCustomer.ignore_reason,
    RemoteCustomer.erased_at,
    RemoteCustomer.revision,
)


@dataclass(frozen=True, slots=True)
class Balance:
    """Open balances of one currency. `cents` is in hundredths of it."""

    currency: str
    cents: int

    @property
    def words(self) -> str:
        """Dollars have their sign, other currencies their code, no currency none."""
        sign = "-" if self.cents < 0 else ""
        whole, cents = divmod(abs(self.cents), 100)
        amount = f"{whole:,}.{cents:02d}"
        if self.currency == "USD":
            return f"{sign}${amount}"
        return f"{self.currency} {sign}{amount}".lstrip()


@dataclass(frozen=True, slots=True)
class SuggestionView:
    """The customer here whom a row most likely is, with the reason in words.

    `is_linked_elsewhere`: linked to another remote customer of the account, or decided to be.
    """

    customer_public_id: str
    name: str
    company_name: str
    tier: Tier
    reason: str
    is_linked_elsewhere: bool
    seen: str


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """A remote customer as the review page shows it.

    `why` and `new_since` (an admin last looked then) are told of the unsynced only, `is_chosen`
    says that a person decided what an import does, and `seen` goes back with a decision.
    """

    public_id: str
    name: str
    company_name: str
    person_name: str
    email: str | None
    phone: str
    balance: Balance
    parent_name: str
    bin: Bin
    state: RemoteState
    why: WhyUnsynced | None
    why_text: str
    why_at: datetime | None
    new_since: datetime | None
    ignore_reason: str
    is_erased: bool
    seen: str
    is_chosen: bool
    suggestion: SuggestionView | None
    suggestion_count: int
    look_alike_count: int
    address: str = ""
    remote_id: str = ""


@dataclass(frozen=True, slots=True)
class _Beside:
    """What is read beside the rows of a page, each at once for all of them."""

    parents: dict[str, str]
    candidates: dict[int, tuple[CandidateRow, ...]]
    look_alikes: dict[int, int]
    chosen: dict[int, int | None]
    looked_at: datetime | None
    looked_reading_id: int


def read_rows(session: Session, account_id: int, row_ids: Sequence[int]) -> tuple[ReviewRow, ...]:
    """Return the rows in the order of their ids, with what stands beside them.

    Six statements however many rows; a page of 50 takes milliseconds (benchmarks/review.py).
    """
    if not row_ids:
        return ()
    found = session.execute(select(*COLUMNS).where(RemoteCustomer.id.in_(row_ids)))
    remotes = {remote.id: remote for remote in found}
    beside = _beside(session, account_id, list(remotes.values()))
    return tuple(_view(remotes[row_id], beside) for row_id in row_ids if row_id in remotes)


def seen_token(remote_revision: int, candidate: CandidateRow | None = None) -> str:
    """Return the token of what a person sees: of a row, or of a row beside a customer here."""
    if candidate is None:
        return str(remote_revision)
    return f"{remote_revision}.{candidate.revision}.{candidate.public_id}"


def reason_words(reasons: str) -> str:
    """Return reasons as they are kept in words, "" where none is known."""
    known = reasons_of(reasons)
    return explain(known) if known else ""


def _beside(session: Session, account_id: int, remotes: Sequence[AnyRow]) -> _Beside:
    row_ids = [remote.id for remote in remotes]
    chosen = find_choices(session, row_ids)
    looked_at, looked_reading_id = _last_look(session, account_id)
    return _Beside(
        parents=_parent_names(session, account_id, remotes),
        candidates=find_candidates(session, row_ids, chosen=chosen),
        look_alikes=count_look_alikes(session, row_ids),
        chosen=chosen,
        looked_at=looked_at,
        looked_reading_id=looked_reading_id,
    )


def _view(remote: AnyRow, beside: _Beside) -> ReviewRow:
    is_unsynced = remote.state is RemoteState.UNSYNCED
    is_new = is_unsynced and remote.first_reading_id > beside.looked_reading_id
    candidates = beside.candidates.get(remote.id, ())
    return ReviewRow(
        public_id=remote.public_id,
        name=remote.name,
        company_name=remote.company_name,
        person_name=remote.person_name,
        email=remote.email,
        phone=remote.phone,
        balance=Balance(remote.currency, remote.balance_cents),
        parent_name=beside.parents.get(_parent_id(remote), ""),
        bin=remote.bin,
        state=remote.state,
        why=remote.why if is_unsynced else None,
        why_text=remote.why_text,
        why_at=remote.why_at,
        new_since=beside.looked_at if is_new else None,
        ignore_reason=remote.ignore_reason,
        is_erased=remote.erased_at is not None,
        seen=seen_token(remote.revision),
        is_chosen=remote.id in beside.chosen,
        suggestion=_suggestion(remote, candidates[0]) if candidates else None,
        suggestion_count=len(candidates),
        look_alike_count=beside.look_alikes.get(remote.id, 0),
        address=remote.address,
        remote_id=remote.remote_id,
    )


def _suggestion(remote: AnyRow, candidate: CandidateRow) -> SuggestionView:
    return SuggestionView(
        customer_public_id=candidate.public_id,
        name=candidate.name,
        company_name=candidate.company_name,
        tier=Tier(candidate.tier),
        reason=reason_words(candidate.reasons),
        is_linked_elsewhere=candidate.is_taken,
        seen=seen_token(remote.revision, candidate),
    )


def _last_look(session: Session, account_id: int) -> tuple[datetime | None, int]:
    """Return when an admin last looked at the number, and at which reading."""
    row = session.execute(
        select(Connection.looked_at, Connection.looked_reading_id)
        .where(Connection.account_id == account_id)
        .order_by(Connection.id.desc())
        .limit(1)
    ).first()
    return (row.looked_at, row.looked_reading_id) if row else (None, 0)


def _parent_names(
    session: Session, account_id: int, remotes: Collection[RemoteCustomer | AnyRow]
) -> dict[str, str]:
    """Name the parents one step up, so that no circle of parents can do harm."""
    parent_ids = {_parent_id(remote) for remote in remotes} - {""}
    if not parent_ids:
        return {}
    rows = session.execute(
        select(RemoteCustomer.remote_id, RemoteCustomer.name).where(
            RemoteCustomer.account_id == account_id, RemoteCustomer.remote_id.in_(parent_ids)
        )
    )
    return {remote_id: name for remote_id, name in rows}


def _parent_id(remote: RemoteCustomer | AnyRow) -> str:
    is_own = remote.parent_remote_id == remote.remote_id
    return "" if is_own else remote.parent_remote_id or ""
