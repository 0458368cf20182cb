"""Read a query statement of QuickBooks into a value; knows the grammar, not the data.

Source: developer.intuit.com, "Query operations and syntax"; error codes from the recorded
answers of ruckus/quickbooks-ruby 21e7715 and python-quickbooks 0.9.12.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from sandbox.quickbooks.times import read_time

DEFAULT_PAGE_SIZE = 100
LARGEST_PAGE_SIZE = 1000

Literal = str | float | bool


class Kind(StrEnum):
    """How the values of a field compare."""

    NUMBER = "number"
    TEXT = "text"
    FLAG = "flag"
    MOMENT = "moment"


FIELDS = {
    "Id": Kind.NUMBER,
    "Active": Kind.FLAG,
    "Job": Kind.FLAG,
    "IsProject": Kind.FLAG,
    "Balance": Kind.NUMBER,
    "DisplayName": Kind.TEXT,
    "GivenName": Kind.TEXT,
    "MiddleName": Kind.TEXT,
    "FamilyName": Kind.TEXT,
    "CompanyName": Kind.TEXT,
    "FullyQualifiedName": Kind.TEXT,
    "PrintOnCheckName": Kind.TEXT,
    "PrimaryEmailAddr": Kind.TEXT,
    "PrimaryPhone": Kind.TEXT,
    "MetaData.CreateTime": Kind.MOMENT,
    "MetaData.LastUpdatedTime": Kind.MOMENT,
}
_TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:\\.|[^'\\])*')|(?P<number>-?\d+(?:\.\d+)?)"
    r"|(?P<word>[A-Za-z_][\w.]*)|(?P<mark><=|>=|[=<>(),*]))"
)


class StatementRefused(Exception):
    """QuickBooks would answer with a fault: its code, message and detail."""

    def __init__(self, code: str, message: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.message, self.detail = code, message, detail


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison; the values have the type of the field."""

    field: str
    operator: str
    values: tuple[Literal, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """What is asked. `fields` empty means all, `start` is 1-based."""

    is_count: bool
    fields: tuple[str, ...]
    conditions: tuple[Condition, ...]
    order: tuple[tuple[str, bool], ...]
    start: int
    limit: int


def read_statement(text: str) -> Statement:
    """Read a statement; raise StatementRefused as QuickBooks would."""
    return _Reader(_split(text)).statement()


def _split(text: str) -> list[str]:
    tokens, place = [], 0
    text = text.strip()
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None:
            raise _unreadable(text[place : place + 12])
        tokens.append(found.group().strip())
        place = found.end()
    return tokens


def _unreadable(near: str) -> StatementRefused:
    detail = f'QueryParserError: Encountered " {near} " where it was not expected.'
    return StatementRefused("4000", "Error parsing query", detail)


def _invalid(detail: str) -> StatementRefused:
    return StatementRefused("4001", "Invalid query", f"QueryValidationError: {detail}")


def _unprocessable(detail: str) -> StatementRefused:
    message = "Error processing query"
    return StatementRefused("4002", message, f"QueryProcessingError: {detail}")


class _Reader:
    """Walks over the tokens once."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._place = 0

    def statement(self) -> Statement:
        self._expect("SELECT")
        is_count, fields = self._selection()
        self._expect("FROM")
        self._entity()
        conditions = self._conditions() if self._take("WHERE") else ()
        order = self._order()
        start, limit = self._window()
        if self._place < len(self._tokens):
            raise _unreadable(self._tokens[self._place])
        return Statement(is_count, fields, conditions, order, start, limit)

    def _peek(self) -> str:
        return self._tokens[self._place] if self._place < len(self._tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        if not token:
            raise _unreadable("<EOF>")
        self._place += 1
        return token

    def _take(self, word: str) -> bool:
        if self._peek().upper() != word:
            return False
        self._place += 1
        return True

    def _expect(self, word: str) -> None:
        if not self._take(word):
            raise _unreadable(self._peek() or "<EOF>")

    def _selection(self) -> tuple[bool, tuple[str, ...]]:
        if self._take("COUNT"):
            for mark in ("(", "*", ")"):
                self._expect(mark)
            return True, ()
        if self._take("*"):
            return False, ()
        fields = [self._word()]
        while self._take(","):
            fields.append(self._word())
        return False, tuple(fields)

    def _word(self) -> str:
        token = self._next()
        if not re.fullmatch(r"[A-Za-z_][\w.]*", token):
            raise _unreadable(token)
        return token

    def _entity(self) -> None:
        entity = self._word()
        if entity.lower() != "customer":
            raise _invalid(f"Invalid context declaration: {entity}")

    def _field(self) -> str:
        name = self._word()
        if name not in FIELDS:
            raise _invalid(f"property '{name}' is not queryable or does not exist")
        return name

    def _conditions(self) -> tuple[Condition, ...]:
        found = [self._condition()]
        while self._take("AND"):
            found.append(self._condition())
        return tuple(found)

    def _condition(self) -> Condition:
        field, operator = self._field(), self._next().upper()
        if operator not in ("=", "<", ">", "<=", ">=", "IN", "LIKE"):
            raise _unreadable(operator)
        kind = FIELDS[field]
        if operator == "LIKE" and kind is not Kind.TEXT:
            raise _unprocessable(f"operator LIKE is not supported for property '{field}'")
        if kind is Kind.FLAG and operator not in ("=", "IN"):
            raise _unprocessable(f"operator {operator} is not supported for property '{field}'")
        tokens = self._several() if operator == "IN" else [self._next()]
        return Condition(field, operator, tuple(_literal(field, token) for token in tokens))

    def _several(self) -> list[str]:
        self._expect("(")
        tokens = [self._next()]
        while self._take(","):
            tokens.append(self._next())
        self._expect(")")
        return tokens

    def _order(self) -> tuple[tuple[str, bool], ...]:
        if self._take("ORDER"):
            self._expect("BY")
        elif not self._take("ORDERBY"):
            return ()
        order = [self._one_order()]
        while self._take(","):
            order.append(self._one_order())
        return tuple(order)

    def _one_order(self) -> tuple[str, bool]:
        field = self._field()
        descending = self._take("DESC")
        if not descending:
            self._take("ASC")
        return field, descending

    def _window(self) -> tuple[int, int]:
        start, limit = 1, DEFAULT_PAGE_SIZE
        while True:
            if self._take("STARTPOSITION"):
                start = self._positive()
            elif self._take("MAXRESULTS"):
                limit = min(self._positive(), LARGEST_PAGE_SIZE)
            else:
                return start, limit

    def _positive(self) -> int:
        token = self._next()
        if not re.fullmatch(r"-?\d+", token):
            raise _unreadable(token)
        if int(token) < 1:
            raise _invalid(f"value {token} is too small. Min allowed value is 1")
        return int(token)


def _literal(field: str, token: str) -> Literal:
    """Give a written value the type of its field."""
    is_quoted = token.startswith("'")
    value = re.sub(r"\\(.)", r"\1", token[1:-1]) if is_quoted else token
    kind = FIELDS[field]
    try:
        if kind is Kind.FLAG:
            return {"true": True, "false": False}[value.lower()]
        if kind is Kind.NUMBER:
            return float(value)
        if kind is Kind.MOMENT and is_quoted:
            return read_time(value).timestamp()
    except (KeyError, ValueError) as error:
        raise _unprocessable(f"invalid value '{value}' for property '{field}'") from error
    if not is_quoted:
        raise _unreadable(token)
    return value.casefold()
