"""A company that has as many of everything as a test asks for, written in a few statements."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import count
from types import SimpleNamespace
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from models import (
    AuditEvent,
    Bin,
    Connection,
    Customer,
    CustomerLink,
    DeliveryState,
    ImportRun,
    ImportState,
    ItemOutcome,
    MatchSuggestion,
    Reading,
    RemoteCustomer,
    RemoteState,
    RunKind,
    WhyUnsynced,
)
from models.base import new_public_id
from services.audit import AuditAction
from services.report_settings import MAX_RECIPIENTS
from tests.blueprints.importing import make_item, make_run
from tests.blueprints.report_rows import YESTERDAY, deliver
from tests.factories import (
    NOW,
    make_customer,
    make_link,
    make_reading,
    make_remote_customer,
    make_report_recipient,
    make_report_settings,
)
from tests.matching_factories import make_matched, make_suggestion

_numbers = count(1)
COUNTED = (
    AuditAction.IGNORED,
    AuditAction.RESTORED,
    AuditAction.CHOSEN,
    AuditAction.TAKEN_BACK,
    AuditAction.CUSTOMER_REMOVED,
)
LEFT_OUT: dict[str, Any] = {"state": RemoteState.LEFT_OUT, "is_counted": False}
ALONE: tuple[dict[str, Any], ...] = (
    {"balance_cents": 123_456_789, "currency": "USD"},
    {"email": None, "why": WhyUnsynced.FAILED},
    {"kept_revision": 0},
    {"state": RemoteState.IGNORED},
    LEFT_OUT | {"status": "archived"},
    LEFT_OUT | {"kind": "sub_customer"},
    LEFT_OUT | {"kind": "supplier"},
)


def fill_with(
    session: Session, people: SimpleNamespace, connection: Connection, *, number: int
) -> None:
    """Write `number` customers of every kind, here and there, and runs and mails about them."""
    make_matched(session, connection.account)
    reading = make_reading(
        session,
        connection,
        read_count=10 * number,
        counted_count=7 * number,
        unsynced_count=5 * number,
        unreadable_count=number,
        call_count=number,
    )
    connection.rechecks_daily, connection.recheck_call_budget = True, number
    for values in ALONE:
        _multiply(session, make_remote_customer(session, reading, **values), number)
    for tier in (Bin.SAME, Bin.MAYBE):
        _write_pairs(session, people, reading, number, tier=tier)
    _write_links(session, people, reading, number)
    _write_runs(session, connection, number)
    _write_report(session, people, number)
    _write_audit(session, people, number)


def _multiply(session: Session, row: Any, number: int, **changes: Callable[[int], Any]) -> None:
    """Write the row again until it stands there that often; its ids are new each time."""
    columns = {column.name: getattr(row, column.name) for column in row.__table__.columns}
    columns.pop("id", None)
    copies = []
    for _ in range(number - 1):
        serial = next(_numbers)
        fresh: dict[str, Any] = {name: make(serial) for name, make in changes.items()}
        if "public_id" in columns:
            fresh["public_id"] = new_public_id()
        if "remote_id" in columns:
            fresh["remote_id"] = f"more-{serial}"
        copies.append(columns | fresh)
    if copies:
        session.execute(insert(type(row)), copies)
        session.commit()


def _write_pairs(
    session: Session, people: SimpleNamespace, reading: Reading, number: int, *, tier: Bin
) -> None:
    """Write some who are the same as one here, or could be."""
    customer = make_customer(session, people.company, name=f"{tier} here")
    remote = make_remote_customer(session, reading, name=f"{tier} there", bin=tier)
    _multiply(session, remote, number)
    found = select(RemoteCustomer.id).where(RemoteCustomer.name == remote.name)
    first, *rest = session.scalars(found).all()
    shared = f"same_name shared_email:{number} shared_phone:{number}"
    values = {} if tier is Bin.SAME else {"tier": "possible", "reasons": shared}
    row = make_suggestion(session, session.get_one(RemoteCustomer, first), customer, **values)
    ids = iter(rest)
    _multiply(session, row, number, remote_customer_id=lambda _serial: next(ids))
    assert session.query(MatchSuggestion).count() >= number


def _write_links(session: Session, people: SimpleNamespace, reading: Reading, number: int) -> None:
    """Write some who are linked and differ; of the customers here, some have no e-mail."""
    customer = make_customer(session, people.company, name="Linked here")
    remote = make_remote_customer(session, reading, name="Linked there")
    link = make_link(session, remote, customer)
    link.differing = "phone"
    session.commit()
    _multiply(session, customer, number)
    _multiply(session, remote, number)
    _, *customers = session.scalars(select(Customer.id).where(Customer.name == customer.name))
    query = select(RemoteCustomer.remote_id).where(RemoteCustomer.name == remote.name)
    _, *remotes = session.scalars(query)
    columns = {"company_id": link.company_id, "account_id": link.account_id, "linked_at": NOW}
    rows = [
        columns | {"differing": "phone", "customer_id": customer_id, "remote_id": remote_id}
        for customer_id, remote_id in zip(customers, remotes, strict=True)
    ]
    if rows:
        session.execute(insert(CustomerLink), rows)
        session.commit()


def _write_runs(session: Session, connection: Connection, number: int) -> None:
    """Write an import that ended, its undo, and one that is running."""
    counts = dict.fromkeys(("created_count", "linked_count", "skipped_count", "failed_count"))
    counts = dict.fromkeys(counts, number)
    ended = make_run(session, connection, chosen_count=4 * number, call_count=number, **counts)
    outcomes = (
        ItemOutcome.CREATED,
        ItemOutcome.LINKED,
        ItemOutcome.SKIPPED,
        ItemOutcome.FAILED,
    )
    _write_items(session, ended, number, outcomes)
    undone = {"removed_count": number, "unlinked_count": number, "kept_count": number}
    undo = make_run(
        session,
        connection,
        kind=RunKind.UNDO,
        undoes_id=ended.id,
        chosen_count=3 * number,
        **undone,
    )
    _write_items(
        session, undo, number, (ItemOutcome.REMOVED, ItemOutcome.UNLINKED, ItemOutcome.KEPT)
    )
    running = {"state": ImportState.RUNNING, "finished_at": None}
    lease = {"lease_owner": "somebody", "lease_until_at": NOW + timedelta(minutes=1)}
    make_run(
        session, connection, chosen_count=5 * number, call_count=1, **counts, **running, **lease
    )


def _write_items(
    session: Session, run: ImportRun, number: int, outcomes: tuple[ItemOutcome, ...]
) -> None:
    remotes = list(session.scalars(select(RemoteCustomer.remote_id).limit(len(outcomes))))
    for outcome, remote_id in zip(outcomes, remotes, strict=True):
        item = make_item(session, run, remote_id, outcome, reason="It was there already.")
        _multiply(session, item, number)


def _write_report(session: Session, people: SimpleNamespace, number: int) -> None:
    """Write the sign-ups of yesterday, and what was mailed about them to that many."""
    make_report_settings(session, people.company)
    listed = {"created_at": YESTERDAY, "name": "Listed"}
    _multiply(session, make_customer(session, people.company, **listed), number)
    hidden = {"email": "hand-0000000000000000@placeholder.local", "is_placeholder_email": True}
    filtered = make_customer(session, people.company, **listed | hidden)
    _multiply(session, filtered, number)
    for state in (DeliveryState.SENT, DeliveryState.FAILED):
        for _ in range(min(number, MAX_RECIPIENTS // 2)):
            recipient = make_report_recipient(session, people.company)
            message_id = f"<{recipient.id}@example.com>"
            deliver(
                session, recipient, state=state, message_id=message_id, answer_text="It said no."
            )


def _write_audit(session: Session, people: SimpleNamespace, number: int) -> None:
    """Write one event of each kind whose detail is a count."""
    for action in COUNTED:
        values = {"user_id": people.ada.id, "at": NOW, "action": action, "subject": "customers"}
        session.add(AuditEvent(company_id=people.company.id, detail=str(number), **values))
    session.commit()
