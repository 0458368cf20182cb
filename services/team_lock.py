"""The lock under which a company's admins change who works there."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Role, User
from services.account_errors import NoLongerAdmin
from services.sign_ins import SignedIn


def lock_team(session: Session, who: SignedIn) -> Sequence[User]:
    """Return everybody of the company as they stand, until the caller's transaction ends.

    Not one row but all are locked, in one order: whether somebody is the last admin depends on
    the others. What only refers to a user waits for nobody. Whoever asks is looked at again under
    the lock: two admins may be taking each other's role. Raises NoLongerAdmin, rolled back.
    """
    query = select(User).where(User.company_id == who.company_id).order_by(User.id)
    locked = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    users = session.scalars(locked).all()
    if not any(user.id == who.user_id and is_active_admin(user) for user in users):
        session.rollback()
        raise NoLongerAdmin("Somebody else has just changed what you may do.")
    return users


def is_active_admin(user: User) -> bool:
    """Say whether the user is an admin who can sign in; pure."""
    return user.role is Role.ADMIN and not user.is_disabled
