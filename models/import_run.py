"""Import runs and their items: the row is the queue, the engine only carries a wake-up."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

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


class ImportState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"


class ItemOutcome(StrEnum):
    """Where a chosen customer ended; PENDING until its batch."""

    PENDING = "pending"
    CREATED = "created"
    LINKED = "linked"
    SKIPPED = "skipped"
    FAILED = "failed"


class ImportRun(Base):
    """One import of chosen remote customers; its items add up to the number chosen.

    `creates_maybes`: whoever asked for it wants those created, too, whom a person has not decided
    about.
    """

    __tablename__ = "import_run"
    __table_args__ = (
        Index(
            "uq_import_run_active",
            "account_id",
            unique=True,
            sqlite_where=text("state IN ('queued', 'running')"),
            postgresql_where=text("state IN ('queued', 'running')"),
        ),
    )

    id: Mapped[RowId]
    public_id: Mapped[PublicId]
    company_id: Mapped[CompanyId]
    account_id: Mapped[int] = mapped_column(ForeignKey("remote_account.id", ondelete="CASCADE"))
    requested_by_id: Mapped[OptionalUserId]
    state: Mapped[ImportState] = mapped_column(closed_set(ImportState))
    lease_owner: Mapped[str | None] = mapped_column(String(64))
    lease_until_at: Mapped[OptionalAt]
    created_at: Mapped[At]
    finished_at: Mapped[OptionalAt]
    attempts: Mapped[int] = mapped_column(default=0)
    chosen_count: Mapped[int]
    creates_maybes: Mapped[bool] = mapped_column(default=False, server_default=false())
    created_count: Mapped[int] = mapped_column(default=0)
    linked_count: Mapped[int] = mapped_column(default=0)
    skipped_count: Mapped[int] = mapped_column(default=0)
    failed_count: Mapped[int] = mapped_column(default=0)


class ImportItem(Base):
    """One chosen remote customer of one run, with its outcome and the reason for it.

    `filled_fields` names, separated by blanks, the empty fields that linking filled.
    """

    __tablename__ = "import_item"
    __table_args__ = (
        UniqueConstraint("run_id", "remote_id"),
        Index("ix_import_item_outcome", "run_id", "outcome", "remote_id"),
    )

    id: Mapped[RowId]
    run_id: Mapped[int] = mapped_column(ForeignKey("import_run.id", ondelete="CASCADE"))
    remote_id: Mapped[str] = mapped_column(String(64))
    outcome: Mapped[ItemOutcome] = mapped_column(closed_set(ItemOutcome))
    reason: Mapped[str] = mapped_column(String(200), default="")
    filled_fields: Mapped[str] = mapped_column(String(200), default="")
    customer_id: Mapped[int | None] = mapped_column(
        ForeignKey("customer.id", ondelete="SET NULL"), index=True
    )
