"""The people of a company: who they are, what each may do, and who may not sign in any more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from models import Frequency, LinkPurpose, OneTimeLink, ReportSettings, Role, SignIn, User
from services.account_errors import LastAdmin, UnknownUser
from services.audit import AuditAction, record_event
from services.invitations import InvitationView, list_invitations
from services.one_time_links import end_links
from services.report_recipients import (
    RecipientState,
    RecipientView,
    begin_today,
    list_recipients,
)
from services.sign_ins import SignedIn, end_all_sign_ins
from services.team_lock import is_active_admin, lock_team

#: Sign-ins of longer ago may have been forgotten.
SEEN_WITHIN = timedelta(days=30)


class ReportShare(StrEnum):
    """How the daily report reaches somebody of the team, in words."""

    DAILY = "gets it"
    WEEKLY = "weekly"
    OFF = "off"
    UNSUBSCRIBED = "unsubscribed"
    PAUSED = "paused"
    NONE = ""


@dataclass(frozen=True, slots=True)
class Person:
    """A user of the company. `is_last_admin` is whom the company cannot lose."""

    public_id: str
    name: str
    email: str
    role: Role
    is_disabled: bool
    is_last_admin: bool


@dataclass(frozen=True, slots=True)
class TeamMember(Person):
    """A user as the team's page shows them.

    `last_seen_at` is None where no sign-in is remembered; `is_new` tells that there may never
    have been one.
    """

    last_seen_at: datetime | None
    is_new: bool
    report: ReportShare


@dataclass(frozen=True, slots=True)
class TeamView:
    """Everybody of the company, the disabled ones last, and who is invited."""

    people: tuple[TeamMember, ...]
    invitations: tuple[InvitationView, ...]
    is_report_on: bool


def view_team(session: Session, company_id: int, *, now: datetime) -> TeamView:
    """Return the team and its invitations. Changes nothing. A few statements, whatever its size."""
    users = _users(session, company_id)
    recipients = {each.address.lower(): each for each in list_recipients(session, company_id)}
    is_on = select(ReportSettings.is_on).where(ReportSettings.company_id == company_id)
    last_seen = _last_seen(session, company_id)
    people = [
        TeamMember(
            public_id=user.public_id,
            name=user.name,
            email=user.email,
            role=user.role,
            is_disabled=user.is_disabled,
            is_last_admin=_is_last_admin(user, users),
            last_seen_at=last_seen.get(user.id),
            is_new=now - user.created_at < SEEN_WITHIN,
            report=_share(recipients.get(user.email)),
        )
        for user in users
    ]
    people.sort(key=lambda each: each.is_disabled)
    return TeamView(
        people=tuple(people),
        invitations=list_invitations(session, company_id, now=now),
        is_report_on=bool(session.scalar(is_on)),
    )


def find_member(session: Session, company_id: int, public_id: str) -> Person:
    """Return one of the team. One statement. Raises UnknownUser."""
    other = aliased(User)
    others = select(func.count()).where(
        other.company_id == company_id,
        other.role == Role.ADMIN,
        other.is_disabled.is_(False),
        other.public_id != public_id,
    )
    query = select(User, others.scalar_subquery()).where(
        User.company_id == company_id, User.public_id == public_id
    )
    found = session.execute(query).one_or_none()
    if found is None:
        raise UnknownUser("Nobody of this company has that address.")
    user, other_admins = found
    return Person(
        public_id=user.public_id,
        name=user.name,
        email=user.email,
        role=user.role,
        is_disabled=user.is_disabled,
        is_last_admin=is_active_admin(user) and other_admins == 0,
    )


def change_role(
    session: Session, who: SignedIn, public_id: str, *, role: Role, now: datetime
) -> None:
    """Give somebody another role, from their next request on. Commits.

    The role that somebody has already changes nothing. Of whoever is no admin any more the open
    invitations end. Raises UnknownUser, LastAdmin or NoLongerAdmin.
    """

    def change(user: User, users: Sequence[User]) -> tuple[AuditAction, str] | None:
        if user.role is role:
            return None
        if role is not Role.ADMIN:
            _refuse_last_admin(user, users)
        words = f"{user.role} to {role}"
        user.role = role
        if role is not Role.ADMIN:
            _end_invitations(session, user, now=now)
        return AuditAction.ROLE_CHANGED, words

    _change(session, who, public_id, change, now=now)


def disable_user(session: Session, who: SignedIn, public_id: str, *, now: datetime) -> None:
    """Let somebody sign in no more, and sign them out everywhere at once. Commits.

    Links to a new password or e-mail that were mailed to them end, and so do the open invitations
    that they sent; what they connected or started goes on. Raises UnknownUser, LastAdmin or
    NoLongerAdmin.
    """

    def change(user: User, users: Sequence[User]) -> tuple[AuditAction, str] | None:
        if user.is_disabled:
            return None
        _refuse_last_admin(user, users)
        user.is_disabled = True
        end_all_sign_ins(session, user.id, now=now)
        end_links(session, OneTimeLink.user_id == user.id, now=now)
        _end_invitations(session, user, now=now)
        return AuditAction.USER_DISABLED, user.role.value

    _change(session, who, public_id, change, now=now)


def enable_user(session: Session, who: SignedIn, public_id: str, *, now: datetime) -> None:
    """Let somebody sign in again, with the role and the password of before. Commits.

    Their reports begin with today's local day. Raises UnknownUser or NoLongerAdmin.
    """

    def change(user: User, _users: Sequence[User]) -> tuple[AuditAction, str] | None:
        if not user.is_disabled:
            return None
        user.is_disabled = False
        begin_today(session, user.company, user.email, now=now)
        return AuditAction.USER_ENABLED, user.role.value

    _change(session, who, public_id, change, now=now)


def _end_invitations(session: Session, user: User, *, now: datetime) -> None:
    sent = (OneTimeLink.created_by_id == user.id, OneTimeLink.purpose == LinkPurpose.INVITATION)
    end_links(session, *sent, now=now)


def _change(
    session: Session,
    who: SignedIn,
    public_id: str,
    change: Callable[[User, Sequence[User]], tuple[AuditAction, str] | None],
    *,
    now: datetime,
) -> None:
    """Change one user while all of the company stay as they are, and write it down."""
    users = lock_team(session, who)
    try:
        user = next((each for each in users if each.public_id == public_id), None)
        if user is None:
            raise UnknownUser("Nobody of this company has that address.")
        done = change(user, users)
    except (LastAdmin, UnknownUser):
        session.rollback()
        raise
    if done is not None:
        action, detail = done
        record_event(
            session,
            company_id=who.company_id,
            user_id=who.user_id,
            action=action,
            subject=user.public_id,
            detail=detail,
            now=now,
        )
    session.commit()


def _users(session: Session, company_id: int) -> Sequence[User]:
    return session.scalars(
        select(User).where(User.company_id == company_id).order_by(User.id)
    ).all()


def _refuse_last_admin(user: User, users: Sequence[User]) -> None:
    if _is_last_admin(user, users):
        raise LastAdmin("A company needs an admin who can sign in. Make somebody else one first.")


def _is_last_admin(user: User, users: Sequence[User]) -> bool:
    return is_active_admin(user) and sum(map(is_active_admin, users)) == 1


def _last_seen(session: Session, company_id: int) -> dict[int, datetime]:
    rows = session.execute(
        select(SignIn.user_id, func.max(SignIn.last_seen_at))
        .join(User, User.id == SignIn.user_id)
        .where(User.company_id == company_id)
        .group_by(SignIn.user_id)
    )
    return {user_id: at for user_id, at in rows}


def _share(recipient: RecipientView | None) -> ReportShare:
    if recipient is None or recipient.state is RecipientState.DISABLED:
        return ReportShare.NONE
    is_daily = recipient.frequency is Frequency.DAILY
    return {
        RecipientState.MAILED: ReportShare.DAILY if is_daily else ReportShare.WEEKLY,
        RecipientState.UNSUBSCRIBED: ReportShare.UNSUBSCRIBED,
        RecipientState.PAUSED: ReportShare.PAUSED,
    }.get(recipient.state, ReportShare.OFF)
