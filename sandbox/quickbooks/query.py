"""Answer a statement, or a question for changes, from one book."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sandbox.quickbooks.books import Book
from sandbox.quickbooks.rows import Row
from sandbox.quickbooks.statement import FIELDS, Condition, Kind, Literal, Statement
from sandbox.quickbooks.times import answer_time, pacific_text

LARGEST_CHANGE_SET = 1000

_FAST: dict[str, Callable[[Row], Literal]] = {
    "Id": lambda row: row.key,
    "Active": lambda row: row.active,
    "Job": lambda row: row.job,
    "IsProject": lambda row: row.project,
    "DisplayName": lambda row: row.display_name.casefold(),
    "MetaData.CreateTime": lambda row: row.created_at,
    "MetaData.LastUpdatedTime": lambda row: row.updated_at,
}
_INNER_KEYS = {"PrimaryEmailAddr": "Address", "PrimaryPhone": "FreeFormNumber"}


def run_statement(book: Book, statement: Statement, moment: datetime) -> str:
    """Return the JSON answer; past the end it has no `Customer` key at all."""
    chosen = book.selection(
        (statement.conditions, statement.order), lambda rows: _select(rows, statement)
    )
    if statement.is_count:
        return _envelope(f'"totalCount":{len(chosen)}', moment)
    page = chosen[statement.start - 1 : statement.start - 1 + statement.limit]
    if not page:
        return _envelope("", moment)
    customers = ",".join(_shown(row, statement.fields) for row in page)
    window = f'"startPosition":{statement.start},"maxResults":{len(page)}'
    return _envelope(f'"Customer":[{customers}],{window}', moment)


def changed_since(book: Book, since: datetime, moment: datetime) -> str:
    """Return what changed, inactive ones too and deleted ones as stubs; at most a thousand.

    Source: developer.intuit.com, "Change data capture"; whoever receives a thousand has to
    ask for less or list everything.
    """
    book.was_read = True
    reset_at, exchanged = (book.reset.at, book.reset.ids) if book.reset else (0.0, frozenset())
    rows = {row.key: row for row in book.rows()}
    changed = [
        (at, row.key, _stub(row.key, at) if row.stub else row.text)
        for row in rows.values()
        if (at := max(row.updated_at, reset_at if row.key in exchanged else 0.0))
        >= since.timestamp()
    ]
    if reset_at >= since.timestamp():
        gone = exchanged - rows.keys()
        changed += [(reset_at, customer_id, _stub(customer_id, reset_at)) for customer_id in gone]
    page = sorted(changed)[:LARGEST_CHANGE_SET]
    inner = ""
    if page:
        customers = ",".join(text for _, _, text in page)
        counts = f'"startPosition":1,"maxResults":{len(page)},"totalCount":{len(page)}'
        inner = f'"Customer":[{customers}],{counts}'
    return f'{{"CDCResponse":[{{"QueryResponse":[{{{inner}}}]}}],"time":"{answer_time(moment)}"}}'


def _envelope(inner: str, moment: datetime) -> str:
    return f'{{"QueryResponse":{{{inner}}},"time":"{answer_time(moment)}"}}'


def _stub(customer_id: int, updated_at: float) -> str:
    updated = pacific_text(datetime.fromtimestamp(updated_at).astimezone())
    stub = {
        "domain": "QBO",
        "status": "Deleted",
        "Id": str(customer_id),
        "MetaData": {"LastUpdatedTime": updated},
    }
    return json.dumps(stub, separators=(",", ":"))


def _select(rows: list[Row], statement: Statement) -> list[Row]:
    if not any(condition.field == "Active" for condition in statement.conditions):
        rows = [row for row in rows if row.active]
    for condition in statement.conditions:
        rows = [row for row in rows if _holds(condition, _value(row, condition.field))]
    if not statement.order:
        # QuickBooks promises no order. This one moves whenever a customer changes, so that
        # whoever pages without ORDERBY finds out.
        return sorted(rows, key=lambda row: (-row.updated_at, row.key))
    for field, descending in reversed(statement.order):
        rows = sorted(rows, key=_sort_key(field), reverse=descending)
    return rows


def _sort_key(field: str) -> Callable[[Row], tuple[bool, Literal]]:
    empty: Literal = "" if FIELDS[field] is Kind.TEXT else 0.0

    def key(row: Row) -> tuple[bool, Literal]:
        value = _value(row, field)
        return (value is not None, empty if value is None else value)

    return key


def _value(row: Row, field: str) -> Literal | None:
    """Return the value of a field as it compares: text without case, times as seconds."""
    fast = _FAST.get(field)
    if fast is not None:
        return fast(row)
    value = row.customer().get(field)
    if isinstance(value, dict):
        value = value.get(_INNER_KEYS[field])
    return value.casefold() if isinstance(value, str) else value


def _holds(condition: Condition, value: Literal | None) -> bool:
    if value is None:
        return False
    if condition.operator in ("=", "IN"):
        return value in condition.values
    wanted: Any = condition.values[0]
    given: Any = value
    match condition.operator:
        case "LIKE":
            return _is_like(given, wanted)
        case "<":
            return bool(given < wanted)
        case ">":
            return bool(given > wanted)
        case "<=":
            return bool(given <= wanted)
        case _:
            return bool(given >= wanted)


def _is_like(text: str, pattern: str) -> bool:
    """Compare with `%` standing for any characters."""
    first, *rest = pattern.split("%")
    if not rest:
        return text == pattern
    if not text.startswith(first):
        return False
    place = len(first)
    *middle, last = rest
    for part in middle:
        found = text.find(part, place)
        if found < 0:
            return False
        place = found + len(part)
    return len(text) - len(last) >= place and text.endswith(last)


def _shown(row: Row, fields: tuple[str, ...]) -> str:
    """Return the customer, or only the fields asked for, marked as sparse."""
    if not fields:
        return row.text
    wanted = {field.partition(".")[0] for field in fields}
    kept = {key: value for key, value in row.customer().items() if key in wanted}
    sparse = {"domain": "QBO", "sparse": True, **kept}
    return json.dumps(sparse, ensure_ascii=False, separators=(",", ":"))
