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
from models.connection import ReadingFailure


class RunKind(StrEnum):
    """What a run does: bring customers here, or take an earlier import back."""

    IMPORT = "import"
    UNDO = "undo"


class ImportState(StrEnum):
    """How a run stands. PAUSED goes on by itself; STOPPED and FINISHED have ended."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    FINISHED = "finished"


class PauseReason(StrEnum):
    """Why a run waits. CHECK: the accounting software could not be checked before it began."""

    CHECK = "check"
    PERMISSION = "permission"
    DISK = "disk"


class PlannedOutcome(StrEnum):
    """What was said to a person about an item before the run began.

    ASK: left to a person. WAIT: not compared with the customers here yet, so anything safe.
    """

    CREATE = "create"
    LINK = "link"
    ASK = "ask"
    WAIT = "wait"


class ItemOutcome(StrEnum):
    """Where an item ended; PENDING until its batch. The last three are those of an undo."""

    PENDING = "pending"
    CREATED = "created"
    LINKED = "linked"
    SKIPPED = "skipped"
    FAILED = "failed"
    REMOVED = "removed"
    UNLINKED = "unlinked"
    KEPT = "kept"


_IS_RUNNING = text("state = 'running'")
_IS_ACTIVE = text("state IN ('queued', 'running', 'paused')")


class ImportRun(Base):
    """One import of chosen remote customers, or its undo; its items add up to the number chosen.

    The runs of an account follow each other by id; one runs at a time. `creates_maybes`: whoever
    asked for it wants those created, too, whom a person has not decided about. `undoes_id` is the
    import that an undo takes back, `continues_id` the one whose failed or stopped items this one
    tries again. `began_at` is the first batch; before it the accounting software is checked, with
    `call_count` calls. `attempts` is how often it was taken up, since it began if it has.
    `wants_stop`: a person asked the process that runs it to stop. While it is paused,
    `paused_until_at` is the next try and `pause_failure` how the check ended.
    """

    __tablename__ = "import_run"
    __table_args__ = (
        Index(
            "uq_import_run_running",
            "account_id",
            unique=True,
            sqlite_where=_IS_RUNNING,
            postgresql_where=_IS_RUNNING,
        ),
        Index(
            "ix_import_run_active",
            "account_id",
            "id",
            sqlite_where=_IS_ACTIVE,
            postgresql_where=_IS_ACTIVE,
        ),
        Index("ix_import_run_undoes_id", "undoes_id"),
    )

    id: Mapped[RowId]
    public_id: Mapped[PublicId]
    company_id: Mapped[CompanyId]
    account_id: Mapped[int] = mapped_column(ForeignKey("remote_account.id", ondelete="CASCADE"))
    requested_by_id: Mapped[OptionalUserId]
    kind: Mapped[RunKind] = mapped_column(
        closed_set(RunKind), default=RunKind.IMPORT, server_default=RunKind.IMPORT.value
    )
    undoes_id: Mapped[int | None] = mapped_column(ForeignKey("import_run.id", ondelete="CASCADE"))
    continues_id: Mapped[int | None] = mapped_column(
        ForeignKey("import_run.id", ondelete="SET NULL")
    )
    state: Mapped[ImportState] = mapped_column(closed_set(ImportState))
    lease_owner: Mapped[str | None] = mapped_column(String(64))
    lease_until_at: Mapped[OptionalAt]
    created_at: Mapped[At]
    began_at: Mapped[OptionalAt]
    finished_at: Mapped[OptionalAt]
    wants_stop: Mapped[bool] = mapped_column(default=False, server_default=false())
    stopped_by_id: Mapped[OptionalUserId]
    pause_reason: Mapped[PauseReason | None] = mapped_column(closed_set(PauseReason))
    pause_failure: Mapped[ReadingFailure | None] = mapped_column(closed_set(ReadingFailure))
    paused_until_at: Mapped[OptionalAt]
    pause_count: Mapped[int] = mapped_column(default=0, server_default="0")
    call_count: Mapped[int] = mapped_column(default=0, server_default="0")
    attempts: Mapped[int] = mapped_column(default=0)
    chosen_count: Mapped[int]
    creates_maybes: Mapped[bool] = mapped_column(default=False, server_default=false())
    created_count: Mapped[int] = mapped_column(default=0)
    linked_count: Mapped[int] = mapped_column(default=0)
    skipped_count: Mapped[int] = mapped_column(default=0)
    failed_count: Mapped[int] = mapped_column(default=0)
    removed_count: Mapped[int] = mapped_column(default=0, server_default="0")
    unlinked_count: Mapped[int] = mapped_column(default=0, server_default="0")
    kept_count: Mapped[int] = mapped_column(default=0, server_default="0")


class ImportItem(Base):
    """One remote customer of one run, with its outcome and the reason for it.

    `planned` is what a person was told would become of it, `planned_customer_id` whom it was to be
    linked to, and `seen_revision` the remote customer's revision then; 0 checks nothing.
    `reason_code` is the member of the reason, `reason` its words. `filled_fields` names, separated
    by blanks, the empty fields that linking filled. `touched_by_id` and `touched_at` tell whose
    newer work made an undo keep the customer.
    """

    __tablename__ = "import_item"
    __table_args__ = (
        UniqueConstraint("run_id", "remote_id"),
        Index("ix_import_item_outcome", "run_id", "outcome", "remote_id"),
    )

    id: Mapped[RowId]
    run_id: Mapped[int] = mapped_column(ForeignKey("import_run.id", ondelete="CASCADE"))
    remote_id: Mapped[str] = mapped_column(String(64))
    planned: Mapped[PlannedOutcome | None] = mapped_column(closed_set(PlannedOutcome))
    planned_customer_id: Mapped[int | None]
    seen_revision: Mapped[int] = mapped_column(default=0, server_default="0")
    outcome: Mapped[ItemOutcome] = mapped_column(closed_set(ItemOutcome))
    reason_code: Mapped[str] = mapped_column(String(32), default="", server_default="")
    reason: Mapped[str] = mapped_column(String(200), default="")
    filled_fields: Mapped[str] = mapped_column(String(200), default="")
    customer_id: Mapped[int | None] = mapped_column(
        ForeignKey("customer.id", ondelete="SET NULL"), index=True
    )
    touched_by_id: Mapped[OptionalUserId]
    touched_at: Mapped[OptionalAt]
