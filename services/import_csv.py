"""Imports as files for a spreadsheet, safe like customer_csv."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal

from services.customer_csv import BYTE_ORDER_MARK, csv_line
from services.database import in_batches, only_reading
from services.import_views import ImportView, list_imports
from services.item_rows import ItemRow, each_item
from services.providers.contract import ProviderKey
from services.runtime import Runtime

OUTCOME_HEADINGS = ("Customer", "Result", "Reason", "Filled", "By", "When (UTC)", "Id there")
HISTORY_HEADINGS: tuple[str, ...] = (
    *("Import", "Started (UTC)", "By", "State", "Chosen", "Created", "Linked", "Skipped"),
    *("Failed", "Took (s)", "Calls", "Undo", "Undone (UTC)", "Undone by", "Removed"),
    *("Unlinked", "Kept"),
)
COMMAND_LINE = "the command line"


def outcome_csv_lines(items: Iterable[ItemRow]) -> Iterator[str]:
    """Yield what became of each customer, line by line."""
    yield BYTE_ORDER_MARK + csv_line(OUTCOME_HEADINGS)
    for item in items:
        yield csv_line(
            (
                item.name,
                item.outcome.value.capitalize(),
                item.reason,
                ", ".join(item.filled),
                item.touched_by_name,
                _moment(item.touched_at),
                item.remote_id,
            )
        )


def history_csv_lines(runs: Iterable[ImportView]) -> Iterator[str]:
    """Yield the imports line by line, each with its latest undo."""
    yield BYTE_ORDER_MARK + csv_line(HISTORY_HEADINGS)
    for run in runs:
        counts = (run.chosen, run.created, run.linked, run.skipped, run.failed)
        yield csv_line(
            (
                Decimal(run.number),
                _moment(run.created_at),
                run.requested_by_name or COMMAND_LINE,
                run.state.value.capitalize(),
                *map(Decimal, counts),
                _took_s(run),
                Decimal(run.call_count),
                *_undo_cells(run),
            )
        )


def stream_outcome_csv(runtime: Runtime, company_id: int, public_id: str) -> Iterator[str]:
    """Yield the file of one run in pieces; opens and ends its own session.

    For an answer that is still being sent when its request has ended.
    """
    with runtime.sessions() as session:
        with only_reading():
            session.connection()
        for lines in in_batches(outcome_csv_lines(each_item(session, company_id, public_id))):
            yield "".join(lines)


def stream_history_csv(
    runtime: Runtime, company_id: int, *, provider: ProviderKey
) -> Iterator[str]:
    """Yield the file of all imports from one provider in pieces; opens and ends its own session."""
    with runtime.sessions() as session:
        with only_reading():
            session.connection()
        runs = list_imports(session, company_id, provider=provider, limit=None)
        for lines in in_batches(history_csv_lines(runs)):
            yield "".join(lines)


def _undo_cells(run: ImportView) -> tuple[str | Decimal, ...]:
    if run.undo is None:
        return ("",) * 6
    undo = run.undo
    counts = map(Decimal, (undo.removed, undo.unlinked, undo.kept))
    by_name = undo.requested_by_name or COMMAND_LINE
    return (undo.state.value.capitalize(), _moment(undo.created_at), by_name, *counts)


def _took_s(run: ImportView) -> str | Decimal:
    if run.finished_at is None:
        return ""
    return Decimal(int((run.finished_at - run.created_at).total_seconds()))


def _moment(at: datetime | None) -> str:
    return at.strftime("%Y-%m-%d %H:%M") if at else ""
