"""Forget what matching keeps of customers who are about to be removed, and see who is concerned.

The result is what matching the lists anew without them would give: SQLite uses row ids again, so
a key that stayed would bring a new customer together with those of a former one.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models import RemoteAccount, RemoteCustomer
from services.database import in_batches
from services.kept_lists import TableList
from services.kept_parties import COMPARE_AGAIN, OURS, THEIRS, row_ids
from services.kept_writing import write_kept
from services.match_lease import FAILED, FREE
from services.match_state import FEW_ROWS
from services.matching.keys import pair_limit
from services.matching.matcher import KeptParty, who_meet


def end_matching(session: Session, company_id: int, *, now: datetime) -> None:
    """Take the company's lease away from a matching under way, in the caller's transaction.

    It has read the lists with who is removed now, and would note everybody as compared. Call this
    before other rows are locked: a matching locks its lease first, too.
    """
    session.execute(
        update(RemoteAccount)
        .where(
            RemoteAccount.company_id == company_id,
            RemoteAccount.match_lease_until_at >= now,
            RemoteAccount.match_lease_owner.not_like(f"{FAILED}%"),
        )
        .values(match_lease_owner=FREE, match_lease_until_at=None)
        .execution_options(synchronize_session=False)
    )


def forget_kept(session: Session, company_id: int, customer_ids: Collection[int]) -> None:
    """Forget the customers, and have everybody compared again whom they met.

    In the caller's transaction, before the rows are removed; `end_matching` came first. Of some
    hundred at once every account of the company is matched anew instead.
    """
    parties = TableList(session, OURS, company_id).parties(customer_ids)
    accounts = _matched_accounts(session, company_id)
    if len(parties) > FEW_ROWS:
        _doubt(session, accounts)
    else:
        asked = list(parties.values())
        for account_id in accounts if asked else ():
            _mark_met(session, company_id, account_id, asked)
    write_kept(session, OURS, company_id, dict.fromkeys(customer_ids))


def _matched_accounts(session: Session, company_id: int) -> Sequence[int]:
    return session.scalars(
        select(RemoteAccount.id).where(
            RemoteAccount.company_id == company_id, RemoteAccount.matched_at.is_not(None)
        )
    ).all()


def _mark_met(
    session: Session, company_id: int, account_id: int, asked: Sequence[KeptParty]
) -> None:
    ours, theirs = TableList(session, OURS, company_id), TableList(session, THEIRS, account_id)
    if _is_crossing(ours, theirs, asked):
        _doubt(session, [account_id])
        return
    met, _ = who_meet(asked, ours, theirs)
    for batch in in_batches(sorted(row_ids(met))):
        session.execute(
            update(RemoteCustomer)
            .where(
                RemoteCustomer.id.in_(batch),
                RemoteCustomer.kept_revision == RemoteCustomer.revision,
            )
            .values(kept_revision=COMPARE_AGAIN)
            .execution_options(synchronize_session=False)
        )


def _is_crossing(ours: TableList, theirs: TableList, asked: Sequence[KeptParty]) -> bool:
    """Say whether a value that too many share until now is shared by few enough without these.

    Then others meet who never did, which is rare and more than can be followed one by one.
    """
    holders: dict[int, int] = {}
    for one in asked:
        for key in one.keys:
            holders[key] = holders.get(key, 0) + 1
    here, there = ours.count_by_key(holders), theirs.count_by_key(holders)
    return any(
        here.get(key, 0) * there.get(key, 0)
        > pair_limit(key)
        >= (here.get(key, 0) - count) * there.get(key, 0)
        for key, count in holders.items()
    )


def _doubt(session: Session, account_ids: Collection[int]) -> None:
    """From now on nobody relies on what was found before; the next matching is a whole one."""
    session.execute(
        update(RemoteAccount)
        .where(RemoteAccount.id.in_(account_ids))
        .values(matched_at=None)
        .execution_options(synchronize_session=False)
    )
