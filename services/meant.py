"""Whom a decision means: the named or everybody who matches, as the person saw them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import RemoteCustomer, RemoteState
from services.database import in_batches
from services.reading_queue import last_whole_id
from services.remote_lists import review_conditions
from services.review_query import Meant, ReviewQuery
from services.sign_ins import SignedIn


class NothingSelected(Exception):
    """No customer was named."""


class UnknownRemoteCustomer(Exception):
    """None of the ids is a remote customer of this company."""


class ListChanged(Exception):
    """A newer reading has replaced the list that the person saw, or others match it now."""


@dataclass(frozen=True, slots=True)
class MeantRow:
    """One row that may be decided about; `seen` is the token it was shown with, "" if none."""

    id: int
    seen: str = ""


@dataclass(frozen=True, slots=True)
class MeantRows:
    """Who is left to decide about, and how many are not.

    `changed` counts those who are not any more what the person saw, `passed` those in another
    state.
    """

    rows: tuple[MeantRow, ...]
    changed: int = 0
    passed: int = 0

    @property
    def ids(self) -> list[int]:
        return [row.id for row in self.rows]


def resolve_meant(
    session: Session,
    who: SignedIn,
    account_id: int,
    meant: Meant,
    *,
    states: Collection[RemoteState],
) -> MeantRows:
    """Return the rows meant that are in one of the states, locked where the database has locks.

    Raises NothingSelected, UnknownRemoteCustomer, and ListChanged where the filter was meant and
    a newer reading or another number matches it.
    """
    if meant.matching is not None:
        return _matching(session, who, account_id, meant, meant.matching, states=states)
    if not meant.public_ids:
        raise NothingSelected
    found = _named(session, who, account_id, meant.public_ids)
    if not found:
        raise UnknownRemoteCustomer
    there = [remote for remote in found if remote.state in states]
    rows = [
        MeantRow(remote.id, meant.seen.get(remote.public_id, ""))
        for remote in there
        if is_as_seen(meant.seen.get(remote.public_id, ""), remote.revision)
    ]
    return MeantRows(tuple(rows), changed=len(there) - len(rows), passed=len(found) - len(there))


def check_list(session: Session, account_id: int, meant: Meant, *, matches: int) -> None:
    """Raise ListChanged unless the list is the one that the person saw; count None is any."""
    if meant.reading != last_whole_id(session, account_id):
        raise ListChanged
    if meant.count is not None and meant.count != matches:
        raise ListChanged


def is_as_seen(seen: str, revision: int, customer_revision: int | None = None) -> bool:
    """Say whether a row, or a pair, is still what the token stands for; no token checks nothing.

    A token is "<revision>" of the remote customer, for a pair followed by ".<revision>" of the
    other one, and with one of ours by ".<public id>" of it.
    """
    of_remote, of_customer, _ = _parts(seen)
    if of_remote and of_remote != str(revision):
        return False
    return not of_customer or customer_revision is None or of_customer == str(customer_revision)


def seen_customer(seen: str) -> str:
    """Return the public id of our customer whom the person saw beside the row, "" if nobody."""
    return _parts(seen)[2]


def _parts(seen: str) -> tuple[str, str, str]:
    of_remote, of_customer, customer = [*seen.split(".", 2), "", ""][:3]
    return of_remote, of_customer, customer


def _named(
    session: Session, who: SignedIn, account_id: int, public_ids: Iterable[str]
) -> list[RemoteCustomer]:
    found: list[RemoteCustomer] = []
    for batch in in_batches(sorted(set(public_ids))):
        found.extend(
            session.scalars(
                select(RemoteCustomer)
                .where(
                    RemoteCustomer.company_id == who.company_id,
                    RemoteCustomer.account_id == account_id,
                    RemoteCustomer.public_id.in_(batch),
                )
                .order_by(RemoteCustomer.id)
                .with_for_update()
                .execution_options(populate_existing=True)
            )
        )
    return found


def _matching(
    session: Session,
    who: SignedIn,
    account_id: int,
    meant: Meant,
    query: ReviewQuery,
    *,
    states: Collection[RemoteState],
) -> MeantRows:
    found = session.execute(
        select(RemoteCustomer.id, RemoteCustomer.state)
        .where(
            *review_conditions(account_id, query),
            RemoteCustomer.company_id == who.company_id,
        )
        .order_by(RemoteCustomer.id)
        .with_for_update()
    ).all()
    check_list(session, account_id, meant, matches=len(found))
    rows = tuple(MeantRow(row_id) for row_id, state in found if state in states)
    return MeantRows(rows, passed=len(found) - len(rows))
