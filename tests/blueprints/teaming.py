"""What the tests of the team's pages share: an invitation, and who may do what."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import LinkPurpose, OneTimeLink, Role, User
from tests.factories import NOW

PAGE = "/settings/team"
KIM = "kim@example.com"


def make_invitation(session: Session, people: SimpleNamespace, **overrides: object) -> OneTimeLink:
    values = {
        "company_id": people.company.id,
        "purpose": LinkPurpose.INVITATION,
        "email": KIM,
        "role": Role.MEMBER,
        "created_at": NOW - timedelta(days=2),
        "expires_at": NOW + timedelta(days=5),
        "sent_at": NOW - timedelta(days=2),
    }
    link = OneTimeLink(**values | overrides)
    session.add(link)
    session.commit()
    return link


def roles_of(session: Session) -> dict[str, Role | None]:
    """Return the role of each who may sign in, None for who is disabled."""
    session.expire_all()
    users = session.scalars(select(User).order_by(User.id))
    roles = {user.email: None if user.is_disabled else user.role for user in users}
    session.rollback()
    return roles


def invitations_of(session: Session) -> dict[str, bool]:
    """Return who was invited, and whether that still stands."""
    session.expire_all()
    return {link.email: link.ended_at is None for link in session.scalars(select(OneTimeLink))}
