"""What stays of a remote customer whose customer was erased: its id, and how it stands there.

The row must stay: without it the next reading would list the person as somebody new.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import bindparam, case, delete, or_, select, update
from sqlalchemy.orm import Session

from models import (
    LookAlike,
    MatchSuggestion,
    RemoteCustomer,
    RemoteState,
    ReviewChoice,
    ToldApart,
    WhyUnsynced,
)
from services.bins import refresh_bins
from services.kept_parties import THEIRS
from services.kept_writing import write_kept
from services.remote_counts import VANISHED_FINGERPRINT
from services.text_keys import search_text, sort_key

#: Stands wherever a name would: in receipts, in the list of the ignored, in files.
ERASED_NAME = "Erased customer"
ERASED_REASON = "erased for good"
#: The digest of no record. A real one would say whether a guess at the person is right.
ERASED_FINGERPRINT = "erased"
#: What a reading writes of an erased one: what Y and a merger are told by.
STANDING_COLUMNS = ("is_counted", "status", "kind", "parent_remote_id", "merged_into_remote_id")
_BLANK: Mapping[str, Any] = MappingProxyType(
    {
        "name": ERASED_NAME,
        "sort_key": sort_key(ERASED_NAME),
        "search_text": search_text(ERASED_NAME),
        "company_name": "",
        "person_name": "",
        "email": None,
        "email_key": None,
        "has_email": False,
        "emails_text": "",
        "phone": "",
        "other_phones": "",
        "address": "",
        "other_addresses": "",
        "balance_cents": 0,
        "currency": "",
        "remote_updated_at": None,
        "why_text": "",
    }
)


def erase_remotes(
    session: Session,
    account_id: int,
    remotes: Mapping[int, str],
    *,
    user_id: int,
    now: datetime,
) -> None:
    """Forget who these are (row id: remote id) and ignore them, in the caller's transaction.

    The caller has locked them and has called `end_matching` before.
    """
    write_kept(session, THEIRS, account_id, dict.fromkeys(remotes))
    alike, customer_ids = _forget_found(session, account_id, remotes)
    is_gone = RemoteCustomer.fingerprint == VANISHED_FINGERPRINT
    session.execute(
        update(RemoteCustomer)
        .where(RemoteCustomer.id.in_(remotes))
        .values(
            **_BLANK,
            state=RemoteState.IGNORED,
            fingerprint=case((is_gone, VANISHED_FINGERPRINT), else_=ERASED_FINGERPRINT),
            decided_by_id=user_id,
            decided_at=now,
            decision_batch=None,
            ignore_reason=ERASED_REASON,
            why=WhyUnsynced.REMOVED_HERE,
            why_at=now,
            erased_at=now,
            revision=RemoteCustomer.revision + 1,
        )
        .execution_options(synchronize_session=False)
    )
    refresh_bins(session, account_id, alike, customer_ids=customer_ids)


def update_erased(session: Session, account_id: int, rows: Sequence[Mapping[str, object]]) -> None:
    """Note how those of the rows that were erased stand in the books now, and nothing else.

    In the caller's transaction, after everybody else was written: who is erased now was passed
    over then.
    """
    erased = set(
        session.scalars(
            select(RemoteCustomer.remote_id).where(
                RemoteCustomer.account_id == account_id,
                RemoteCustomer.remote_id.in_([row["remote_id"] for row in rows]),
                RemoteCustomer.erased_at.is_not(None),
            )
        )
    )
    values = [
        {f"b_{name}": row[name] for name in ("remote_id", *STANDING_COLUMNS)}
        for row in rows
        if row["remote_id"] in erased
    ]
    if not values:
        return
    table: Any = RemoteCustomer.__table__
    statement = (
        update(table)
        .where(table.c.account_id == account_id, table.c.remote_id == bindparam("b_remote_id"))
        .values(
            fingerprint=ERASED_FINGERPRINT,
            **{name: bindparam(f"b_{name}") for name in STANDING_COLUMNS},
        )
    )
    session.connection().execute(statement, values)


def _forget_found(
    session: Session, account_id: int, remotes: Mapping[int, str]
) -> tuple[set[int], set[int]]:
    """Forget what was found and decided about them; return whose bin may change by it.

    Those are rows that looked like them, and customers whom they could have been.
    """
    alike = set(
        session.scalars(select(LookAlike.other_id).where(LookAlike.remote_customer_id.in_(remotes)))
    )
    customer_ids = set(
        session.scalars(
            select(MatchSuggestion.customer_id).where(
                MatchSuggestion.remote_customer_id.in_(remotes)
            )
        )
    )
    _delete(session, LookAlike.remote_customer_id, remotes)
    _delete(session, LookAlike.other_id, remotes)
    _delete(session, MatchSuggestion.remote_customer_id, remotes)
    _delete(session, ReviewChoice.remote_customer_id, remotes)
    remote_ids = tuple(remotes.values())
    session.execute(
        delete(ToldApart)
        .where(
            ToldApart.account_id == account_id,
            or_(
                ToldApart.remote_id.in_(remote_ids),
                ToldApart.other_remote_id.in_(remote_ids),
            ),
        )
        .execution_options(synchronize_session=False)
    )
    return alike - set(remotes), customer_ids


def _delete(session: Session, column: Any, row_ids: Collection[int]) -> None:
    session.execute(
        delete(column.class_)
        .where(column.in_(row_ids))
        .execution_options(synchronize_session=False)
    )
