"""How many addresses a user may enter in a day: each answer tells whether somebody signs in so."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from services.link_errors import DAY, TooManyAddresses
from services.sign_ins import SignedIn
from services.throttle import allow, hash_key

ADDRESSES_PER_DAY = 20
KIND = "address_asked"


def count_address(session: Session, who: SignedIn, *, now: datetime) -> None:
    """Count one more address, whatever comes of it. Commits. Raises TooManyAddresses."""
    key_hash = hash_key(KIND, str(who.user_id))
    is_allowed = allow(
        session, kind=KIND, key_hash=key_hash, limit=ADDRESSES_PER_DAY, window=DAY, now=now
    )
    session.commit()
    if not is_allowed:
        raise TooManyAddresses
