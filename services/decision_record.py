"""What a decision came to: told to the person, and written down with the change itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from services.audit import AuditAction, record_event
from services.sign_ins import SignedIn


class AlreadyDecided(Exception):
    """None of the customers is in the state any more that the decision starts from."""


class RowsChanged(Exception):
    """Everybody who was meant has changed since the person looked."""


@dataclass(frozen=True, slots=True)
class Decision:
    """How many rows changed; `batch` names them all, to take the decision back at once.

    `changed` rows were left because they are not any more what the person saw, `passed` ones
    because they are not in a state for it. `replaced` are some of `count`: somebody had decided
    otherwise about them before.
    """

    batch: str
    count: int
    changed: int = 0
    passed: int = 0
    replaced: int = 0


def end_decision(
    session: Session,
    who: SignedIn,
    decision: Decision,
    *,
    action: AuditAction,
    detail: str = "",
    now: datetime,
) -> Decision:
    """Write the decision down and commit, or undo it all where it came to nothing. Commits.

    `detail` is the number of rows unless told. Raises RowsChanged and AlreadyDecided.
    """
    if not decision.count:
        session.rollback()
        raise RowsChanged if decision.changed else AlreadyDecided
    record_event(
        session,
        company_id=who.company_id,
        user_id=who.user_id,
        action=action,
        subject="remote customers",
        detail=detail or str(decision.count),
        now=now,
    )
    session.commit()
    return decision
