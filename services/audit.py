"""Write down who did what. Details hold counts and ids, never customers' names."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from models import AuditEvent


class AuditAction(StrEnum):
    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    IGNORED = "ignored"
    RESTORED = "restored"
    CHOSEN = "decided"
    TAKEN_BACK = "decision taken back"
    TOLD_APART = "told apart"
    TOGETHER = "no longer told apart"
    IMPORTED = "imported"
    STOPPED = "import stopped"
    UNDO_STOPPED = "undo stopped"
    UNDONE = "import undone"
    CUSTOMER_ADDED = "customer added"
    CUSTOMER_EDITED = "customer edited"
    TOOK_THEIRS = "took theirs"
    CUSTOMER_REMOVED = "customer removed"
    CUSTOMER_ERASED = "customer erased"
    UNLINKED = "unlinked"
    RECHECK_CHANGED = "re-check changed"
    COUNTING_CHANGED = "counting changed"
    REPORT_CHANGED = "report changed"
    REPORT_SENT_AGAIN = "report sent again"
    RECIPIENT_ASKED = "recipient asked"
    RECIPIENT_CONFIRMED = "recipient confirmed"
    UNSUBSCRIBED = "unsubscribed"
    RESUBSCRIBED = "resubscribed"
    USER_ADDED = "user added"
    ROLE_CHANGED = "role changed"
    USER_DISABLED = "user disabled"
    USER_ENABLED = "user enabled"
    INVITED = "invited"
    INVITATION_WITHDRAWN = "invitation withdrawn"
    JOINED = "joined"
    EMAIL_CHANGE_ASKED = "change of e-mail asked"
    EMAIL_CHANGE_WITHDRAWN = "change of e-mail withdrawn"
    EMAIL_CHANGED = "e-mail changed"
    PASSWORD_RESET = "password reset"  # noqa: S105  (the name of an action)
    PASSWORD_CHANGED = "password changed"  # noqa: S105  (the name of an action)
    NAME_CHANGED = "name changed"
    SIGNED_OUT_ELSEWHERE = "signed out elsewhere"


def record_event(
    session: Session,
    *,
    company_id: int,
    user_id: int | None,
    action: AuditAction,
    subject: str,
    detail: str = "",
    now: datetime,
) -> None:
    """Add the event to the caller's transaction, so that it exists exactly if the change does."""
    event = AuditEvent(
        company_id=company_id,
        user_id=user_id,
        action=action.value,
        subject=subject,
        detail=detail,
        at=now,
    )
    session.add(event)
