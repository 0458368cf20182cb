"""The permission to read a remote account, and the readings made with it."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, false, text
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
    new_public_id,
)
from models.company import User


class ConnectionState(StrEnum):
    CONNECTED = "connected"
    RECONNECT_REQUIRED = "reconnect_required"
    DISCONNECTED = "disconnected"


class ReconnectReason(StrEnum):
    """Why only a new consent helps; the page has one sentence for each."""

    ENDED = "ended"
    SCOPE_MISSING = "scope_missing"
    ACCOUNT_GONE = "account_gone"
    OTHER_INSTALLATION = "other_installation"


class ReadingOrigin(StrEnum):
    """What a reading was made for: somebody looked, or the daily re-check came round."""

    OPENED = "opened"
    RECHECK = "recheck"


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
    SCOPE_MISSING = "scope_missing"
    ACCOUNT_GONE = "account_gone"
    RATE_LIMITED = "rate_limited"
    DAILY_LIMIT = "daily_limit"
    UNAVAILABLE = "unavailable"
    UNSETTLED = "unsettled"
    FIELD_LOST = "field_lost"
    OTHER_ACCOUNT = "other_account"
    BUDGET_USED = "budget_used"
    UNREADABLE = "unreadable"
    WRONG_CREDENTIALS = "wrong_credentials"
    INTERRUPTED = "interrupted"
    BROKEN = "broken"


class RemoteAccount(Base):
    """A company inside the accounting software. It outlives every connection to it.

    The match lease is the right of one process to compare its customers with ours;
    `matched_at` is when that last ended. `cleaning_version` and `match_region` are those its
    kept parts were made with.
    """

    __tablename__ = "remote_account"
    __table_args__ = (UniqueConstraint("company_id", "provider", "remote_account_id"),)

    id: Mapped[RowId]
    company_id: Mapped[CompanyId]
    provider: Mapped[str] = mapped_column(String(16))
    remote_account_id: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(500))
    includes_sub_customers: Mapped[bool] = mapped_column(default=False)
    match_lease_owner: Mapped[str] = mapped_column(String(64), default="", server_default="")
    match_lease_until_at: Mapped[OptionalAt]
    matched_at: Mapped[OptionalAt]
    cleaning_version: Mapped[int] = mapped_column(default=0, server_default="0")
    match_region: Mapped[str] = mapped_column(String(2), default="", server_default="")


class Connection(Base):
    """One company's permission at one provider, with its tokens, encrypted.

    `token_version` and the lease keep two processes from spending one refresh token: whoever
    holds the lease may call, and a late write of a former holder meets another version; the
    refresh token it brought is kept as the spare. `installation` is the public address at which
    the permission was given: a copy of the database elsewhere must not spend the tokens.

    `reconnect_told_at` is the claim of whoever mails the admins that the permission ended: each
    ending is told once.

    `recheck_call_budget` is how many API calls the daily re-checks may make in a month.
    `looked_at` is when an admin last opened the alert after a whole reading, and
    `looked_reading_id` that reading: who was first read later is new since then.
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
    spare_refresh_token: Mapped[bytes | None]
    access_expires_at: Mapped[OptionalAt]
    refresh_expires_at: Mapped[OptionalAt]
    hard_expires_at: Mapped[OptionalAt]
    renewed_at: Mapped[OptionalAt]
    renewal_failed_at: Mapped[OptionalAt]
    scope: Mapped[str] = mapped_column(String(500), default="")
    token_version: Mapped[int] = mapped_column(default=0)
    lease_owner: Mapped[str | None] = mapped_column(String(64))
    lease_until_at: Mapped[OptionalAt]
    installation: Mapped[str] = mapped_column(String(200), default="", server_default="")
    reconnect_reason: Mapped[ReconnectReason | None] = mapped_column(closed_set(ReconnectReason))
    reconnect_told_at: Mapped[OptionalAt]

    quota_minute_left: Mapped[int | None]
    quota_day_left: Mapped[int | None]
    quota_at: Mapped[OptionalAt]
    clock_skew_s: Mapped[int | None]

    rechecks_daily: Mapped[bool] = mapped_column(default=False, server_default=false())
    recheck_call_budget: Mapped[int] = mapped_column(default=100, server_default="100")
    reports_new: Mapped[bool] = mapped_column(default=False, server_default=false())
    looked_at: Mapped[OptionalAt]
    looked_reading_id: Mapped[int] = mapped_column(default=0, server_default="0")

    account: Mapped[RemoteAccount] = relationship()
    connected_by: Mapped[User | None] = relationship()


class ConsentRequest(Base):
    """A consent that was asked for. Its answer counts once, within minutes.

    Where the answer covers several remote accounts, it keeps the tokens, sealed, and the accounts
    offered (JSON: id and name) until a person has chosen one.
    """

    __tablename__ = "consent_request"
    __table_args__ = (Index("uq_consent_request_public_id", "public_id", unique=True),)

    id: Mapped[RowId]
    state_hash: Mapped[str] = mapped_column(String(64), unique=True)
    company_id: Mapped[CompanyId]
    sign_in_id: Mapped[int] = mapped_column(ForeignKey("sign_in.id", ondelete="CASCADE"))
    provider: Mapped[str] = mapped_column(String(16))
    code_verifier: Mapped[bytes]
    allows_other_account: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[At]
    used_at: Mapped[OptionalAt]
    public_id: Mapped[str | None] = mapped_column(String(16), default=new_public_id)
    sealed_tokens: Mapped[bytes | None]
    offered_accounts: Mapped[str] = mapped_column(Text, default="", server_default="")


class Reading(Base):
    """One attempt to read the customers of a remote account, whole or since a moment.

    `read_count` and `expected_count` are progress; `counted_count` and `unsynced_count` are the
    result as it was when the reading finished, and exist only then. `unreadable_count` are rows
    of the provider without an id. A failed reading may know that `at_least_count` are unsynced,
    or the `lost_field` that vanished; `accepts_loss` says that an admin takes it as it comes.
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
    origin: Mapped[ReadingOrigin] = mapped_column(
        closed_set(ReadingOrigin),
        default=ReadingOrigin.OPENED,
        server_default=ReadingOrigin.OPENED.value,
    )
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
    call_limit: Mapped[int | None]
    unreadable_count: Mapped[int] = mapped_column(default=0, server_default="0")
    at_least_count: Mapped[int | None]
    lost_field: Mapped[str] = mapped_column(String(32), default="", server_default="")
    accepts_loss: Mapped[bool] = mapped_column(default=False, server_default=false())
    counted_count: Mapped[int | None]
    unsynced_count: Mapped[int | None]
    failure: Mapped[ReadingFailure | None] = mapped_column(closed_set(ReadingFailure))
    failure_reference: Mapped[str] = mapped_column(String(100), default="")
    retry_at: Mapped[OptionalAt]


class ProviderCall(Base):
    """One API call of the last minutes, so that all processes together keep to the limits.

    Kept per remote account, not per company: two companies may read the same one.
    """

    __tablename__ = "provider_call"
    __table_args__ = (Index("ix_provider_call_account", "provider", "remote_account_id"),)

    id: Mapped[RowId]
    provider: Mapped[str] = mapped_column(String(16))
    remote_account_id: Mapped[str] = mapped_column(String(64))
    begun_at: Mapped[At]
    until_at: Mapped[At]
    ended_at: Mapped[OptionalAt]
