"""Tell a good answer of the QuickBooks API from its many ways to say no. Pure.

Shapes and codes: developer.intuit.com, "error codes"; handle_exceptions in
routablehq/python-quickbooks; too_many_requests_error.xml and query_validation_error.xml in
ruckus/quickbooks-ruby (all read 2026-11-22).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.providers.access_tokens import TokenRefused
from services.providers.cleaning import utc_moment
from services.providers.contract import (
    AccountGone,
    ProviderUnavailable,
    ScopeMissing,
)
from services.providers.strict_json import NotStrictJson, read_strictly
from services.providers.transport import Reply

#: Nobody has more customers; a count above them is a mistake that must not cost calls.
CUSTOMERS_MAX = 10_000_000

_THROTTLED = frozenset({"3001"})
_TOKEN_REFUSED = frozenset({"3200"})
#: The app may not read this company (any more).
_NOT_ALLOWED = frozenset({"3100", "3201"})
_NOT_THERE = frozenset({"610"})
_SYSTEM_FAILURE = frozenset({"10000"})
_CODE_IN_MESSAGE = re.compile(r"errorCode=0*([1-9][0-9]*)")


def read_answer(reply: Reply, *, token: str) -> dict[str, Any]:
    """Return the JSON object of a good answer.

    Raises TokenRefused with `token`, or the ProviderError that the refusal amounts to; a refusal
    may come with status 200.
    """
    if reply.status == 200:
        answer = reply.json_object()
        if not _fault(answer):
            return answer
    raise _refusal(reply, token)


@dataclass(frozen=True, slots=True)
class Counted:
    """What a COUNT query found; `as_of` is QuickBooks' own clock."""

    number: int
    as_of: datetime | None


@dataclass(frozen=True, slots=True)
class Rows:
    """The customers of one answer, as they are there; `as_of` is QuickBooks' own clock."""

    rows: list[object]
    as_of: datetime | None


def total_count(reply: Reply, *, token: str) -> Counted:
    """Return the number a COUNT query found.

    An empty result reads as 0; the caller reads the first page all the same, so that no company
    appears empty because of a missing number.
    """
    answer = read_answer(reply, token=token)
    content = _query_response(reply, answer)
    count = content.get("totalCount", None if content else 0)
    if type(count) is not int or not 0 <= count <= CUSTOMERS_MAX:
        raise reply.unreadable("The answer to the query holds no count.")
    return Counted(count, _as_of(answer))


def listed(reply: Reply, *, token: str) -> Rows:
    """Return the rows of one page, none past the end."""
    answer = read_answer(reply, token=token)
    return Rows(_customers(reply, _query_response(reply, answer)), _as_of(answer))


def changed(reply: Reply, *, token: str) -> Rows:
    """Return the rows of the change feed. One empty object in its result means no change."""
    answer = read_answer(reply, token=token)
    results = [
        result
        for response in _objects(reply, answer.get("CDCResponse"))
        for result in _objects(reply, response.get("QueryResponse"))
    ]
    rows = [row for result in results for row in _customers(reply, result)]
    return Rows(rows, _as_of(answer))


def _query_response(reply: Reply, answer: dict[str, Any]) -> dict[str, Any]:
    """Return the QueryResponse object, which is empty past the end of a list."""
    content = answer.get("QueryResponse")
    if not isinstance(content, dict):
        raise reply.unreadable("The answer to the query holds no result.")
    return content


def _customers(reply: Reply, content: dict[str, Any]) -> list[object]:
    rows = content.get("Customer", [])
    if not isinstance(rows, list) or (not rows and content.get("maxResults")):
        raise reply.unreadable("The answer holds no customers.")
    return rows


def _objects(reply: Reply, value: object) -> list[dict[str, Any]]:
    parts = value if isinstance(value, list) else []
    if not parts or not all(isinstance(part, dict) for part in parts):
        raise reply.unreadable("The answer tells no changes.")
    return parts


def _as_of(answer: dict[str, Any]) -> datetime | None:
    return utc_moment(answer.get("time"))


def _refusal(reply: Reply, token: str) -> Exception:
    codes, status = _codes(reply), reply.status
    if codes & _THROTTLED:
        return reply.asked_to_wait("QuickBooks asked us to wait.")
    if codes & _NOT_THERE or status == 404:
        return reply.error(AccountGone, "This company is not there for BlueClerk any more.")
    if codes & _NOT_ALLOWED or status == 403:
        return reply.error(ScopeMissing, "BlueClerk may not read this company in QuickBooks.")
    if codes & _TOKEN_REFUSED or status == 401:
        return TokenRefused(token, reference=reply.reference)
    if codes & _SYSTEM_FAILURE:
        return reply.error(ProviderUnavailable, "QuickBooks could not answer.")
    return reply.unreadable("QuickBooks refused the question.")


def _codes(reply: Reply) -> frozenset[str]:
    try:
        fault = _fault(read_strictly(reply.body))
    except NotStrictJson:
        return frozenset()
    errors = _member(fault, "error")
    codes = {_code(error) for error in errors} if isinstance(errors, list) else set()
    if str(_member(fault, "type")).upper() == "AUTHENTICATION" and not codes & (
        _NOT_ALLOWED | _NOT_THERE
    ):
        codes |= _TOKEN_REFUSED
    return frozenset(codes)


def _fault(answer: object) -> object:
    """Return the fault object, which comes capitalised or not depending on who refused."""
    return _member(answer, "fault")


def _member(part: object, name: str) -> object:
    if not isinstance(part, dict):
        return None
    return part.get(name) or part.get(name.capitalize())


def _code(error: object) -> str:
    code = str(_member(error, "code") or "").lstrip("0")
    found = _CODE_IN_MESSAGE.search(str(_member(error, "message") or ""))
    return code or (found.group(1) if found else "")
