"""Count remote customers: who counts, who is unsynced. Reads only."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

from sqlalchemy import TextClause, func, select, text
from sqlalchemy.orm import Session

from models import Reading, ReadingState, RemoteAccount, RemoteCustomer, RemoteState
from services.customer_diff import is_counted
from services.database import in_batches
from services.providers.contract import RemoteKind, RemoteStatus
from services.reading_pages import ReadingPages

DECIDED = (RemoteState.LINKED, RemoteState.IGNORED)
_SHOWN_STATES = (
    RemoteState.UNSYNCED,
    RemoteState.LINKED,
    RemoteState.IGNORED,
    RemoteState.LEFT_OUT,
)
VANISHED_FINGERPRINT = ""


def written_values(members: Iterable[StrEnum]) -> str:
    """Return the members of a closed set as rows of a VALUES clause."""
    return ", ".join(f"('{member.value}')" for member in members)


def by_index(session: Session, statement: str, index: str) -> TextClause:
    """Return the statement with its index named, where SQLite would take one that is slow.

    Without statistics it prefers a range of one column to five equal ones: 900 ms, not 6.
    """
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    return _with_hint(statement, f"INDEXED BY {index}" if is_sqlite else "")


@lru_cache(maxsize=8)
def _with_hint(statement: str, hint: str) -> TextClause:
    """Made once: making it takes a fifth of the time of asking."""
    return text(statement.replace("/* index */", hint))


#: To walk so many in an index takes 0.4 ms. Above it a page asks what is left instead.
FEW = 10_000

# One index range for each combination: a fifth of what sums over all rows take. Of the unsynced
# only sub-customers are told; FilterCounts counts the rest. Nothing in it comes from outside.
# Of a company that has linked its customers the one range of these is all but the whole index: it
# is left empty where fewer than :most are unsynced, because they tell how many it holds.
_STANDINGS = f"""
WITH states(one_state) AS (VALUES {written_values(_SHOWN_STATES)}),
     answers(is_one) AS (VALUES (false), (true)),
     statuses(one_status) AS (VALUES {written_values(RemoteStatus)}),
     kinds(one_kind) AS (VALUES {written_values(RemoteKind)}),
     unsynced(so_many) AS MATERIALIZED (SELECT count(*) FROM (
       SELECT 1 FROM remote_customer /* index */
       WHERE account_id = :account AND state = 'unsynced' LIMIT :most) AS first_ones),
     standings AS MATERIALIZED (
       SELECT one_state, is_one, one_status, one_kind,
         CASE WHEN one_state = 'linked' AND is_one
           AND one_status = 'active' AND one_kind = 'customer'
           AND (SELECT so_many FROM unsynced) < :most THEN NULL
         ELSE (SELECT count(*) FROM remote_customer /* index */ WHERE account_id = :account
           AND state = one_state
           AND is_counted = is_one AND status = one_status AND kind = one_kind) END AS so_many
       FROM states, answers, statuses, kinds
       WHERE one_state <> 'unsynced' OR one_kind = 'sub_customer')
SELECT standings.*, unsynced.so_many FROM standings, unsynced
WHERE standings.so_many IS NULL OR standings.so_many > 0
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Standing:
    """How many remote customers of an account are alike in state, counting, status and kind."""

    state: RemoteState
    is_counted: bool
    status: RemoteStatus
    kind: RemoteKind
    count: int


@dataclass(frozen=True, slots=True)
class Known:
    """How many customers an account has when a delta is taken in.

    `before` are those not vanished until now, `newcomers` those never seen, `present` both less
    the deleted ones, and `at_most` everybody ever seen, with what could not be read.
    """

    before: int
    newcomers: int
    present: int
    at_most: int


