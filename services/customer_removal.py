"""Remove customers here, with everything that hangs on them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy.orm import Session

from models import WhyUnsynced
from services.accounts import SignedIn
from services.customers import UnknownCustomer as UnknownCustomer


def remove_customer(session: Session, who: SignedIn, public_id: str, *, now: datetime) -> None:
    """Remove a customer of the company; whoever it was linked to is unsynced again. Commits.

    Raises UnknownCustomer.
    """
    raise NotImplementedError


def remove_rows(
    session: Session,
    company_id: int,
    customer_ids: Collection[int],
    *,
    why: WhyUnsynced = WhyUnsynced.REMOVED_HERE,
    now: datetime,
) -> None:
    """Remove customers of the company, up to some hundred, in the caller's transaction."""
    raise NotImplementedError
