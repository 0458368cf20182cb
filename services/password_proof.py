"""The password once more, before what a borrowed browser must not be able to do."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import User
from services.passwords import is_password
from services.sign_in_limits import Visitor, count_try, forgive_try
from services.sign_ins import SignedIn, renew_sign_in, still_stands

#: OWASP ASVS 5.0, 7.5.3: what matters most is done by whoever has just shown who it is.
PROOF_LASTS = timedelta(minutes=15)


class WrongPassword(Exception):
    """It is not the password of whoever is signed in. Nothing was changed."""


def is_proved(who: SignedIn, *, now: datetime) -> bool:
    """Say whether the password was typed in this browser lately; signing in counts."""
    return now - who.password_checked_at < PROOF_LASTS


def prove(
    session: Session, who: SignedIn, *, password: str, visitor: Visitor, now: datetime
) -> str:
    """Take the password, and return the token that the browser's cookie holds from now on.

    Commits. Raises WrongPassword, and TooManyTries like a sign-in.
    """
    check_own_password(session, who, password=password, visitor=visitor, now=now)
    token = renew_sign_in(session, who.sign_in_id, now=now)
    session.commit()
    return token


def check_own_password(
    session: Session, who: SignedIn, *, password: str, visitor: Visitor, now: datetime
) -> None:
    """Check the password of whoever is signed in, counted like a sign-in from there.

    Leaves a transaction open in which the user's row stays as it is. Raises WrongPassword and
    TooManyTries, and then none is open.
    """
    tried = count_try(session, email=who.email, visitor=visitor, now=now)
    known_hash = session.scalar(select(User.password_hash).where(User.id == who.user_id)) or ""
    # The transaction ends before the slow hash, so that nobody waits for a lock meanwhile.
    session.rollback()
    if not is_password(known_hash, password) or not still_stands(session, who.user_id, known_hash):
        session.rollback()
        raise WrongPassword
    forgive_try(session, tried)
