"""Tell a good answer of the Xero API from its many ways to say no. Pure.

Shapes: XeroAPI/Xero-OpenAPI e952d0b (v16.1.0); freakboy3742/pyxero issue 337 for today's 401;
developer.xero.com, "API limits" and "response codes" (all read 2026-11-22). The text of the 403
for an organisation that is not connected is a guess. Waits asked for with status 429 are told by
the transport.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.providers.access_tokens import TokenRefused
from services.providers.contract import (
    AccountGone,
    CustomerRecord,
    ProviderUnavailable,
    ScopeMissing,
    UnreadableAnswer,
)
from services.providers.replies import Reply
from services.providers.settled_list import ListPage
from services.providers.strict_json import NotStrictJson, read_strictly
from services.providers.xero_records import contact_record, dotnet_moment

#: Nobody has more contacts; a count above them is a mistake that must not cost calls.
CONTACTS_MAX = 10_000_000


def contact_page(reply: Reply, *, token: str) -> ListPage:
    """Return the contacts of a good answer; rows without an id are counted, not raised.

    Raises TokenRefused with `token`, or the ProviderError that the refusal amounts to.
    """
    answer = read_answer(reply, token=token)
    rows = answer.get("Contacts")
    if not isinstance(rows, list):
        raise reply.unreadable("The answer holds no contacts.")
    records = [record for record in map(_record, rows) if record]
    item_count, page_count = _pagination(answer, reply)
    return ListPage(
        tuple(records),
        len(rows) - len(records),
        item_count=item_count,
        page_count=page_count,
        as_of=dotnet_moment(answer.get("DateTimeUTC")),
    )


def contact_count(reply: Reply, *, token: str) -> int:
    """Return how many contacts the list holds. Raises as contact_page does."""
    item_count, _ = _pagination(read_answer(reply, token=token), reply)
    if item_count is None:
        raise reply.unreadable("The answer holds no count.")
    return item_count


def read_answer(reply: Reply, *, token: str) -> dict[str, Any]:
    """Return the JSON object of a good answer; a refusal may come with status 200."""
    if reply.status == 200:
        answer = reply.json_object()
        if answer.get("Status", "OK") == "OK":
            return answer
    raise refusal(reply, token)


def refusal(reply: Reply, token: str) -> Exception:
    """Make the error that a bad answer amounts to."""
    status, detail = _problem(reply)
    if status == 401 and "authorizationunsuccessful" in detail:
        # A renewed token has the same scopes, so renewing would not help.
        return _scope_missing(reply)
    if status == 401:
        return TokenRefused(token, reference=reply.reference)
    if status == 404 or (status == 403 and "authenticationunsuccessful" in detail):
        return reply.error(AccountGone, "This organisation is not shared with BlueClerk any more.")
    if status == 403:
        return _scope_missing(reply)
    if status == 429:
        return reply.asked_to_wait("Xero asked us to wait.")
    if status >= 500:
        return reply.error(ProviderUnavailable, "Xero could not answer.")
    return reply.unreadable("Xero refused the question.")


def _scope_missing(reply: Reply) -> ScopeMissing:
    return reply.error(ScopeMissing, "The permission in Xero does not cover contacts.")


def _problem(reply: Reply) -> tuple[int, str]:
    """Return status and detail, in small letters, as the body tells them where it does.

    The keys were written small in 2020 and are capitalised now.
    """
    try:
        answer = read_strictly(reply.body)
    except NotStrictJson:
        return reply.status, ""
    fields = answer if isinstance(answer, dict) else {}
    detail = fields.get("Detail") or fields.get("detail")
    told = fields.get("Status") or fields.get("status")
    status = told if reply.status == 200 and isinstance(told, int) else reply.status
    return status, detail.lower() if isinstance(detail, str) else ""


def _pagination(answer: Mapping[str, Any], reply: Reply) -> tuple[int | None, int | None]:
    """Return itemCount and pageCount, None without a `pagination`: there was none before 2024."""
    pagination = answer.get("pagination")
    if pagination is None:
        return None, None
    if isinstance(pagination, dict):
        item_count, page_count = (pagination.get(key) for key in ("itemCount", "pageCount"))
        # Every page but that of an empty list holds at least one contact.
        if (
            type(item_count) is type(page_count) is int
            and 0 <= item_count <= CONTACTS_MAX
            and 0 <= page_count <= max(item_count, 1)
        ):
            return item_count, page_count
    raise reply.unreadable("The answer does not tell how many contacts there are.")


def _record(row: object) -> CustomerRecord | None:
    try:
        return contact_record(row)
    except UnreadableAnswer:
        return None
