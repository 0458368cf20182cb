"""Who is on the list of a company's report, how often, and whether anything is mailed to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, exists, not_, or_, select, update
from sqlalchemy.orm import Session

from models import Company, Frequency, ReportRecipient, Role, User
from services.email_addresses import email_key
from services.local_days import find_zone, start_of_today

#: Whoever was refused this often in a row is not tried again until an admin saves the list.
REFUSALS_IN_A_ROW = 3


class RecipientState(StrEnum):
    """Whether somebody on the list is mailed; of several reasons why not, the one to act on."""

    MAILED = "mailed"
    NOT_CONFIRMED = "not_confirmed"
    DISABLED = "disabled"
    UNSUBSCRIBED = "unsubscribed"
    PAUSED = "paused"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class RecipientWish:
    """Whom an admin wants on the list; the address as it was typed."""

    address: str
    frequency: Frequency


@dataclass(frozen=True, slots=True)
class RecipientView:
    """Somebody who is, or could be, on the list.

    `name` is empty for whoever is no user of the company. A user who is not on the list has no
    `public_id` and is OFF. `confirmation_sent_at` is None while the question still has to go out.
    """

    public_id: str | None
    address: str
    name: str
    frequency: Frequency
    state: RecipientState
    confirmation_sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class ListChanges:
    """How many addresses a new list adds, removes and treats in another way; false for none."""

    added: int = 0
    removed: int = 0
    changed: int = 0

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)

    def words(self) -> tuple[str, ...]:
        """Return what is not zero: 2 added · 1 removed."""
        counts = {"added": self.added, "removed": self.removed, "changed": self.changed}
        return tuple(f"{count:,} {word}" for word, count in counts.items() if count)


def is_mailed(*, agreed_before: datetime | None = None) -> ColumnElement[bool]:
    """Say of a row of ReportRecipient whether reports are mailed there."""
    return and_(
        ReportRecipient.removed_at.is_(None),
        ReportRecipient.unsubscribed_at.is_(None),
        ReportRecipient.refusal_count < REFUSALS_IN_A_ROW,
        ReportRecipient.frequency != Frequency.OFF,
        has_agreed(before=agreed_before),
    )


def has_agreed(*, before: datetime | None = None) -> ColumnElement[bool]:
    """Say of a row of ReportRecipient whether the address may be mailed to.

    Of a user of the company the account decides, of anybody else the confirmation: any, or one
    from before that moment.
    """
    confirmed_at = ReportRecipient.confirmed_at
    is_confirmed = confirmed_at.is_not(None) if before is None else confirmed_at < before
    return or_(
        _is_user(User.is_disabled.is_(False)),
        and_(is_confirmed, not_(_is_user())),
    )


def is_unasked() -> ColumnElement[bool]:
    """Say of a row of ReportRecipient whether the question has to go out before any report."""
    return and_(
        is_askable(),
        ReportRecipient.frequency != Frequency.OFF,
        ReportRecipient.confirmation_sent_at.is_(None),
        ReportRecipient.refusal_count < REFUSALS_IN_A_ROW,
    )


def is_askable() -> ColumnElement[bool]:
    """Say of a row of ReportRecipient whether its confirmation is still open."""
    return and_(
        ReportRecipient.removed_at.is_(None),
        ReportRecipient.unsubscribed_at.is_(None),
        ReportRecipient.confirmed_at.is_(None),
        not_(_is_user()),
    )


def agree_as_user(session: Session, company: Company, email: str, *, now: datetime) -> None:
    """Begin today with whoever was on the list unconfirmed and is a user from now on.

    Joins the caller's transaction.
    """
    begin_today(session, company, email, ReportRecipient.confirmed_at.is_(None), now=now)


def begin_today(
    session: Session, company: Company, email: str, *conditions: ColumnElement[bool], now: datetime
) -> None:
    """Mail whoever may be mailed from now on nothing of the days before.

    Joins the caller's transaction.
    """
    session.execute(
        update(ReportRecipient)
        .where(
            ReportRecipient.company_id == company.id,
            ReportRecipient.address_key == email,
            *conditions,
        )
        .values(reported_from_at=start_of_today(find_zone(company.zone), now=now))
    )


def list_recipients(session: Session, company_id: int) -> tuple[RecipientView, ...]:
    """Return every active user of the company, then the others on the list. Two statements."""
    users = _users(session, company_id)
    listed = {
        row.address_key: row
        for row in session.scalars(
            select(ReportRecipient)
            .where(ReportRecipient.company_id == company_id, ReportRecipient.removed_at.is_(None))
            .order_by(ReportRecipient.id)
        )
    }
    active = {key: user for key, user in users.items() if not user.is_disabled}
    return (
        *(_view_user(user, listed.get(key)) for key, user in active.items()),
        *(_view(row, users.get(key)) for key, row in listed.items() if key not in active),
    )


def find_role(session: Session, recipient: ReportRecipient) -> Role | None:
    """Return what the recipient may see of the company in BlueClerk, or None. One statement."""
    query = select(User.role).where(
        User.company_id == recipient.company_id,
        User.email == recipient.address_key,
        User.is_disabled.is_(False),
    )
    return session.scalar(query)


def store_recipients(
    session: Session,
    company_id: int,
    wishes: Sequence[RecipientWish],
    *,
    asked_by_id: int,
    today_at: datetime,
    now: datetime,
) -> ListChanges:
    """Take off the list who is not named, and put on it who is, in the caller's transaction.

    The addresses were checked, and each occurs once. Whoever comes on the list, or is mailed
    again after OFF, begins with today's local day.
    """
    query = select(ReportRecipient).where(ReportRecipient.company_id == company_id)
    known = {row.address_key: row for row in session.scalars(query)}
    users = _users(session, company_id)
    wanted = {email_key(wish.address): wish for wish in wishes}
    gone = [row for key, row in known.items() if key not in wanted and row.removed_at is None]
    for row in gone:
        row.removed_at = now
    added = changed = 0
    for key, wish in wanted.items():
        row = known.get(key) or _new_row(company_id, key, today_at=today_at)
        is_on_list = key in known and row.removed_at is None
        if not is_on_list and wish.frequency is Frequency.OFF and key in users:
            continue
        if not is_on_list:
            row.asked_by_id = asked_by_id
            row.confirmation_sent_at = None
        added += not is_on_list
        changed += is_on_list and _differs(row, wish)
        _put_on(row, wish, today_at=today_at)
        session.add(row)
    return ListChanges(added=added, removed=len(gone), changed=changed)


def _new_row(company_id: int, key: str, *, today_at: datetime) -> ReportRecipient:
    """Return a row that is not on the list yet, nor in the session."""
    return ReportRecipient(
        company_id=company_id,
        address_key=key,
        frequency=Frequency.OFF,
        reported_from_at=today_at,
    )


def _differs(row: ReportRecipient, wish: RecipientWish) -> bool:
    """Say whether the wish changes a row on the list; whoever is paused is tried again."""
    stored = (row.address, row.frequency, row.refusal_count < REFUSALS_IN_A_ROW)
    return stored != (wish.address, wish.frequency, True)


def _put_on(row: ReportRecipient, wish: RecipientWish, *, today_at: datetime) -> None:
    was_mailed = row.removed_at is None and row.frequency is not Frequency.OFF
    if not was_mailed:
        row.reported_from_at = today_at
    row.address = wish.address
    row.frequency = wish.frequency
    row.removed_at = None
    row.refusal_count = 0


def _is_user(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(
        User.company_id == ReportRecipient.company_id,
        User.email == ReportRecipient.address_key,
        *conditions,
    )


def _users(session: Session, company_id: int) -> dict[str, User]:
    query = select(User).where(User.company_id == company_id).order_by(User.id)
    return {user.email: user for user in session.scalars(query)}


def _view_user(user: User, row: ReportRecipient | None) -> RecipientView:
    if row is not None:
        return _view(row, user)
    return RecipientView(None, user.email, user.name, Frequency.OFF, RecipientState.OFF, None)


def _view(row: ReportRecipient, user: User | None) -> RecipientView:
    return RecipientView(
        public_id=row.public_id,
        address=row.address,
        name=user.name if user is not None and not user.is_disabled else "",
        frequency=row.frequency,
        state=_state(row, user),
        confirmation_sent_at=row.confirmation_sent_at,
    )


def _state(row: ReportRecipient, user: User | None) -> RecipientState:
    if row.unsubscribed_at is not None:
        return RecipientState.UNSUBSCRIBED
    if row.frequency is Frequency.OFF:
        return RecipientState.OFF
    if user is not None and user.is_disabled:
        return RecipientState.DISABLED
    if row.refusal_count >= REFUSALS_IN_A_ROW:
        return RecipientState.PAUSED
    if user is None and row.confirmed_at is None:
        return RecipientState.NOT_CONFIRMED
    return RecipientState.MAILED
