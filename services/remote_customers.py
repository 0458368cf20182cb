"""Store remote customers and keep their state true: unsynced, linked, ignored, gone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, and_, bindparam, case, or_, update
from sqlalchemy.orm import Session

from models import RemoteAccount, RemoteCustomer, RemoteState
from models.base import new_public_id
from services.customer_diff import missing
from services.driver_rows import insert_tuples
from services.ended_choices import end_choices, outdated_choices
from services.erased_remotes import update_erased
from services.linked_customers import read_values, update_linked
from services.merged_customers import follow_merges
from services.prepared_rows import PreparedDifference, Row, stored_customers
from services.providers.contract import RemoteKind, RemoteStatus
from services.reading_pages import ReadingPages
from services.remote_counts import DECIDED, VANISHED_FINGERPRINT

#: The columns of a remote customer that matching compares, as they come from the books.
COMPARED_FIELDS = (
    "name",
    "company_name",
    "person_name",
    "emails_text",
    "phone",
    "other_phones",
    "address",
)


def store_difference(
    session: Session,
    *,
    account_id: int,
    reading_id: int,
    prepared: PreparedDifference,
    now: datetime,
) -> None:
    """Write what a reading changed, in the caller's transaction, 500 rows at a time.

    Links and decisions are never touched: a decided row keeps its state whatever happens there.
    Of who was erased nothing is stored that says who it is.
    A choice that no import has carried out yet ends when it is about somebody else by now.
    What is empty in a linked customer is filled with what the books have gained, and where
    customers were merged the link follows.
    """
    account = session.get_one(RemoteAccount, account_id)
    for batch in prepared.batches():
        batch.settle(includes_sub_customers=account.includes_sub_customers)
        outdated = outdated_choices(session, account_id, batch)
        _insert_rows(session, account, batch.added, reading_id=reading_id)
        before = read_values(session, account_id, [str(row["remote_id"]) for row in batch.changed])
        _update_rows(session, account, batch.changed)
        _mark_vanished(session, account_id, batch.vanished)
        update_linked(session, account, batch.known_ids, before=before, now=now)
        end_choices(session, account_id, outdated)
    follow_merges(session, account, prepared.merges, now=now)


def set_sub_customers(session: Session, account: RemoteAccount, *, are_included: bool) -> None:
    """Include sub-customers in the count or leave them out, in the caller's transaction.

    Takes effect at once, without a reading; decisions stay.
    """
    account.includes_sub_customers = are_included
    state = RemoteState.UNSYNCED if are_included else RemoteState.LEFT_OUT
    session.execute(
        update(RemoteCustomer)
        .where(
            RemoteCustomer.account_id == account.id,
            RemoteCustomer.kind == RemoteKind.SUB_CUSTOMER.value,
            RemoteCustomer.status == RemoteStatus.ACTIVE.value,
            RemoteCustomer.fingerprint != VANISHED_FINGERPRINT,
        )
        .values(
            is_counted=are_included,
            state=case((RemoteCustomer.state.in_(DECIDED), RemoteCustomer.state), else_=state),
            # Who enters the list or leaves it is compared anew.
            revision=_raised_if(and_(_is_undecided(), RemoteCustomer.state != state)),
        )
        .execution_options(synchronize_session=False)
    )


def count_gone(session: Session, account_id: int, pages: ReadingPages) -> tuple[int, int]:
    """Return how many customers were there before, and how many of them a whole list misses."""
    known = stored_customers(session, account_id)
    return sum(not one.is_vanished for one in known.values()), len(missing(pages, known))


def _insert_rows(
    session: Session, account: RemoteAccount, rows: Sequence[Row], *, reading_id: int
) -> None:
    if not rows:
        return
    columns = tuple(rows[0])
    for row in rows:
        row["public_id"] = new_public_id()
        row["state"] = _undecided_state(row).value
    values = itemgetter("public_id", "state", *columns)
    insert_tuples(
        session,
        RemoteCustomer,
        ("public_id", "state", *columns),
        map(values, rows),
        same={
            "company_id": account.company_id,
            "account_id": account.id,
            "first_reading_id": reading_id,
        },
        converted=("remote_updated_at",),
    )


def _undecided_state(row: Row) -> RemoteState:
    return RemoteState.UNSYNCED if row["is_counted"] else RemoteState.LEFT_OUT


def _update_rows(session: Session, account: RemoteAccount, rows: Sequence[Row]) -> None:
    if not rows:
        return
    for row in rows:
        row["b_account_id"] = account.id
        row["b_remote_id"] = row["remote_id"]
        row["b_state"] = _undecided_state(row)
    new_state = bindparam("b_state", type_=RemoteCustomer.state.type)
    keep_decision = case((_is_undecided(), new_state), else_=RemoteCustomer.state)
    values: dict[str, BindParameter[Any]] = {
        name: bindparam(name) for name in rows[0] if not name.startswith("b_")
    }
    differs = [getattr(RemoteCustomer, name) != values[name] for name in COMPARED_FIELDS]
    differs.append(and_(_is_undecided(), RemoteCustomer.state != new_state))
    statement = (
        update(RemoteCustomer.__table__)  # type: ignore[arg-type]
        .where(
            RemoteCustomer.account_id == bindparam("b_account_id"),
            RemoteCustomer.remote_id == bindparam("b_remote_id"),
            # In the statement: an erasure may be committed while it waits for the row.
            RemoteCustomer.erased_at.is_(None),
        )
        .values(state=keep_decision, revision=_raised_if(or_(*differs)), **values)
    )
    session.connection().execute(statement, rows)
    update_erased(session, account.id, rows)


def _is_undecided() -> ColumnElement[bool]:
    # Not IN: its list is expanded per statement, which a batch of statements cannot do.
    return and_(*(RemoteCustomer.state != state for state in DECIDED))


def _raised_if(differs: ColumnElement[bool]) -> ColumnElement[int]:
    """Return the revision, raised where what matching compares changes; see docs/matching.md."""
    return case((differs, RemoteCustomer.revision + 1), else_=RemoteCustomer.revision)


def _mark_vanished(session: Session, account_id: int, remote_ids: Collection[str]) -> None:
    if not remote_ids:
        return
    session.execute(
        update(RemoteCustomer)
        .where(RemoteCustomer.account_id == account_id, RemoteCustomer.remote_id.in_(remote_ids))
        .values(
            is_counted=False,
            fingerprint=VANISHED_FINGERPRINT,
            revision=_raised_if(
                and_(_is_undecided(), RemoteCustomer.state != RemoteState.VANISHED)
            ),
            state=case(
                (RemoteCustomer.state.in_(DECIDED), RemoteCustomer.state),
                else_=RemoteState.VANISHED,
            ),
        )
        .execution_options(synchronize_session=False)
    )
