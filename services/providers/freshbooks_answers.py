"""Tell a good answer of the FreshBooks API from its many ways to say no. Pure.

Three families answer in three shapes: accounting `{"response": {"result": …}}` or `{"response":
{"errors": …}}`, identity `{"response": …}` without a result, and a refused token everywhere
`{"error": "unauthenticated", …}` (freshbooks-sdk 1.3.0 and its fixtures; docs/authentication.md of
InfiniteRoomLabs/freshbooks-tools; both read 2026-11-22).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from services.providers.access_tokens import TokenRefused
from services.providers.cleaning import clean_text
from services.providers.contract import (
    AccountGone,
    RemoteAccount,
    ScopeMissing,
)
from services.providers.freshbooks_records import customer_record
from services.providers.replies import Reply
from services.providers.settled_list import ListPage
from services.providers.strict_json import NotStrictJson, read_strictly

#: Ids become part of addresses; the pattern allows what freshbooks-sdk's fixtures show.
ACCOUNT_ID = re.compile(r"[A-Za-z0-9]{1,16}")
#: More clients or pages than this are no books, and their numbers alone would fill the memory.
LIST_MAX = 1_000_000

_THROTTLED = frozenset({"429"})
#: 1003 is seen with 401 and with 403; without a status that says which, a new token decides.
_TOKEN_REFUSED = frozenset({"401", "1003"})
_NOT_ALLOWED = frozenset({"403"})
_WHOLE_NUMBER = re.compile(r"[0-9]{1,12}")


@dataclass(frozen=True, slots=True)
class ClientsPage(ListPage):
    """One page of a list; FreshBooks always tells how long the list is."""

    item_count: int = 0
    page_count: int = 0


def read_clients(reply: Reply, *, account_id: str, token: str) -> ClientsPage:
    """Return one page of clients of exactly this account.

    Raises TokenRefused with `token`, or the ProviderError that a refusal amounts to.
    """
    if reply.status == 404:
        raise reply.error(AccountGone, "FreshBooks knows no such account.")
    result = _read_response(reply, token=token).get("result")
    if not isinstance(result, dict):
        raise reply.unreadable("The answer holds no result.")
    rows = result.get("clients")
    if not isinstance(rows, list):
        raise reply.unreadable("The answer holds no clients.")
    if any(_is_of_another_account(row, account_id) for row in rows):
        raise reply.unreadable("The answer holds clients of another account.")
    records = tuple(filter(None, map(customer_record, rows)))
    return ClientsPage(
        records=records,
        unreadable_count=len(rows) - len(records),
        item_count=_count(result, "total", reply),
        page_count=_count(result, "pages", reply),
        as_of=_answered_at(reply),
    )


def read_accounts(reply: Reply, *, token: str) -> tuple[RemoteAccount, ...]:
    """Return the businesses of the person who gave the permission, by name.

    `roles` in the same answer name accounts as well, but also those where the person is a client
    only (tests/fixtures/auth_me_response.json of freshbooks-sdk 1.3.0, read 2026-11-22).
    """
    memberships = _read_response(reply, token=token).get("business_memberships")
    if not isinstance(memberships, list):
        raise reply.unreadable("The answer names no businesses.")
    accounts = {
        account.remote_account_id: account for account in map(_account, memberships) if account
    }
    return tuple(sorted(accounts.values(), key=lambda a: (a.name.casefold(), a.remote_account_id)))


def _account(membership: object) -> RemoteAccount | None:
    """Return the business of a membership; None for one without books."""
    business = membership.get("business") if isinstance(membership, dict) else None
    if not isinstance(business, dict):
        return None
    account_id = business.get("account_id")
    if not isinstance(account_id, str) or not ACCOUNT_ID.fullmatch(account_id):
        return None
    return RemoteAccount(account_id, clean_text(business.get("name")) or f"Business {account_id}")


def _is_of_another_account(row: object, account_id: str) -> bool:
    named = row.get("accounting_systemid") if isinstance(row, dict) else None
    return isinstance(named, str) and named.strip() not in ("", account_id)


def _count(result: dict[str, Any], name: str, reply: Reply) -> int:
    value = result.get(name)
    text = str(value) if isinstance(value, int | str) else ""
    if not _WHOLE_NUMBER.fullmatch(text) or int(text) > LIST_MAX:
        raise reply.unreadable("The answer does not say how long the list is.")
    return int(text)


def _answered_at(reply: Reply) -> datetime | None:
    """Read the Date header, FreshBooks' own clock."""
    try:
        moment = parsedate_to_datetime(reply.headers.get("Date", ""))
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _read_response(reply: Reply, *, token: str) -> dict[str, Any]:
    if reply.status != 200:
        raise _refusal(reply, token)
    answer = reply.json_object()
    response = answer.get("response")
    if _errors(answer) or not isinstance(response, dict):
        raise _refusal(reply, token)
    return response


def _refusal(reply: Reply, token: str) -> Exception:
    """Say what a refusal amounts to; one may come with status 200."""
    numbers, status = _error_numbers(reply), reply.status
    if numbers & _THROTTLED:
        return reply.asked_to_wait("FreshBooks asked us to wait.")
    if status == 403 or numbers & _NOT_ALLOWED:
        return reply.error(ScopeMissing, "The permission does not cover the clients in FreshBooks.")
    if status == 401 or numbers & _TOKEN_REFUSED:
        return TokenRefused(token, reference=reply.reference)
    return reply.unreadable("FreshBooks refused the question.")


def _error_numbers(reply: Reply) -> frozenset[str]:
    try:
        errors = _errors(read_strictly(reply.body))
    except NotStrictJson:
        return frozenset()
    return frozenset(_number(error) for error in errors)


def _errors(answer: object) -> list[object]:
    """Return the errors of an answer; `errors` is a list or a single object."""
    if not isinstance(answer, dict):
        return []
    if "errno" in answer or answer.get("error"):
        return [answer]
    response = answer.get("response")
    errors = response.get("errors") if isinstance(response, dict) else None
    if not errors:
        return []
    return errors if isinstance(errors, list) else [errors]


def _number(error: object) -> str:
    if not isinstance(error, dict):
        return ""
    return "401" if error.get("error") == "unauthenticated" else str(error.get("errno", ""))[:20]