def count_known(session: Session, account_id: int, pages: ReadingPages) -> Known:
    """Count who is there with the changes of a delta. Reads an id per stored customer."""
    rows = session.execute(
        select(RemoteCustomer.remote_id, RemoteCustomer.fingerprint).where(
            RemoteCustomer.account_id == account_id
        )
    ).all()
    ever = {remote_id for remote_id, _ in rows}
    present = {remote_id for remote_id, digest in rows if digest != VANISHED_FINGERPRINT}
    told = {record.remote_id: record.status for record in pages.records()}
    deleted = {key for key, status in told.items() if status is RemoteStatus.DELETED}
    newcomers = told.keys() - ever - deleted
    unreadable = pages.unreadable_count + _unreadable_before(session, account_id)
    return Known(
        before=len(present),
        newcomers=len(newcomers),
        present=len((present | told.keys()) - deleted),
        at_most=len(ever | told.keys()) + unreadable,
    )


def count_counted(session: Session, account_id: int) -> int:
    """Return Y: the customers that count by the rule, as last read."""
    return _count(session, account_id, RemoteCustomer.is_counted.is_(True))


def count_unsynced(session: Session, account_id: int) -> int:
    """Return X by the partial index that holds the unsynced only."""
    # Written out, not bound: a database picks a partial index by its literal condition.
    return _count(session, account_id, text("remote_customer.state = 'unsynced'"))


def count_unsynced_each(session: Session, account_ids: Collection[int]) -> dict[int, int]:
    """Return X of each account that has one, by the same index. One statement, or none."""
    if not account_ids:
        return {}
    rows = session.execute(
        select(RemoteCustomer.account_id, func.count())
        .where(
            RemoteCustomer.account_id.in_(account_ids), text("remote_customer.state = 'unsynced'")
        )
        .group_by(RemoteCustomer.account_id)
    )
    return {account_id: count for account_id, count in rows}


def count_new(session: Session, account_id: int, *, looked_reading_id: int) -> int:
    """Return how many of the unsynced were first read after a reading, by a partial index."""
    is_new = RemoteCustomer.first_reading_id > looked_reading_id
    return _count(session, account_id, text("remote_customer.state = 'unsynced'") & is_new)


def count_standings(
    session: Session, account_id: int, *, counted: int | None = None
) -> list[Standing]:
    """Count by state, status and kind; of the unsynced the sub-customers only, no vanished.

    `counted` is Y of the last whole reading, which counting_rule keeps true after it; with it a
    large list of linked customers is not walked. One statement.
    """
    statement = by_index(session, _STANDINGS, "ix_remote_customer_state")
    most = FEW if counted is not None and counted > FEW else 0
    rows = session.connection().execute(statement, {"account": account_id, "most": most}).all()
    unsynced = rows[0][-1] if rows else 0
    told = sum(row[4] or 0 for row in rows if row[1] and row[0] != RemoteState.UNSYNCED)
    # Who is counted is unsynced, linked or ignored.
    left = max((counted or 0) - unsynced - told, 0)
    return [
        Standing(
            RemoteState(state),
            bool(is_one),
            RemoteStatus(status),
            RemoteKind(kind),
            left if count is None else count,
        )
        for state, is_one, status, kind, count, _ in rows
        if count is not None or left
    ]


def count_at_least(
    session: Session, account_id: int, pages: ReadingPages, listed: Collection[str]
) -> int:
    """Count who is certainly unsynced among those listed by a reading that did not settle."""
    account = session.get_one(RemoteAccount, account_id)
    counted = (
        record.remote_id
        for record in pages.records()
        if record.remote_id in listed
        and is_counted(record, includes_sub_customers=account.includes_sub_customers)
    )
    return sum(
        len(remote_ids) - _count_decided(session, account_id, remote_ids)
        for remote_ids in in_batches(counted)
    )


def _count_decided(session: Session, account_id: int, remote_ids: list[str]) -> int:
    is_among = RemoteCustomer.remote_id.in_(remote_ids)
    return _count(session, account_id, is_among & RemoteCustomer.state.in_(DECIDED))


def _count(session: Session, account_id: int, condition: Any) -> int:
    query = select(func.count()).select_from(RemoteCustomer)
    return session.scalar(query.where(RemoteCustomer.account_id == account_id, condition)) or 0


def _unreadable_before(session: Session, account_id: int) -> int:
    found = session.scalar(
        select(Reading.unreadable_count)
        .where(Reading.account_id == account_id, Reading.state == ReadingState.FINISHED)
        .order_by(Reading.id.desc())
        .limit(1)
    )
    return found or 0
