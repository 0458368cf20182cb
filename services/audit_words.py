"""What the audit says in words: the kind of each action, and its sentence; pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from services.audit import AuditAction
from services.providers.contract import ProviderKey
from services.providers.registry import provider_profile

_COUNT = re.compile(r"(\d+)(?: (.*))?")
_FIELDS = {"company_name": "company", "email": "e-mail"}


class AuditKind(StrEnum):
    """What an action is about; the words stand in addresses. ALL filters nothing."""

    ALL = "all"
    CONNECTIONS = "connections"
    IMPORTS = "imports"
    DECISIONS = "decisions"
    CUSTOMERS = "customers"
    REPORT = "report"
    USERS = "users"


@dataclass(frozen=True, slots=True)
class AuditWords:
    """What was done, and the detail beside it, "" where the first says it all."""

    what: str
    detail: str = ""


KINDS: Mapping[AuditAction, AuditKind] = MappingProxyType(
    {
        AuditAction.CONNECTED: AuditKind.CONNECTIONS,
        AuditAction.DISCONNECTED: AuditKind.CONNECTIONS,
        AuditAction.RECHECK_CHANGED: AuditKind.CONNECTIONS,
        AuditAction.COUNTING_CHANGED: AuditKind.CONNECTIONS,
        AuditAction.IMPORTED: AuditKind.IMPORTS,
        AuditAction.STOPPED: AuditKind.IMPORTS,
        AuditAction.UNDO_STOPPED: AuditKind.IMPORTS,
        AuditAction.UNDONE: AuditKind.IMPORTS,
        AuditAction.IGNORED: AuditKind.DECISIONS,
        AuditAction.RESTORED: AuditKind.DECISIONS,
        AuditAction.CHOSEN: AuditKind.DECISIONS,
        AuditAction.TAKEN_BACK: AuditKind.DECISIONS,
        AuditAction.TOLD_APART: AuditKind.DECISIONS,
        AuditAction.TOGETHER: AuditKind.DECISIONS,
        AuditAction.CUSTOMER_ADDED: AuditKind.CUSTOMERS,
        AuditAction.CUSTOMER_EDITED: AuditKind.CUSTOMERS,
        AuditAction.CUSTOMER_REMOVED: AuditKind.CUSTOMERS,
        AuditAction.CUSTOMER_ERASED: AuditKind.CUSTOMERS,
        AuditAction.UNLINKED: AuditKind.CUSTOMERS,
        AuditAction.TOOK_THEIRS: AuditKind.CUSTOMERS,
        AuditAction.REPORT_CHANGED: AuditKind.REPORT,
        AuditAction.REPORT_SENT_AGAIN: AuditKind.REPORT,
        AuditAction.RECIPIENT_ASKED: AuditKind.REPORT,
        AuditAction.RECIPIENT_CONFIRMED: AuditKind.REPORT,
        AuditAction.UNSUBSCRIBED: AuditKind.REPORT,
        AuditAction.RESUBSCRIBED: AuditKind.REPORT,
        AuditAction.USER_ADDED: AuditKind.USERS,
        AuditAction.ROLE_CHANGED: AuditKind.USERS,
        AuditAction.USER_DISABLED: AuditKind.USERS,
        AuditAction.USER_ENABLED: AuditKind.USERS,
        AuditAction.INVITED: AuditKind.USERS,
        AuditAction.INVITATION_WITHDRAWN: AuditKind.USERS,
        AuditAction.JOINED: AuditKind.USERS,
        AuditAction.EMAIL_CHANGE_ASKED: AuditKind.USERS,
        AuditAction.EMAIL_CHANGE_WITHDRAWN: AuditKind.USERS,
        AuditAction.EMAIL_CHANGED: AuditKind.USERS,
        AuditAction.PASSWORD_RESET: AuditKind.USERS,
        AuditAction.PASSWORD_CHANGED: AuditKind.USERS,
        AuditAction.NAME_CHANGED: AuditKind.USERS,
        AuditAction.SIGNED_OUT_ELSEWHERE: AuditKind.USERS,
    }
)
# {provider} and {count} are filled in; whatever else an event holds becomes its detail.
_WHAT: Mapping[AuditAction, str] = MappingProxyType(
    {
        AuditAction.CONNECTED: "Connected {provider}",
        AuditAction.DISCONNECTED: "Disconnected {provider}",
        AuditAction.RECHECK_CHANGED: "Changed the daily check of {provider}",
        AuditAction.COUNTING_CHANGED: "Changed who counts in {provider}",
        AuditAction.IMPORTED: "Imported customers",
        AuditAction.STOPPED: "Stopped an import",
        AuditAction.UNDO_STOPPED: "Stopped an undo",
        AuditAction.UNDONE: "Undid an import",
        AuditAction.IGNORED: "Ignored {count}",
        AuditAction.RESTORED: "Restored {count}",
        AuditAction.CHOSEN: "Decided about {count}",
        AuditAction.TAKEN_BACK: "Took back the decision about {count}",
        AuditAction.TOLD_APART: "Noted that two are not the same",
        AuditAction.TOGETHER: "Took back that two are not the same",
        AuditAction.CUSTOMER_ADDED: "Added a customer",
        AuditAction.CUSTOMER_EDITED: "Changed a customer",
        AuditAction.CUSTOMER_REMOVED: "Removed a customer",
        AuditAction.CUSTOMER_ERASED: "Erased a customer for good",
        AuditAction.UNLINKED: "Unlinked a customer from {provider}",
        AuditAction.TOOK_THEIRS: "Took what the accounting software says",
        AuditAction.REPORT_CHANGED: "Changed the daily report",
        AuditAction.REPORT_SENT_AGAIN: "Sent a daily report again",
        AuditAction.RECIPIENT_ASKED: "Asked a recipient of the daily report again",
        AuditAction.RECIPIENT_CONFIRMED: "Agreed to get the daily report",
        AuditAction.UNSUBSCRIBED: "Left the daily report",
        AuditAction.RESUBSCRIBED: "Came back to the daily report",
        AuditAction.USER_ADDED: "Added a user",
        AuditAction.ROLE_CHANGED: "Changed the role of a user",
        AuditAction.USER_DISABLED: "Disabled a user",
        AuditAction.USER_ENABLED: "Enabled a user again",
        AuditAction.INVITED: "Invited somebody",
        AuditAction.INVITATION_WITHDRAWN: "Withdrew an invitation",
        AuditAction.JOINED: "Joined by invitation",
        AuditAction.EMAIL_CHANGE_ASKED: "Asked to change the e-mail",
        AuditAction.EMAIL_CHANGE_WITHDRAWN: "Withdrew the change of e-mail",
        AuditAction.EMAIL_CHANGED: "Changed the e-mail",
        AuditAction.PASSWORD_RESET: "Got a new password",
        AuditAction.PASSWORD_CHANGED: "Changed their password",
        AuditAction.NAME_CHANGED: "Changed their name",
        AuditAction.SIGNED_OUT_ELSEWHERE: "Signed out everywhere else",
    }
)
_OF_CUSTOMER = frozenset(
    {
        AuditAction.CUSTOMER_ADDED,
        AuditAction.CUSTOMER_EDITED,
        AuditAction.UNLINKED,
        AuditAction.TOOK_THEIRS,
    }
)
_BY_RECIPIENT = frozenset(
    {AuditAction.RECIPIENT_CONFIRMED, AuditAction.UNSUBSCRIBED, AuditAction.RESUBSCRIBED}
)
_OF_USER = frozenset(
    {AuditAction.ROLE_CHANGED, AuditAction.USER_DISABLED, AuditAction.USER_ENABLED}
)
_WITHOUT_DETAIL = frozenset({AuditAction.TOLD_APART, AuditAction.TOGETHER})


def actions_of(kind: AuditKind) -> tuple[AuditAction, ...]:
    """Return the actions of a kind; of ALL every one that is known."""
    return tuple(action for action, its in KINDS.items() if kind in (its, AuditKind.ALL))


def is_about_run(action: str) -> bool:
    """Say whether the subject of the action is an import run."""
    return action in actions_of(AuditKind.IMPORTS)


def is_about_customer(action: str) -> bool:
    """Say whether the subject of the action is a customer who may still be here."""
    return action in _OF_CUSTOMER


def is_about_user(action: str) -> bool:
    """Say whether the subject of the action is a user of the company."""
    return action in _OF_USER


def tell_event(action: str, *, subject: str, detail: str) -> AuditWords:
    """Return an event in words; an action of another release in its own."""
    try:
        known = AuditAction(action)
    except ValueError:
        return AuditWords(action[:1].upper() + action[1:], detail)
    what = _WHAT[known]
    if "{provider}" in what:
        return _of_provider(known, what, subject=subject, detail=detail)
    if "{count}" in what:
        return _of_count(what, detail)
    return AuditWords(what, _detail(known, subject=subject, detail=detail))


def tell_who(action: str, user_name: str | None) -> str:
    """Return who did it, in words where it was no user."""
    if user_name is not None:
        return user_name
    return "a recipient" if action in _BY_RECIPIENT else "the command line"


def _of_provider(action: AuditAction, what: str, *, subject: str, detail: str) -> AuditWords:
    # Who was unlinked is the subject, so the provider stands in the detail.
    in_detail = action is AuditAction.UNLINKED
    name = detail if in_detail else subject
    try:
        name = provider_profile(ProviderKey(name)).short_name
    except ValueError:
        name = "the accounting software"
    return AuditWords(what.format(provider=name), "" if in_detail else detail)


def _of_count(what: str, detail: str) -> AuditWords:
    found = _COUNT.fullmatch(detail)
    if found is None:
        return AuditWords(what.format(count="customers"), detail)
    number = int(found[1])
    noun = "customer" if number == 1 else "customers"
    return AuditWords(what.format(count=f"{number:,} {noun}"), found[2] or "")


def _detail(action: AuditAction, *, subject: str, detail: str) -> str:
    if action in _WITHOUT_DETAIL:
        return ""
    if KINDS[action] is AuditKind.USERS:
        return detail or subject
    if action in (AuditAction.CUSTOMER_EDITED, AuditAction.TOOK_THEIRS):
        return ", ".join(_FIELDS.get(field, field) for field in detail.split(", "))
    if action in (AuditAction.CUSTOMER_REMOVED, AuditAction.CUSTOMER_ERASED):
        found = _COUNT.fullmatch(detail)
        number = int(found[1]) if found else 0
        return f"{number:,} {'link' if number == 1 else 'links'} ended" if number else ""
    return detail
