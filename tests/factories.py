"""Rows for tests: make_…(session, **overrides); a test writes only the values it is about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from models import (
    Bin,
    Company,
    Connection,
    ConnectionState,
    Customer,
    CustomerLink,
    CustomerOrigin,
    EmptyDay,
    Reading,
    ReadingKind,
    ReadingState,
    RemoteAccount,
    RemoteCustomer,
    RemoteState,
    ReportRecipient,
    ReportSettings,
    Role,
    SignIn,
    User,
)
from models.base import new_public_id
from services.heartbeat import TICK, note_beat
from services.providers.contract import CustomerRecord, TokenSet
from services.schema import newest_schema
from services.sign_ins import SignedIn
from services.text_keys import search_text, sort_key
from services.token_lease import seal_tokens
from services.token_vault import TokenVault

NOW = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)
_numbers = count(1)


def make_company(session: Session, **overrides: Any) -> Company:
    number = next(_numbers)
    values = {
        "slug": f"company-{number}",
        "name": f"Company {number}",
        "zone": "America/New_York",
        "created_at": NOW,
    }
    return _add(session, Company(**values | overrides))


def make_user(session: Session, company: Company, **overrides: Any) -> User:
    number = next(_numbers)
    values = {
        "company_id": company.id,
        "email": f"user-{number}@example.com",
        "name": f"User {number}",
        "role": Role.ADMIN,
        "password_hash": "no password fits",
        "created_at": NOW,
    }
    return _add(session, User(**values | overrides))


def make_signed_in(session: Session, user: User, **overrides: Any) -> SignedIn:
    number = next(_numbers)
    row = _add(
        session,
        SignIn(
            token_hash=f"{number:064}",
            user_id=user.id,
            created_at=NOW,
            last_seen_at=NOW,
            password_checked_at=NOW,
        ),
    )
    company = session.get_one(Company, user.company_id)
    values = {
        "sign_in_id": row.id,
        "user_id": user.id,
        "name": user.name,
        "email": user.email,
        "role": user.role,
        "company_id": company.id,
        "company_name": company.name,
        "company_slug": company.slug,
        "zone": company.zone,
        "last_seen_at": NOW,
        "password_checked_at": NOW,
    }
    return SignedIn(**values | overrides)


def make_account(session: Session, company: Company, **overrides: Any) -> RemoteAccount:
    values = {
        "company_id": company.id,
        "provider": "quickbooks",
        "remote_account_id": f"93414500000{next(_numbers):05}",
        "name": "Harbor Heating & Air LLC",
    }
    return _add(session, RemoteAccount(**values | overrides))


def make_tokens(**overrides: Any) -> TokenSet:
    number = next(_numbers)
    values = {
        "access_token": f"access-{number}",
        "refresh_token": f"refresh-{number}",
        "access_expires_at": NOW + timedelta(hours=1),
    }
    return TokenSet(**values | overrides)


def make_connection(
    session: Session,
    account: RemoteAccount,
    *,
    vault: TokenVault | None = None,
    tokens: TokenSet | None = None,
    **overrides: Any,
) -> Connection:
    """A connection; with a vault it holds sealed tokens."""
    values = {
        "public_id": new_public_id(),
        "company_id": account.company_id,
        "provider": account.provider,
        "account_id": account.id,
        "state": ConnectionState.CONNECTED,
        "connected_at": NOW - timedelta(days=30),
    }
    connection = Connection(**values | overrides)
    if vault is not None:
        for column, value in seal_tokens(vault, connection, tokens or make_tokens()).items():
            setattr(connection, column, value)
    return _add(session, connection)


def make_reading(session: Session, connection: Connection, **overrides: Any) -> Reading:
    """A finished whole reading of five minutes ago."""
    values = {
        "company_id": connection.company_id,
        "connection_id": connection.id,
        "account_id": connection.account_id,
        "kind": ReadingKind.FULL,
        "state": ReadingState.FINISHED,
        "lease_owner": "somebody",
        "lease_until_at": NOW,
        "started_at": NOW - timedelta(minutes=6),
        "finished_at": NOW - timedelta(minutes=5),
        "cursor_at": NOW - timedelta(days=1),
        "counted_count": 0,
        "unsynced_count": 0,
    }
    return _add(session, Reading(**values | overrides))


def make_record(**overrides: Any) -> CustomerRecord:
    number = next(_numbers)
    values = {
        "remote_id": str(number),
        "name": f"Customer {number}",
        "emails_text": f"customer-{number}@example.com",
    }
    return CustomerRecord(**values | overrides)


def make_remote_customer(session: Session, reading: Reading, **overrides: Any) -> RemoteCustomer:
    """One that was compared with everybody here and is like nobody: New, so an import creates it.

    `kept_revision=0` makes one that waits for its comparison.
    """
    number = next(_numbers)
    name = overrides.get("name", f"Customer {number}")
    email = overrides.get("email", f"customer-{number}@example.com")
    values = {
        "company_id": reading.company_id,
        "account_id": reading.account_id,
        "remote_id": str(number),
        "state": RemoteState.UNSYNCED,
        "is_counted": True,
        "fingerprint": f"{number:032}",
        "name": name,
        "sort_key": sort_key(name),
        "email": email,
        "email_key": email.lower() if email else None,
        "has_email": email is not None,
        "status": "active",
        "kind": "customer",
        "first_reading_id": reading.id,
        "revision": 1,
        "kept_revision": 1,
        "bin": Bin.NEW,
        "search_text": search_text(
            name,
            overrides.get("company_name"),
            overrides.get("person_name"),
            email,
            phone=overrides.get("phone", ""),
        ),
    }
    if overrides.get("kept_revision") == 0:
        values["bin"] = Bin.WAITING
    return _add(session, RemoteCustomer(**values | overrides))


def make_customer(session: Session, company: Company, **overrides: Any) -> Customer:
    """One that was compared with the remote customers already; `kept_revision=0` was not."""
    number = next(_numbers)
    email = overrides.get("email", f"customer-{number}@example.com")
    name = overrides.get("name", f"Customer {number}")
    values = {
        "company_id": company.id,
        "name": name,
        "sort_key": sort_key(name),
        "email": email,
        "email_key": email.casefold(),
        "origin": CustomerOrigin.HAND,
        "created_at": NOW,
        "revision": 1,
        "kept_revision": 1,
    }
    return _add(session, Customer(**values | overrides))


def make_report_settings(session: Session, company: Company, **overrides: Any) -> ReportSettings:
    """A report that is on since ten days ago."""
    values = {
        "company_id": company.id,
        "is_on": True,
        "local_hour": 7,
        "on_empty_day": EmptyDay.SKIP,
        "reported_from_at": NOW - timedelta(days=10),
    }
    return _add(session, ReportSettings(**values | overrides))


def make_report_recipient(session: Session, company: Company, **overrides: Any) -> ReportRecipient:
    """One that is mailed every day, as it confirmed."""
    address = overrides.get("address", f"recipient-{next(_numbers)}@example.com")
    values = {
        "company_id": company.id,
        "address": address,
        "address_key": address.lower(),
        "reported_from_at": NOW - timedelta(days=10),
        "confirmed_at": NOW - timedelta(days=10),
    }
    return _add(session, ReportRecipient(**values | overrides))


def make_link(session: Session, remote: RemoteCustomer, customer: Customer) -> CustomerLink:
    remote.state = RemoteState.LINKED
    link = CustomerLink(
        company_id=remote.company_id,
        account_id=remote.account_id,
        remote_id=remote.remote_id,
        customer_id=customer.id,
        linked_at=NOW,
    )
    return _add(session, link)


def make_working_server(session: Session) -> None:
    """The tables of this release, and a clock that has just beaten."""
    session.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
    session.execute(text("INSERT INTO alembic_version VALUES (:new)"), {"new": newest_schema()})
    note_beat(session, name=TICK, now=NOW)


def _add(session: Session, row: Any) -> Any:
    session.add(row)
    session.commit()
    return row
