"""Who did what, and when, as a page and a file show it. Reads only.

Pages go back in time by key: a moment, and how many of that very moment were shown already, so
that no number of a row stands in an address.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, Select, func, select, union_all
from sqlalchemy.orm import Session

from models import AuditEvent, Customer, ImportRun, RemoteAccount, User
from services.audit_words import (
    KINDS,
    AuditKind,
    AuditWords,
    actions_of,
    is_about_customer,
    is_about_run,
    is_about_user,
    tell_event,
    tell_who,
)
from services.customer_csv import BYTE_ORDER_MARK, csv_line
from services.database import in_batches, only_reading
from services.providers.contract import ProviderKey
from services.runtime import Runtime

PAGE_ROWS = 50
#: Read at once for a file.
FILE_ROWS = 500
HEADINGS = ("When", "When (UTC)", "Who", "Kind", "What", "Detail")

_KEY = re.compile(r"(\d{1,17})-(\d{1,9})")
_START = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
AnyRow = Row[*tuple[Any, ...]]
AnySelect = Select[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class RunLink:
    """Where the import or the undo stands that an event is about."""

    provider: ProviderKey
    public_id: str


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One event in words. `customer_public_id` is "" unless it is about one who is still here.

    `user_name` is the user it is about, "" where it is about none.
    """

    at: datetime
    who: str
    is_user: bool
    kind: AuditKind
    words: AuditWords
    run: RunLink | None = None
    customer_public_id: str = ""
    user_name: str = ""


@dataclass(frozen=True, slots=True)
class AuditPage:
    """One page, newest first. `next_after` continues it, None at the end."""

    entries: tuple[AuditEntry, ...]
    next_after: str | None


@dataclass(frozen=True, slots=True)
class _Start:
    """Behind `passed` events of the moment `at`, backwards."""

    at: datetime
    passed: int


def list_audit(
    session: Session,
    company_id: int,
    *,
    kind: AuditKind = AuditKind.ALL,
    after: str | None = None,
    page_rows: int = PAGE_ROWS,
) -> AuditPage:
    """Return one page of what happened, newest first. At most four statements.

    With an `after` that is none the first page.
    """
    start = _read_key(after)
    rows = session.execute(_events(company_id, kind, start, page_rows + 1)).all()
    shown = rows[:page_rows]
    has_more = len(rows) > page_rows
    return AuditPage(
        tuple(_entries(session, company_id, shown)), _key(shown, start) if has_more else None
    )


def count_audit(session: Session, company_id: int) -> Mapping[AuditKind, int]:
    """Count the events of each kind. One statement inside an index."""
    counts: Counter[AuditKind] = Counter()
    rows = session.execute(
        select(AuditEvent.action, func.count())
        .where(AuditEvent.company_id == company_id)
        .group_by(AuditEvent.action)
    )
    for action, count in rows:
        counts[AuditKind.ALL] += count
        kind = _kind(action)
        if kind is not AuditKind.ALL:
            counts[kind] += count
    return counts


def stream_audit_csv(
    runtime: Runtime, company_id: int, *, zone: ZoneInfo, kind: AuditKind = AuditKind.ALL
) -> Iterator[str]:
    """Yield everything of a kind as a file, in pieces; opens and ends its own session.

    For an answer that is still being sent when its request has ended.
    """
    with runtime.sessions() as session:
        with only_reading():
            session.connection()
        entries = _each_entry(session, company_id, kind)
        for lines in in_batches(audit_csv_lines(entries, zone=zone)):
            yield "".join(lines)


def audit_csv_lines(entries: Iterable[AuditEntry], *, zone: ZoneInfo) -> Iterator[str]:
    """Yield the file line by line, with times in the company's zone and in UTC."""
    yield BYTE_ORDER_MARK + csv_line(HEADINGS)
    for entry in entries:
        moments = (entry.at.astimezone(each) for each in (zone, UTC))
        yield csv_line(
            (
                *(f"{moment:%Y-%m-%d %H:%M:%S}" for moment in moments),
                entry.who,
                "" if entry.kind is AuditKind.ALL else entry.kind.value,
                entry.words.what,
                ", ".join(filter(None, (entry.user_name, entry.words.detail))),
            )
        )


