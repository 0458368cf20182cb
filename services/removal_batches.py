"""Delete many rows while others write: small transactions, sized by the time they take."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, Table, delete, select, tuple_

from services.runtime import Runtime

FIRST_ROWS, MOST_ROWS = 20, 2_000
#: How long one transaction should take. Some rows cost a look through another table each.
BATCH_S = 0.1
#: SQLite lets those who wait look again within a tenth of a second; without a pause they never win.
WORK_S, PAUSE_S = 0.3, 0.12


def remove_in_batches(
    runtime: Runtime,
    table: Table,
    which: ColumnElement[bool],
    *,
    enough: Callable[[], bool] = lambda: False,
) -> int:
    """Delete the rows, the newest first, and return how many there were. Commits, in batches.

    After each of them it stops if that is `enough`. In a SQLite file the rows are overwritten.
    Raises ProcessEnds between two batches.
    """
    removed, rows, rested_at = 0, FIRST_ROWS, time.monotonic()
    while True:
        began_at = time.monotonic()
        count = _remove(runtime, table, which, rows=rows)
        ended_at = time.monotonic()
        removed += count
        if count < rows or enough():
            return removed
        # At most ten times as many as before: a batch that cost nothing says little.
        fitting = rows * min(BATCH_S / max(ended_at - began_at, 1e-6), 10)
        rows = max(1, min(MOST_ROWS, int(fitting)))
        if ended_at - rested_at > WORK_S:
            runtime.wait(PAUSE_S)
            rested_at = time.monotonic()


def _remove(runtime: Runtime, table: Table, which: ColumnElement[bool], *, rows: int) -> int:
    keys = table.primary_key.columns
    newest = [column.desc() for column in keys]
    batch = select(*keys).where(which).order_by(*newest).limit(rows)
    with runtime.sessions() as session:
        result: Any = session.execute(delete(table).where(tuple_(*keys).in_(batch)))
        session.commit()
    return int(result.rowcount)
