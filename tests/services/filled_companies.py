"""A company with a row in every table, made from the tables themselves, so that new ones count."""

from __future__ import annotations

from datetime import date
from itertools import count
from typing import Any

from sqlalchemy import Boolean, Column, Date, Enum, Float, Integer, LargeBinary, Table, insert
from sqlalchemy.orm import Session

from models import Base
from models.base import UtcDateTime
from services.company_removal import OF_NOBODY
from tests.factories import NOW

_numbers = count(1)
#: What stands in a column without a foreign key, by its name.
_NAMED = {
    "account_id": "remote_account",
    "customer_id": "customer",
    "remote_customer_id": "remote_customer",
}
#: So that a batch of one row is not all of them, and an import can point to an earlier one.
_TWICE = frozenset({"audit_event", "customer", "customer_key", "import_run", "remote_customer"})


def fill_company(session: Session, *, slug: str) -> int:
    """Write a row of the company into every table; return the company's id. Commits."""
    ids: dict[str, Any] = {}
    last = {table for table in Base.metadata.sorted_tables if not table.foreign_keys}
    last -= {Base.metadata.tables["company"]}
    for table in sorted(Base.metadata.sorted_tables, key=last.__contains__):
        if table.name in OF_NOBODY:
            continue
        for _ in range(2 if table.name in _TWICE else 1):
            values = {column.name: _value(column, table, ids, slug) for column in table.columns}
            values = {name: value for name, value in values.items() if value is not None}
            result: Any = session.execute(insert(table).values(values))
            if len(table.primary_key) == 1 and result.inserted_primary_key is not None:
                ids[table.name] = result.inserted_primary_key[0]
    session.commit()
    company_id: int = ids["company"]
    return company_id


def _value(column: Column[Any], table: Table, ids: dict[str, Any], slug: str) -> Any:
    if column.name == "slug":
        return slug
    if column.foreign_keys:
        [foreign_key] = column.foreign_keys
        return ids.get(foreign_key.column.table.name)
    if column.primary_key and len(table.primary_key) == 1:
        return None
    if column.name == "company_id":
        return ids["company"]
    if column.name in _NAMED:
        return ids[_NAMED[column.name]]
    return _plain_value(column, slug)


def _plain_value(column: Column[Any], slug: str) -> Any:
    number = next(_numbers)
    if isinstance(column.type, Enum):
        assert column.type.enum_class is not None
        return list(column.type.enum_class)[-1]
    for kind, value in (
        (UtcDateTime, NOW),
        (Date, date(2026, 11, 20)),
        (Boolean, False),
        (Integer, number),
        (Float, 1.0),
        (LargeBinary, f"sealed of {slug} {number}".encode()),
    ):
        if isinstance(column.type, kind):
            return value
    length = getattr(column.type, "length", None) or 40
    return f"{number:x}-{slug}"[:length]