def _each_entry(session: Session, company_id: int, kind: AuditKind) -> Iterator[AuditEntry]:
    after = None
    while True:
        page = list_audit(session, company_id, kind=kind, after=after, page_rows=FILE_ROWS)
        yield from page.entries
        after = page.next_after
        if after is None:
            return


def _events(company_id: int, kind: AuditKind, start: _Start | None, limit: int) -> AnySelect:
    """Return the statement of a page: of a kind one index range for each of its actions."""
    passed = start.passed if start else 0
    one = select(AuditEvent.id, AuditEvent.at).where(AuditEvent.company_id == company_id)
    if start is not None:
        one = one.where(AuditEvent.at <= start.at)
    newest_first = (AuditEvent.at.desc(), AuditEvent.id.desc())
    one = one.order_by(*newest_first).limit(limit + passed)
    if kind is not AuditKind.ALL:
        parts = [
            select(one.where(AuditEvent.action == action.value).subquery())
            for action in actions_of(kind)
        ]
        every = union_all(*parts).subquery()
        one = select(every.c.id, every.c.at).order_by(every.c.at.desc(), every.c.id.desc())
        one = one.limit(limit + passed)
    wanted = one.offset(passed).limit(limit).subquery()
    return (
        select(AuditEvent, User.name)
        .join(wanted, wanted.c.id == AuditEvent.id)
        .outerjoin(User, User.id == AuditEvent.user_id)
        .order_by(*newest_first)
    )


def _entries(session: Session, company_id: int, rows: Sequence[AnyRow]) -> Iterator[AuditEntry]:
    subjects = {event.subject for event, _ in rows if is_about_run(event.action)}
    runs = _runs(session, company_id, subjects)
    subjects = {event.subject for event, _ in rows if is_about_customer(event.action)}
    customers = _customers(session, company_id, subjects)
    subjects = {event.subject for event, _ in rows if is_about_user(event.action)}
    users = _users(session, company_id, subjects)
    for event, user_name in rows:
        is_here = is_about_customer(event.action) and event.subject in customers
        yield AuditEntry(
            at=event.at,
            who=tell_who(event.action, user_name),
            is_user=user_name is not None,
            kind=_kind(event.action),
            words=tell_event(event.action, subject=event.subject, detail=event.detail),
            run=runs.get(event.subject) if is_about_run(event.action) else None,
            customer_public_id=event.subject if is_here else "",
            user_name=users.get(event.subject, "") if is_about_user(event.action) else "",
        )


def _runs(session: Session, company_id: int, public_ids: set[str]) -> Mapping[str, RunLink]:
    if not public_ids:
        return {}
    rows = session.execute(
        select(ImportRun.public_id, RemoteAccount.provider)
        .join(RemoteAccount, RemoteAccount.id == ImportRun.account_id)
        .where(ImportRun.company_id == company_id, ImportRun.public_id.in_(public_ids))
    )
    return {public_id: RunLink(ProviderKey(provider), public_id) for public_id, provider in rows}


def _customers(session: Session, company_id: int, public_ids: set[str]) -> set[str]:
    if not public_ids:
        return set()
    query = select(Customer.public_id).where(
        Customer.company_id == company_id, Customer.public_id.in_(public_ids)
    )
    return set(session.scalars(query))


def _users(session: Session, company_id: int, public_ids: set[str]) -> Mapping[str, str]:
    if not public_ids:
        return {}
    rows = session.execute(
        select(User.public_id, User.name).where(
            User.company_id == company_id, User.public_id.in_(public_ids)
        )
    )
    return {public_id: name for public_id, name in rows}


def _kind(action: str) -> AuditKind:
    """Return the kind of an action, ALL for one of another release."""
    return next((kind for known, kind in KINDS.items() if known == action), AuditKind.ALL)


def _key(shown: Sequence[AnyRow], start: _Start | None) -> str:
    last_at = shown[-1][0].at
    passed = sum(event.at == last_at for event, _ in shown)
    if start is not None and start.at == last_at:
        passed += start.passed
    return f"{(last_at - _START) // _MICROSECOND}-{passed}"


def _read_key(after: str | None) -> _Start | None:
    found = _KEY.fullmatch(after or "")
    if found is None:
        return None
    try:
        return _Start(_START + int(found[1]) * _MICROSECOND, int(found[2]))
    except OverflowError:
        return None
