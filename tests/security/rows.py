"""What is stored, row by row: to see that nothing was written, and whose rows were."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

from models import Base

Row = dict[str, Any]


def read_tables(path: Path) -> dict[str, list[Row]]:
    """Return every row of every table."""
    with closing(sqlite3.connect(path)) as database:
        database.row_factory = sqlite3.Row
        return {
            table: [dict(row) for row in database.execute(f'SELECT * FROM "{table}"')]
            for table in Base.metadata.tables
        }


def table_hashes(path: Path) -> dict[str, str]:
    """Return one hash per table, over all values of all its rows."""
    with closing(sqlite3.connect(path)) as database:
        return {
            table: sha256(
                repr(database.execute(f'SELECT * FROM "{table}"').fetchall()).encode()
            ).hexdigest()
            for table in Base.metadata.tables
        }


def rows_of(path: Path, company_id: int) -> dict[str, list[Row]]:
    """Return the company's rows: those that name it, and those that point to one that is its."""
    tables = read_tables(path)
    owners = _owners(tables)
    return {
        name: [row for row in rows if _owner(name, row, owners) == company_id]
        for name, rows in tables.items()
    }


def _owners(tables: dict[str, list[Row]]) -> dict[tuple[str, int], int | None]:
    """Return which company each row with an id belongs to; parents come before children."""
    owners: dict[tuple[str, int], int | None] = {}
    for table in Base.metadata.sorted_tables:
        for row in tables[table.name]:
            if "id" in row:
                owners[table.name, row["id"]] = _owner(table.name, row, owners)
    return owners


def _owner(table: str, row: Row, owners: dict[tuple[str, int], int | None]) -> int | None:
    if table == "company":
        return int(row["id"])
    if row.get("company_id") is not None:
        return int(row["company_id"])
    for key in Base.metadata.tables[table].foreign_keys:
        parent = owners.get((key.column.table.name, row[key.parent.name]))
        if parent is not None:
            return parent
    return None
