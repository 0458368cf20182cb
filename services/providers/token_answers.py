"""Read what a token or revoke endpoint answered. Pure: a reply and the time go in.

Two mistakes are expensive here. Losing a token that was just issued ends the connection, because
the old one may be spent; so a doubtful lifetime never discards a good token. And calling a
passing trouble "disconnected" sends an admin to reconnect for nothing; so only `invalid_grant`
with status 400 does that.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from services.providers.contract import (
    ProviderError,
    ProviderUnavailable,
    ReconnectRequired,
    ScopeMissing,
    TokenSet,
    WrongCredentials,
)
from services.providers.strict_json import NotStrictJson, read_strictly
from services.providers.transport import Reply

#: Assumed where `expires_in` cannot be true: short enough that a wrong guess costs one refusal.
ASSUMED_ACCESS_LIFE_S = 1_800
ACCESS_LIFE_MAX_S = 86_400
#: An answer just received whose token ends sooner than this was dated by an earlier token.
FRESH_LIFE_MIN = timedelta(minutes=5)
#: Intuit's hard end of a permission is five years (blogs.intuit.com, post of 2025-11-12, read
#: 2026-11-22); a longer promise is not believed.
REFRESH_LIFE_MAX_S = 5 * 366 * 86_400

#: RFC 6749 section 5.2: the client is not who it says, or may not use this grant at all.
_OUR_FAULTS = frozenset({"invalid_client", "unauthorized_client"})
_ALREADY_ENDED = frozenset({"invalid_grant", "invalid_token"})
_TOKEN = re.compile(r"[\x21-\x7e]{1,8192}")
_WHOLE_NUMBER = re.compile(r"[0-9]{1,15}")


def read_tokens(
    reply: Reply,
    *,
    now: datetime,
    kept_refresh_token: str = "",
    needed_scope: str = "",
    refresh_life_s: int | None = None,
) -> TokenSet:
    """Make a TokenSet of a token endpoint's answer.

    `kept_refresh_token` stays in use where the answer brings none, `refresh_life_s` is its life
    where the answer tells none. Raises ReconnectRequired, ScopeMissing where the answer names
    scopes and `needed_scope` is none of them, WrongCredentials, ProviderUnavailable or
    UnreadableAnswer.
    """
    if reply.status != 200:
        raise _refusal(reply)
    answer = _answer(reply)
    access_token = _token(answer.get("access_token"))
    refresh_token = _token(answer.get("refresh_token")) or kept_refresh_token
    if "error" in answer or not access_token or not refresh_token:
        raise reply.unreadable("The answer holds no tokens.")
    return TokenSet(
        access_token=access_token,
        refresh_token=refresh_token,
        access_expires_at=_access_expires_at(answer, now),
        refresh_expires_at=_end_of(answer.get("x_refresh_token_expires_in"), now)
        or _end_of(refresh_life_s, now),
        hard_expires_at=_end_of(answer.get("x_refresh_token_hard_expires_in"), now),
        scope=_scope(reply, answer, needed_scope),
    )


def read_revocation(reply: Reply) -> None:
    """Accept that the permission was given back or had ended already; raise for the rest."""
    if 200 <= reply.status < 300:
        return
    if reply.status == 400 and _error_code(reply) in _ALREADY_ENDED:
        return
    raise _refusal(reply)


def _refusal(reply: Reply) -> ProviderError:
    code, status = _error_code(reply), reply.status
    if status == 400 and code == "invalid_grant":
        return reply.error(ReconnectRequired, "The provider says that this permission ended.")
    if status in (400, 401) and code in _OUR_FAULTS:
        return _our_fault(reply)
    if _is_page(reply):
        return _page_error(reply)
    if status == 401 and not code:
        # The status is there for clients that are not who they say, RFC 6749 section 5.2.
        return _our_fault(reply)
    return reply.unreadable("The provider refused without a reason that can be read.")


def _our_fault(reply: Reply) -> WrongCredentials:
    return reply.error(WrongCredentials, "The provider refused BlueClerk's client id or secret.")


def _answer(reply: Reply) -> dict[str, Any]:
    if _is_page(reply):
        raise _page_error(reply)
    return reply.json_object()


def _page_error(reply: Reply) -> ProviderUnavailable:
    return reply.error(ProviderUnavailable, "The provider answered with a page for people.")


def _is_page(reply: Reply) -> bool:
    """Recognise a maintenance page, which says nothing about the permission."""
    return reply.body.lstrip()[:1] == b"<"


def _error_code(reply: Reply) -> str:
    try:
        answer = read_strictly(reply.body)
    except NotStrictJson:
        return ""
    code = answer.get("error") if isinstance(answer, dict) else None
    return code if isinstance(code, str) else ""


def _scope(reply: Reply, answer: dict[str, Any], needed_scope: str) -> str:
    value = answer.get("scope")
    scope = value[:1_000] if isinstance(value, str) else ""
    if scope.strip() and needed_scope and needed_scope not in scope.split():
        raise reply.error(ScopeMissing, "The permission does not cover customers.")
    return scope


def _token(value: object) -> str:
    """Return a token that can travel in a header, or an empty text."""
    return value if isinstance(value, str) and _TOKEN.fullmatch(value) else ""


def _access_expires_at(answer: dict[str, Any], now: datetime) -> datetime:
    """Return the end of the access token, counted from where it was issued.

    FreshBooks counts from `created_at`, and a refresh may repeat the one of the first token
    (InfiniteRoomLabs/freshbooks-tools, docs/authentication.md, read 2026-11-22): an end that
    has passed, or nearly, cannot be that of a token received just now.
    """
    issued_at = _issued_at(answer.get("created_at"), now)
    expires_at = issued_at + timedelta(seconds=_access_life_s(answer.get("expires_in")))
    if issued_at < now and expires_at - now < FRESH_LIFE_MIN:
        return now + timedelta(seconds=ASSUMED_ACCESS_LIFE_S)
    return expires_at


def _issued_at(value: object, now: datetime) -> datetime:
    """Return the moment of issue; now, where it is nonsense or by our clock still to come."""
    seconds = _whole_number(value)
    is_past = 0 < seconds <= now.timestamp()
    return datetime.fromtimestamp(seconds, UTC) if is_past else now


def _access_life_s(value: object) -> int:
    life_s = _whole_number(value)
    return min(life_s, ACCESS_LIFE_MAX_S) if life_s > 0 else ASSUMED_ACCESS_LIFE_S


def _end_of(life: object, now: datetime) -> datetime | None:
    life_s = _whole_number(life)
    return now + timedelta(seconds=life_s) if 0 < life_s <= REFRESH_LIFE_MAX_S else None


def _whole_number(value: object) -> int:
    """Return a number given as number or as text; 0 for anything else."""
    is_number = isinstance(value, int) and not isinstance(value, bool)
    text = str(value) if is_number or isinstance(value, str) else ""
    return int(text) if _WHOLE_NUMBER.fullmatch(text) else 0
