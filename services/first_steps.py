"""The first path of a new company: connect, check, import, report. Reads only.

Nothing remembers how far somebody came: each step is told from the rows that it leaves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, Exists, Select, and_, exists, or_, select, text
from sqlalchemy.orm import Session

from models import (
    Company,
    Connection,
    ConnectionState,
    CustomerLink,
    ImportRun,
    ImportState,
    Reading,
    ReadingState,
    RemoteCustomer,
    ReportSettings,
    RunKind,
)
from services.providers.contract import ProviderKey


class FirstStep(StrEnum):
    CONNECT = "connect"
    CHECK = "check"
    IMPORT = "import"
    REPORT = "report"


class StepState(StrEnum):
    DONE = "done"
    NOW = "now"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class Books:
    """Books that a company is connected to, and whether they were ever read as a whole."""

    provider: ProviderKey
    is_read: bool
    has_unsynced: bool


@dataclass(frozen=True, slots=True)
class FirstSteps:
    """How each step stands, in their order; `provider` is whose books the step of now is about."""

    states: tuple[tuple[FirstStep, StepState], ...]
    provider: ProviderKey | None

    @property
    def now(self) -> FirstStep | None:
        """Return the step to take now, None where all are done."""
        return next((step for step, state in self.states if state is StepState.NOW), None)

    @property
    def done_count(self) -> int:
        return sum(state is StepState.DONE for _, state in self.states)


def view_first_steps(session: Session, company_id: int) -> FirstSteps:
    """Return how far the company has come, with whichever provider. One statement."""
    rows = session.execute(_facts(company_id)).all()
    books = [
        Books(ProviderKey(row.provider), is_read=row.is_read, has_unsynced=row.has_unsynced)
        for row in rows
        if row.provider is not None
    ]
    has_imported = any(row.has_imported for row in rows)
    has_settings = any(row.has_settings for row in rows)
    return tell_steps(books, has_imported=has_imported, has_settings=has_settings)


def tell_steps(books: Sequence[Books], *, has_imported: bool, has_settings: bool) -> FirstSteps:
    """Work out the states: the first step that is not done is the one of now.

    Before the first import, a connection that has ended leads back to connecting. Whoever has
    imported has connected and checked for good; where nobody is missing, there is nothing left to
    import.
    """
    read = [each for each in books if each.is_read]
    waiting = [each for each in read if each.has_unsynced]
    done = {
        FirstStep.CONNECT: has_imported or bool(books),
        FirstStep.CHECK: has_imported or bool(read),
        FirstStep.IMPORT: has_imported or len(waiting) < len(read),
        FirstStep.REPORT: has_settings,
    }
    now = next((step for step in FirstStep if not done[step]), None)
    states = tuple((step, _state(step, now=now, is_done=done[step])) for step in FirstStep)
    about = (waiting if now is FirstStep.IMPORT else list(books))[:1]
    return FirstSteps(states, about[0].provider if about else None)


def _state(step: FirstStep, *, now: FirstStep | None, is_done: bool) -> StepState:
    if is_done:
        return StepState.DONE
    return StepState.NOW if step is now else StepState.LATER


def _facts(company_id: int) -> Select[str, bool, bool, bool, bool]:
    """Return one row per connection that stands, or one without a provider."""
    connected = and_(
        Connection.company_id == Company.id, Connection.state == ConnectionState.CONNECTED
    )
    return (
        select(
            Connection.provider.label("provider"),
            _was_read().label("is_read"),
            _is_anybody_missing().label("has_unsynced"),
            _has_imported().label("has_imported"),
            exists().where(ReportSettings.company_id == Company.id).label("has_settings"),
        )
        .select_from(Company)
        .outerjoin(Connection, connected)
        .where(Company.id == company_id)
        .order_by(Connection.connected_at, Connection.id)
    )


def _was_read() -> Exists:
    return exists().where(
        Reading.account_id == Connection.account_id, Reading.state == ReadingState.FINISHED
    )


def _is_anybody_missing() -> Exists:
    return exists().where(
        RemoteCustomer.account_id == Connection.account_id,
        # Written out, not bound: a database picks a partial index by its literal condition.
        text("remote_customer.state = 'unsynced'"),
    )


def _has_imported() -> ColumnElement[bool]:
    """Say whether an import came to its end; links outlive the runs that retention clears."""
    has_run = exists().where(
        ImportRun.company_id == Company.id,
        ImportRun.kind == RunKind.IMPORT,
        ImportRun.state == ImportState.FINISHED,
    )
    return or_(has_run, exists().where(CustomerLink.company_id == Company.id))
