"""The permission to read a remote account, and the readings made with it."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import (
    At,
    Base,
    CompanyId,
    OptionalAt,
    OptionalUserId,
    PublicId,
    RowId,
    closed_set,
)
from models.company import User


class ConnectionState(StrEnum):
    CONNECTED = "connected"
    RECONNECT_REQUIRED = "reconnect_required"
    DISCONNECTED = "disconnected"


class ReadingKind(StrEnum):
    FULL = "full"
    DELTA = "delta"


class ReadingState(StrEnum):
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"


class ReadingFailure(StrEnum):
    """Why a reading has no result; the page has one sentence for each."""

    RECONNECT_REQUIRED = "reconnect_required"
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"
    UNREADABLE = "unreadable"
    WRONG_CREDENTIALS = "wrong_credentials"
    INTERRUPTED = "interrupted"
    BROKEN = "broken"


class RemoteAccount(Base):
    """A company inside the accounting software. It outlives every connection to it."""

    __tablename__ = "remote_account"
    __table_args__ = (UniqueConstraint("company_id", "provider", "remote_account_id"),)

    id: Mapped[RowId]
    company_id: Mapped[CompanyId]
    provider: Mapped[str] = mapped_column(String(16))
    remote_account_id: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(500))
    includes_sub_customers: Mapped[bool] = mapped_column(default=False)


class Connection(Base):
    """One company's permission at one provider, with its tokens, encrypted.

    `token_version` and the lease keep two processes from spending one refresh token: whoever
    holds the lease may call, and a late write of a former holder meets another version.
    """

    __tablename__ = "connection"
    __table_args__ = (UniqueConstraint("company_id", "provider"),)

    id: Mapped[RowId]
    public_id: Mapped[PublicId]
    company_id: Mapped[CompanyId]
    provider: Mapped[str] = mapped_column(String(16))
    account_id: Mapped[int] = mapped_column(ForeignKey("remote_account.id"), index=True)
    state: Mapped[ConnectionState] = mapped_column(closed_set(ConnectionState))
    connected_at: Mapped[At]
    connected_by_id: Mapped[OptionalUserId]
    ended_at: Mapped[OptionalAt]

    access_token: Mapped[bytes | None]
    refresh_token: Mapped[bytes | None]
    previous_refresh_token: Mapped[bytes | None]
    access_expires_at: Mapped[OptionalAt]
    refresh_expires_at: Mapped[OptionalAt]
    scope: Mapped[str] = mapped_column(String(500), default="")
    token_version: Mapped[int] = mapped_column(default=0)
    lease_owner: Mapped[str | None] = mapped_column(String(64))
    lease_until_at: Mapped[OptionalAt]

    account: Mapped[RemoteAccount] = relationship()
    connected_by: Mapped[User | None] = relationship()


class ConsentRequest(Base):
    """A consent that was asked for and has not come back yet. Used once, within minutes."""

    __tablename__ = "consent_request"

    id: Mapped[RowId]
    state_hash: Mapped[str] = mapped_column(String(64), unique=True)
    company_id: Mapped[CompanyId]
    sign_in_id: Mapped[int] = mapped_column(ForeignKey("sign_in.id", ondelete="CASCADE"))
    provider: Mapped[str] = mapped_column(String(16))
    code_verifier: Mapped[bytes]
    allows_other_account: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[At]
    used_at: Mapped[OptionalAt]


class Reading(Base):
    """One attempt to read the customers of a remote account, whole or since a moment.

    `read_count` and `expected_count` are progress; `counted_count` and `unsynced_count` are the
    result as it was when the reading finished, and exist only then.
    """

    __tablename__ = "reading"
    __table_args__ = (
        Index(
            "uq_reading_running",
            "connection_id",
            unique=True,
            sqlite_where=text("state = 'running'"),
            postgresql_where=text("state = 'running'"),
        ),
        Index("ix_reading_account", "account_id", "state", "id"),
    )

    id: Mapped[RowId]
    public_id: Mapped[PublicId]
    company_id: Mapped[CompanyId]
    connection_id: Mapped[int] = mapped_column(ForeignKey("connection.id", ondelete="CASCADE"))
    account_id: Mapped[int] = mapped_column(ForeignKey("remote_account.id", ondelete="CASCADE"))
    kind: Mapped[ReadingKind] = mapped_column(closed_set(ReadingKind))
    state: Mapped[ReadingState] = mapped_column(closed_set(ReadingState))
    lease_owner: Mapped[str] = mapped_column(String(64))
    lease_until_at: Mapped[At]
    started_at: Mapped[At]
    finished_at: Mapped[OptionalAt]
    changed_since_at: Mapped[OptionalAt]
    cursor_at: Mapped[OptionalAt]
    read_count: Mapped[int] = mapped_column(default=0)
    expected_count: Mapped[int | None]
    call_count: Mapped[int] = mapped_column(default=0)
    counted_count: Mapped[int | None]
    unsynced_count: Mapped[int | None]
    failure: Mapped[ReadingFailure | None] = mapped_column(closed_set(ReadingFailure))
    failure_reference: Mapped[str] = mapped_column(String(100), default="")
    retry_at: Mapped[OptionalAt]
