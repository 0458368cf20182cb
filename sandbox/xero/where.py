"""Read the `where` and `order` of a listing: the few columns Xero answers quickly.

Source: CData's and Airbyte's notes on Xero, XeroAPI/Xero-OpenAPI e952d0b; read 2026-11-22.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.xero.rows import Row

Value = str | bool

_COLUMNS: dict[str, Callable[[Row], Value]] = {
    "ContactStatus": lambda row: row.status,
    "Name": lambda row: row.name.casefold(),
    "EmailAddress": lambda row: str(row.contact().get("EmailAddress", "")).casefold(),
    "IsCustomer": lambda row: row.is_customer,
    "IsSupplier": lambda row: row.is_supplier,
}
_SORT_KEYS: dict[str, Callable[[Row], str | int]] = {
    "ContactID": lambda row: row.key,
    "UpdatedDateUTC": lambda row: row.updated_ms,
    "Name": lambda row: row.name.casefold(),
}
_CONDITION = re.compile(r'\s*([A-Za-z]+)\s*==\s*("(?:[^"\\]|\\.)*"|true|false)\s*', re.IGNORECASE)
_AND = re.compile(r"AND\b|&&", re.IGNORECASE)


class QueryRefused(Exception):
    """Xero would answer with a QueryParseException; the message says why."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A column that has to hold a value."""

    column: str
    value: Value

    def holds(self, row: Row) -> bool:
        """Tell whether it does; texts compare without regard to case."""
        return _COLUMNS[self.column](row) == self.value


@dataclass(frozen=True, slots=True)
class Order:
    """A column to sort by; ids sort as text here, how Xero itself sorts GUIDs is not known."""

    column: str
    descending: bool

    def sort(self, rows: list[Row]) -> list[Row]:
        """Return the rows in this order; equal ones stay in the order of their ids."""
        rows = sorted(rows, key=lambda row: row.key)
        return sorted(rows, key=_SORT_KEYS[self.column], reverse=self.descending)


def read_where(text: str) -> tuple[Condition, ...]:
    """Read conditions joined by AND; raise QueryRefused for everything else."""
    conditions, place = [], 0
    while place < len(text):
        found = _CONDITION.match(text, place)
        if found is None:
            raise QueryRefused(f"Parse error at position {place}")
        conditions.append(_condition(*found.groups()))
        place = found.end()
        joint = _AND.match(text, place)
        if place < len(text) and (joint is None or joint.end() == len(text)):
            raise QueryRefused(f"Syntax error at position {place}")
        place = joint.end() if joint else place
    return tuple(conditions)


def read_order(text: str) -> Order | None:
    """Read a column and a direction; raise QueryRefused for everything else."""
    if not text.strip():
        return None
    column, *direction = text.split()
    wanted = [word.upper() for word in direction]
    if column not in _SORT_KEYS or wanted not in ([], ["ASC"], ["DESC"]):
        raise QueryRefused(f"No property or field '{column}' exists in type 'Contact'")
    return Order(column, wanted == ["DESC"])


def _condition(column: str, written: str) -> Condition:
    if column not in _COLUMNS:
        raise QueryRefused(f"No property or field '{column}' exists in type 'Contact'")
    is_text = written.startswith('"')
    if is_text == column.startswith("Is"):
        raise QueryRefused("Operator '==' incompatible with operand types")
    if not is_text:
        return Condition(column, written.lower() == "true")
    text = re.sub(r"\\(.)", r"\1", written[1:-1])
    return Condition(column, text if column == "ContactStatus" else text.casefold())
