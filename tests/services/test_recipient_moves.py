"""The report follows a changed e-mail: no day is lost, none that surely arrived comes again."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Company, DeliveryState, ReportDelivery, ReportRecipient, SkipReason, User
from models.base import new_public_id
from services.due_memory import DueMemory
from services.recipient_moves import move_recipient
from services.report_due import make_due
from services.unsubscription import BadUnsubscribeLink, unsubscribe_token, view_subscription
from tests.factories import NOW, make_report_recipient, make_report_settings
from tests.services.mailing import ADA, Office
from tests.services.reporting import LINK_KEY
from tests.services.support import rows

DAY = timedelta(days=1)
NEW = "ada@example.org"
TODAY_AT = datetime.fromisoformat("2026-11-20T00:00:00+00:00")
BEGIN_AT = TODAY_AT - 10 * DAY
ENDED = (DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.SKIPPED)


@pytest.fixture
def office(office: Office) -> Office:
    """Its report began ten days ago, and today's hour has passed."""
    with office.session() as session:
        company = session.get_one(Company, office.ada.company_id)
        company.zone = "UTC"
        make_report_settings(session, company, reported_from_at=BEGIN_AT)
    return office


def _put_on(session: Session, office: Office, address: str, **values: object) -> ReportRecipient:
    company = session.get_one(Company, office.ada.company_id)
    begun = {"reported_from_at": BEGIN_AT}
    return make_report_recipient(session, company, address=address, **begun | values)


def _add(
    session: Session,
    recipient: ReportRecipient,
    begin_at: datetime,
    end_at: datetime,
    state: DeliveryState = DeliveryState.SENT,
    **values: object,
) -> None:
    delivery = ReportDelivery(
        public_id=new_public_id(),
        company_id=recipient.company_id,
        recipient_id=recipient.id,
        first_day_on=begin_at.date(),
        day_on=(end_at - DAY).date(),
        window_start_at=begin_at,
        window_end_at=end_at,
        message_id=new_public_id(),
        state=state,
        due_at=end_at,
        next_attempt_at=end_at,
        ended_at=end_at if state in ENDED else None,
    )
    for name, value in values.items():
        setattr(delivery, name, value)
    session.add(delivery)
    session.commit()


def _move(office: Office) -> None:
    with office.session() as session:
        session.get_one(User, office.ada.user_id).email = NEW
        move_recipient(session, office.ada.company_id, ADA, NEW, now=NOW)
        session.commit()


def _made(office: Office) -> list[tuple[str, datetime, datetime]]:
    """Return what is prepared from now on: for whom, from when until when."""
    known = {row_id for (row_id,) in rows(office.runtime.sessions, select(ReportDelivery.id))}
    make_due(replace(office.runtime, due_memory=DueMemory()))
    query = select(
        ReportRecipient.address, ReportDelivery.window_start_at, ReportDelivery.window_end_at
    ).join(ReportDelivery.recipient)
    return [
        tuple(row)
        for row in rows(office.runtime.sessions, query.where(ReportDelivery.id.not_in(known)))
    ]


@pytest.mark.both_databases
@pytest.mark.parametrize("known", [None, {"removed_at": NOW}, {"confirmed_at": None}])
def test_what_the_old_address_was_mailed_is_not_mailed_again(
    office: Office, known: dict[str, object] | None
) -> None:
    with office.session() as session:
        _add(session, _put_on(session, office, ADA), BEGIN_AT, TODAY_AT)
        if known is not None:
            _put_on(session, office, NEW, **known)

    _move(office)

    assert _made(office) == []


@pytest.mark.parametrize(
    ("state", "values"),
    [
        (DeliveryState.DUE, {}),
        (DeliveryState.CLAIMED, {}),
        (DeliveryState.HANDING_OVER, {"handover_count": 1}),
        (DeliveryState.FAILED, {}),
        (DeliveryState.SKIPPED, {"skip_reason": SkipReason.CARRIED_OVER}),
    ],
)
def test_what_has_not_surely_arrived_at_the_old_address_comes_to_the_new_one(
    office: Office, state: DeliveryState, values: dict[str, object]
) -> None:
    yesterday_at = TODAY_AT - DAY
    with office.session() as session:
        old = _put_on(session, office, ADA)
        _add(session, old, BEGIN_AT, yesterday_at)
        _add(session, old, yesterday_at, TODAY_AT, state, **values)
        # Put on the list today: the user is owed yesterday all the same.
        _put_on(session, office, NEW, confirmed_at=None, reported_from_at=TODAY_AT)

    _move(office)

    assert _made(office) == [(NEW, yesterday_at, TODAY_AT)]


def test_what_the_new_address_was_mailed_itself_is_not_mailed_again(office: Office) -> None:
    with office.session() as session:
        _put_on(session, office, ADA)
        # Days before its begin were mailed, and cleared since.
        new = _put_on(session, office, NEW, reported_from_at=TODAY_AT - 3 * DAY)
        _add(session, new, TODAY_AT - 3 * DAY, TODAY_AT - DAY)

    _move(office)

    assert _made(office) == [(NEW, TODAY_AT - DAY, TODAY_AT)]


@pytest.mark.parametrize("old", [None, {"removed_at": NOW}])
def test_who_never_confirmed_and_is_the_user_now_begins_today(
    office: Office, old: dict[str, object] | None
) -> None:
    with office.session() as session:
        _put_on(session, office, NEW, confirmed_at=None)
        if old is not None:
            _put_on(session, office, ADA, **old)

    _move(office)

    assert _made(office) == []
    office.clock.advance(days=1)
    assert _made(office) == [(NEW, TODAY_AT, TODAY_AT + DAY)]


def test_links_in_the_old_mailbox_neither_show_nor_change_the_new_address(office: Office) -> None:
    with office.session() as session:
        token = unsubscribe_token(LINK_KEY, _put_on(session, office, ADA).public_id)

    _move(office)

    with office.session() as session, pytest.raises(BadUnsubscribeLink):
        view_subscription(session, token, link_key=LINK_KEY)
