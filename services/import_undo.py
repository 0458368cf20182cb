"""Take an import back: what an undo would do, said before it, and the run that does it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from models import ImportState, RunKind
from services.accounts import SignedIn
from services.import_views import UnknownImport as UnknownImport
from services.runtime import Wake

UNDO_WITHIN = timedelta(days=30)
#: Of the kept so many are named in the question; the receipt has all of them.
KEPT_SHOWN = 50


class UndoTooLate(Exception):
    """The import ended more than 30 days ago."""


class NothingToUndo(Exception):
    """The import brought nobody here, was undone already, has not ended, or is an undo itself."""


class UndoRunning(Exception):
    """An undo of the import has not ended; the second click is shown that one."""

    def __init__(self, public_id: str) -> None:
        super().__init__("an undo of this import is running")
        self.public_id = public_id


@dataclass(frozen=True, slots=True)
class KeptRow:
    """Somebody whom an undo would keep, with the newest work on the customer.

    `by_name` is "" where it was no user's, `at` None where it is not known.
    """

    name: str
    customer_public_id: str
    code: str
    reason: str
    by_name: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class UndoPlan:
    """What an undo would do now: remove + unlink + keep + skip is everybody it is about.

    `kept` are the first of those kept, `mailed` how many of the removed were named in a report
    that was mailed, `until_at` the end of the 30 days.
    """

    remove: int
    unlink: int
    keep: int
    skip: int
    kept: tuple[KeptRow, ...]
    mailed: int
    until_at: datetime

    @property
    def total(self) -> int:
        return self.remove + self.unlink + self.keep + self.skip


def can_undo(
    kind: RunKind,
    state: ImportState,
    finished_at: datetime | None,
    *,
    is_undone: bool,
    now: datetime,
) -> bool:
    """Say whether an undo may be asked for; pure.

    `is_undone`: a whole undo of it has ended, see `is_undone()`.
    """
    has_ended = state in (ImportState.FINISHED, ImportState.STOPPED)
    if kind is not RunKind.IMPORT or not has_ended or finished_at is None or is_undone:
        return False
    return now <= finished_at + UNDO_WITHIN


def plan_undo(session: Session, company_id: int, public_id: str, *, now: datetime) -> UndoPlan:
    """Return what an undo of the import would do now. Writes nothing.

    Raises UnknownImport, UndoTooLate, NothingToUndo and UndoRunning.
    """
    raise NotImplementedError


def start_undo(
    session: Session, who: SignedIn, public_id: str, *, wake: Wake, now: datetime
) -> str:
    """Queue the undo of an import and return its public id; wake the job. Commits.

    Raises UnknownImport, UndoTooLate, NothingToUndo and UndoRunning.
    """
    raise NotImplementedError
