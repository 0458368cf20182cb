"""Everything that is held about one customer, as a file for that person. Reads only.

The file is handed on, so it names nobody else: neither who of the company did something, nor
other customers who look alike.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from models import (
    AuditEvent,
    Customer,
    CustomerKey,
    CustomerLink,
    ImportItem,
    ImportRun,
    KeptCustomer,
    KeptRemote,
    MatchSuggestion,
    RemoteAccount,
    RemoteCustomer,
    ReviewChoice,
    ToldApart,
)
from services.audit_words import tell_event
from services.customer_events import HistoryEntry, list_history
from services.customer_remotes import Remotes, find_remotes
from services.customers import UnknownCustomer as UnknownCustomer
from services.customers import require_customer
from services.export_words import ABOUT, CUSTOMER, REMOTE, tell, tell_row
from services.local_days import find_zone
from services.matching.keeping import reasons_of
from services.matching.reasons import explain
from services.providers.contract import ProviderKey
from services.providers.registry import provider_profile
from services.review_rows import AnyRow
from services.sign_ins import SignedIn

#: A part of the file.
Part = dict[str, Any]


def export_customer(session: Session, who: SignedIn, public_id: str, *, now: datetime) -> str:
    """Return the file as JSON, some kilobytes; the same rows give the same text.

    Times are those of the company's zone. Raises UnknownCustomer.
    """
    customer = require_customer(session, who.company_id, public_id)
    zone = find_zone(who.zone)
    history = list_history(session, who.company_id, public_id)
    remotes = find_remotes(session, customer.id)
    parts: Part = {
        "about this file": {
            "what": "Everything BlueClerk holds about one customer",
            "held by": who.company_name,
            "made at": tell(now, zone),
            "zone": who.zone,
            **ABOUT,
        },
        "customer": tell_row(customer, CUSTOMER, zone),
        "history": [_entry(entry, zone) for entry in history],
        "links": _links(session, customer, zone),
        "read in the accounting software": _remotes(session, remotes, zone),
        "imports": _items(session, customer, remotes, zone),
        "decisions": _choices(session, customer, zone),
        "found to be alike": _suggestions(session, customer),
        "told apart": _told_apart(session, customer, zone),
        "prepared for comparing": _kept(session, customer),
        "record of actions": _actions(session, customer, zone),
    }
    return json.dumps(parts, ensure_ascii=False, indent=2) + "\n"


def _entry(entry: HistoryEntry, zone: ZoneInfo) -> Part:
    return {
        "at": tell(entry.at, zone),
        "what": entry.action.value,
        "came by": entry.origin.value if entry.origin else "",
        "accounting software": _software(entry.provider) if entry.provider else "",
        "import": entry.run.number if entry.run else None,
        "by a person": bool(entry.by_name),
        "changes": [
            {"field": _words(each.field), "before": each.before, "after": each.after}
            for each in entry.changes
        ],
    }


def _links(session: Session, customer: Customer, zone: ZoneInfo) -> list[Part]:
    rows = _rows(
        session,
        select(CustomerLink, RemoteAccount)
        .join(RemoteAccount, RemoteAccount.id == CustomerLink.account_id)
        .where(CustomerLink.customer_id == customer.id)
        .order_by(CustomerLink.id),
    )
    return [
        {
            "accounting software": _software(account.provider),
            "books": account.name,
            "number there": link.remote_id,
            "linked at": tell(link.linked_at, zone),
            "fields that differ": [_words(field) for field in link.differing.split()],
        }
        for link, account in rows
    ]


def _remotes(session: Session, remotes: Remotes, zone: ZoneInfo) -> list[Part]:
    row_ids = [row_id for found in remotes.values() for row_id in found]
    rows = _rows(
        session,
        select(RemoteCustomer, RemoteAccount, KeptRemote.cleaned)
        .join(RemoteAccount, RemoteAccount.id == RemoteCustomer.account_id)
        .outerjoin(KeptRemote, KeptRemote.remote_customer_id == RemoteCustomer.id)
        .where(RemoteCustomer.id.in_(row_ids))
        .order_by(RemoteCustomer.id),
    )
    return [
        {
            "accounting software": _software(account.provider),
            "books": account.name,
            **tell_row(remote, REMOTE, zone),
            "parts for comparing": json.loads(cleaned) if cleaned else None,
        }
        for remote, account, cleaned in rows
    ]


def _items(session: Session, customer: Customer, remotes: Remotes, zone: ZoneInfo) -> list[Part]:
    """Return the rows of imports and undos about the customer, or who it is in the books."""
    rows = _rows(
        session,
        select(ImportItem, ImportRun, RemoteAccount.provider)
        .join(ImportRun, ImportRun.id == ImportItem.run_id)
        .join(RemoteAccount, RemoteAccount.id == ImportRun.account_id)
        .where(
            ImportRun.company_id == customer.company_id,
            or_(ImportItem.customer_id == customer.id, *_are_about(remotes)),
        )
        .order_by(ImportItem.id),
    )
    return [
        {
            "accounting software": _software(provider),
            "kind": run.kind.value,
            "asked for at": tell(run.created_at, zone),
            "ended at": tell(run.finished_at, zone),
            "number there": item.remote_id,
            "planned": tell(item.planned, zone),
            "outcome": item.outcome.value,
            "reason": item.reason,
            "fields filled": [_words(field) for field in item.filled_fields.split()],
            "newer work at": tell(item.touched_at, zone),
        }
        for item, run, provider in rows
    ]


def _are_about(remotes: Remotes) -> Iterator[ColumnElement[bool]]:
    for account_id, found in remotes.items():
        yield and_(
            ImportRun.account_id == account_id, ImportItem.remote_id.in_(tuple(found.values()))
        )


def _choices(session: Session, customer: Customer, zone: ZoneInfo) -> list[Part]:
    rows = _rows(
        session,
        select(ReviewChoice, RemoteAccount.provider)
        .join(RemoteAccount, RemoteAccount.id == ReviewChoice.account_id)
        .where(ReviewChoice.customer_id == customer.id)
        .order_by(ReviewChoice.remote_customer_id),
    )
    return [
        {
            "accounting software": _software(provider),
            "decision": choice.outcome.value,
            "decided at": tell(choice.decided_at, zone),
        }
        for choice, provider in rows
    ]


def _suggestions(session: Session, customer: Customer) -> list[Part]:
    """Return that somebody there looks alike and why, not who: that may be another person."""
    rows = _rows(
        session,
        select(MatchSuggestion, RemoteAccount.provider)
        .join(RemoteAccount, RemoteAccount.id == MatchSuggestion.account_id)
        .where(MatchSuggestion.customer_id == customer.id)
        .order_by(MatchSuggestion.id),
    )
    return [
        {
            "accounting software": _software(provider),
            "how alike": found.tier,
            "score": found.score,
            "why": explain(reasons_of(found.reasons)),
        }
        for found, provider in rows
    ]


def _told_apart(session: Session, customer: Customer, zone: ZoneInfo) -> list[Part]:
    rows = _rows(
        session,
        select(ToldApart, RemoteAccount.provider)
        .join(RemoteAccount, RemoteAccount.id == ToldApart.account_id)
        .where(ToldApart.customer_id == customer.id)
        .order_by(ToldApart.id),
    )
    return [
        {"accounting software": _software(provider), "decided at": tell(pair.decided_at, zone)}
        for pair, provider in rows
    ]


def _kept(session: Session, customer: Customer) -> Part:
    cleaned = session.scalar(
        select(KeptCustomer.cleaned).where(KeptCustomer.customer_id == customer.id)
    )
    keys = session.scalar(
        select(func.count())
        .select_from(CustomerKey)
        .where(
            CustomerKey.company_id == customer.company_id, CustomerKey.customer_id == customer.id
        )
    )
    return {
        "parts": json.loads(cleaned) if cleaned else None,
        "numbers made of the parts": keys or 0,
    }


def _actions(session: Session, customer: Customer, zone: ZoneInfo) -> list[Part]:
    events = session.scalars(
        select(AuditEvent)
        .where(
            AuditEvent.company_id == customer.company_id, AuditEvent.subject == customer.public_id
        )
        .order_by(AuditEvent.at, AuditEvent.id)
    )
    told = ((each, tell_event(each.action, subject="", detail=each.detail)) for each in events)
    return [
        {"at": tell(each.at, zone), "what": words.what, "detail": words.detail}
        for each, words in told
    ]


def _rows(session: Session, query: Select[*tuple[Any, ...]]) -> Sequence[AnyRow]:
    return session.execute(query).all()


def _software(provider: str) -> str:
    return provider_profile(ProviderKey(provider)).short_name


def _words(field: str) -> str:
    return CUSTOMER.get(field, field)
