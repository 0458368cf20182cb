"""End links: the customer stays here, the remote customer is unsynced again."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy.orm import Session

from models import RemoteAccount, WhyUnsynced
from services.accounts import SignedIn
from services.providers.contract import ProviderKey

#: A remote id, and the customer it is linked to.
Pair = tuple[str, int]


class UnknownLink(Exception):
    """The company has no such customer, or it is not linked to that remote customer any more."""


def unlink(
    session: Session,
    who: SignedIn,
    customer_public_id: str,
    *,
    provider: ProviderKey,
    remote_id: str,
    now: datetime,
) -> None:
    """End one link by hand; a person decides before it is imported again. Commits.

    What the link filled in stays. Raises UnknownLink.
    """
    raise NotImplementedError


def unlink_rows(
    session: Session,
    account: RemoteAccount,
    pairs: Collection[Pair],
    *,
    why: WhyUnsynced,
    run_id: int | None,
    user_id: int | None = None,
    now: datetime,
) -> None:
    """End links of an account, in the caller's transaction, with an event for each customer."""
    raise NotImplementedError
