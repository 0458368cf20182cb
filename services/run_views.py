"""How a run stands and what may follow it, as pages and commands show it; pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from models import ImportState, PauseReason, ReadingFailure, RunKind
from services.providers.contract import ProviderKey

#: After its end an import can be undone for so long.
UNDO_WITHIN = timedelta(days=30)
ACTIVE = frozenset({ImportState.QUEUED, ImportState.RUNNING, ImportState.PAUSED})


@dataclass(frozen=True, slots=True)
class RunName:
    """How one run speaks of another. `number` counts the company's imports from 1."""

    public_id: str
    number: int
    kind: RunKind = RunKind.IMPORT


@dataclass(frozen=True, slots=True)
class UndoneBy:
    """The latest undo of an import; `removed` and `unlinked` are of all its undos.

    `kept` and `failed` are of the latest: it takes up again whom the earlier ones kept.
    """

    public_id: str
    state: ImportState
    requested_by_name: str
    created_at: datetime
    removed: int
    unlinked: int
    kept: int
    failed: int = 0

    @property
    def is_active(self) -> bool:
        return self.state in ACTIVE

    @property
    def leaves_some(self) -> bool:
        """Say whether it ended without coming to everybody, so that another can be asked for."""
        return self.state is ImportState.STOPPED or (not self.is_active and self.failed > 0)


@dataclass(frozen=True, slots=True)
class ImportView:
    """One run. Its outcomes add up to `done`, and at the end to `chosen`.

    `number` counts the company's imports from 1; an undo bears the number of what it takes back,
    `undoes`. `continues` is the import whose failed or stopped customers this one tries again.
    `is_interrupted`: it was claimed more than once, so the time since it began holds breaks.
    `account_name` are the books it belongs to, `connected_name` those that the provider is
    connected to now where these are others.
    """

    public_id: str
    number: int
    kind: RunKind
    provider: ProviderKey
    state: ImportState
    requested_by_name: str
    created_at: datetime
    began_at: datetime | None
    finished_at: datetime | None
    chosen: int
    created: int
    linked: int
    skipped: int
    failed: int
    removed: int = 0
    unlinked: int = 0
    kept: int = 0
    call_count: int = 0
    is_interrupted: bool = False
    wants_stop: bool = False
    stopped_by_name: str = ""
    pause_reason: PauseReason | None = None
    pause_failure: ReadingFailure | None = None
    paused_until_at: datetime | None = None
    undoes: RunName | None = None
    continues: RunName | None = None
    undo: UndoneBy | None = None
    account_name: str = ""
    connected_name: str | None = None

    @property
    def done(self) -> int:
        taken_back = self.removed + self.unlinked + self.kept
        return self.created + self.linked + self.skipped + self.failed + taken_back

    @property
    def brought(self) -> int:
        """Return how many customers an undo could take back."""
        return self.created + self.linked

    @property
    def is_active(self) -> bool:
        return self.state in ACTIVE

    @property
    def is_undo(self) -> bool:
        return self.kind is RunKind.UNDO

    @property
    def is_checking(self) -> bool:
        """Say whether the accounting software is looked at before the first batch."""
        is_before = self.began_at is None and self.done == 0 and not self.is_undo
        return is_before and self.state is ImportState.RUNNING

    @property
    def undo_until_at(self) -> datetime:
        return (self.finished_at or self.created_at) + UNDO_WITHIN

    def may_be_undone(self, now: datetime) -> bool:
        """Say whether the page offers to undo; what an undo left may be asked for again."""
        is_whole = self.undo is None or self.undo.leaves_some
        has_ended = not self.is_active and not self.is_undo and self.brought > 0
        return has_ended and is_whole and now <= self.undo_until_at
