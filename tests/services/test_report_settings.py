"""Switching the report on, to whom, and stopping it by a link."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from models import AuditEvent, Company, EmptyDay, Frequency, ReportRecipient
from services.account_errors import UnknownZone
from services.report_delivery import deliver_due
from services.report_recipients import RecipientState, RecipientWish
from services.report_settings import (
    BadHour,
    BadRecipient,
    NoRecipientChosen,
    ReportWish,
    TooManyRecipients,
    change_report_settings,
    companies_with_report,
    view_report_settings,
)
from services.runtime import Runtime
from services.unsubscription import (
    BadUnsubscribeLink,
    resubscribe,
    unsubscribe,
    unsubscribe_token,
    view_subscription,
)
from tests.conftest import Clock
from tests.factories import NOW, make_customer
from tests.services.reporting import LINK_KEY, Desk, make_desk
from tests.services.support import Place, count, rows


def _daily(*addresses: str) -> list[RecipientWish]:
    return [RecipientWish(address, Frequency.DAILY) for address in addresses]


WISH = ReportWish(
    is_on=True,
    local_hour=7,
    zone="America/New_York",
    on_empty_day=EmptyDay.SKIP,
    recipients=_daily("ada@example.com", "mel@example.com"),
)


def _change(runtime: Runtime, place: Place, **wish: Any) -> Any:
    with runtime.sessions() as session:
        return change_report_settings(
            session, place.admin, wish=replace(WISH, **wish), now=runtime.clock()
        )


def _view(runtime: Runtime, place: Place) -> Any:
    with runtime.sessions() as session:
        return view_report_settings(session, place.company_id, now=runtime.clock())


def test_at_first_the_report_is_off(runtime: Runtime, harbor: Place) -> None:
    view = _view(runtime, harbor)

    assert (view.is_on, view.local_hour, view.zone) == (False, 7, "America/New_York")
    assert (view.next_send_at, view.first_day) == (None, None)
    assert [each.state for each in view.recipients] == [RecipientState.OFF]


def test_what_was_stored_is_shown(runtime: Runtime, harbor: Place) -> None:
    view = _change(runtime, harbor, local_hour=6, on_empty_day=EmptyDay.SEND)

    assert view == _view(runtime, harbor)
    assert [recipient.address for recipient in view.recipients] == [
        "ada@example.com",
        "mel@example.com",
    ]
    assert (view.is_on, view.local_hour, view.on_empty_day) == (True, 6, EmptyDay.SEND)
    assert view.first_day == date(2026, 11, 20)
    assert f"{view.next_send_at:%Y-%m-%d %H:%M}" == "2026-11-21 11:00"
    with runtime.sessions() as session:
        assert list(companies_with_report(session)) == [harbor.admin.company_slug]


@pytest.mark.parametrize(
    ("wish", "error"),
    [
        ({"zone": "Mars/Olympus"}, UnknownZone),
        ({"zone": ""}, UnknownZone),
        ({"zone": "localtime"}, UnknownZone),
        ({"zone": "Factory"}, UnknownZone),
        ({"local_hour": 25}, BadHour),
        ({"local_hour": 24}, BadHour),
        ({"local_hour": -1}, BadHour),
        ({"recipients": _daily("x@placeholder.local")}, BadRecipient),
        ({"recipients": _daily("X@PLACEHOLDER.LOCAL")}, BadRecipient),
        ({"recipients": _daily("ada@example.com, mel@example.com")}, BadRecipient),
        ({"recipients": _daily("ada@example.com\r\nBcc: mel@example.com")}, BadRecipient),
        ({"recipients": _daily("ada@example.com\n")}, BadRecipient),
        ({"recipients": _daily("Ada <ada@example.com>")}, BadRecipient),
        ({"recipients": _daily("ada")}, BadRecipient),
        ({"recipients": _daily("")}, BadRecipient),
        ({"recipients": _daily("ada@@example.com")}, BadRecipient),
        ({"recipients": _daily("ädä@example.com")}, BadRecipient),
        ({"recipients": ()}, NoRecipientChosen),
        ({"recipients": _daily(*(f"a{n}@example.com" for n in range(21)))}, TooManyRecipients),
    ],
)
def test_what_cannot_be_is_refused_whole(
    runtime: Runtime, harbor: Place, wish: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error) as refusal:
        _change(runtime, harbor, **wish)

    assert str(refusal.value)
    assert not _view(runtime, harbor).is_on
    assert count(runtime.sessions, ReportRecipient) == 0


def test_two_spellings_of_an_address_are_one(runtime: Runtime, harbor: Place) -> None:
    typed = (" ada@example.com", "ADA@EXAMPLE.COM", "ada@Example.com ")

    view = _change(runtime, harbor, recipients=_daily(*typed))

    assert [recipient.address for recipient in view.recipients] == ["ada@example.com"]


def test_an_address_of_another_alphabet_is_stored_as_mail_writes_it(
    runtime: Runtime, harbor: Place
) -> None:
    view = _change(runtime, harbor, recipients=_daily("ada@bücher.example.com"))

    assert view.recipients[-1].address == "ada@xn--bcher-kva.example.com"


def test_whoever_is_taken_off_and_put_back_starts_anew(
    runtime: Runtime, harbor: Place, clock: Clock
) -> None:
    _change(runtime, harbor)
    _change(runtime, harbor, recipients=_daily("ada@example.com"))
    clock.advance(days=3)

    view = _change(runtime, harbor)

    assert len(view.recipients) == 2
    assert count(runtime.sessions, ReportRecipient) == 2
    starts = rows(runtime.sessions, select(ReportRecipient.reported_from_at))
    assert [start.reported_from_at.day for start in starts] == [20, 23]


def test_switching_on_again_forgets_the_days_between(
    runtime: Runtime, harbor: Place, clock: Clock
) -> None:
    _change(runtime, harbor)
    _change(runtime, harbor, is_on=False)
    clock.advance(days=3)

    view = _change(runtime, harbor)

    assert view.first_day == date(2026, 11, 23)


def test_saving_while_on_moves_no_beginning(runtime: Runtime, harbor: Place, clock: Clock) -> None:
    _change(runtime, harbor)
    clock.advance(days=3)

    view = _change(runtime, harbor, local_hour=9)

    assert view.first_day == date(2026, 11, 20)


def test_another_companys_settings_stay(runtime: Runtime, harbor: Place, elsewhere: Place) -> None:
    _change(runtime, harbor)

    assert not _view(runtime, elsewhere).is_on


@pytest.fixture
def desk(runtime: Runtime, clock: Clock) -> Desk:
    return make_desk(runtime, clock)


def _token(desk: Desk) -> str:
    with desk.runtime.sessions() as session:
        return unsubscribe_token(LINK_KEY, session.scalars(select(ReportRecipient.public_id)).one())


def test_looking_at_the_link_changes_nothing(desk: Desk) -> None:
    with desk.runtime.sessions() as session:
        view = view_subscription(session, _token(desk), link_key=LINK_KEY)
    deliver_due(desk.runtime)

    assert (view.address, view.company_name) == ("ada@example.com", "Harbor Heating & Air")
    assert not view.is_unsubscribed
    assert len(desk.outbox.received) == 1


def test_the_link_of_the_mail_stops_the_mail(desk: Desk) -> None:
    deliver_due(desk.runtime)
    token = desk.mails()[0]["List-Unsubscribe"].strip("<>").rpartition("/")[2]
    with desk.runtime.sessions() as session:
        for _ in range(2):
            view = unsubscribe(session, token, link_key=LINK_KEY, now=desk.clock.now)
    desk.add_signups(created_at=NOW + timedelta(days=1))
    desk.clock.advance(days=1)

    deliver_due(desk.runtime)

    assert view.is_unsubscribed
    assert len(desk.outbox.received) == 1
    actions = rows(desk.runtime.sessions, select(AuditEvent.action, AuditEvent.user_id))
    assert [tuple(row) for row in actions] == [("unsubscribed", None)]


def test_subscribing_again_begins_today(desk: Desk) -> None:
    token = _token(desk)
    with desk.runtime.sessions() as session:
        unsubscribe(session, token, link_key=LINK_KEY, now=desk.clock.now)
        desk.clock.advance(days=2)
        view = resubscribe(session, token, link_key=LINK_KEY, now=desk.clock.now)
    desk.add_signups(created_at=desk.clock.now)
    deliver_due(desk.runtime)
    desk.clock.advance(days=1)

    deliver_due(desk.runtime)

    assert not view.is_unsubscribed
    assert desk.subjects() == ["1 new customer on Monday, 23 November"]


def test_an_unsubscription_outlives_the_list(runtime: Runtime, harbor: Place) -> None:
    _change(runtime, harbor, recipients=_daily("ada@example.com"))
    with runtime.sessions() as session:
        public_id = session.scalars(select(ReportRecipient.public_id)).one()
        token = unsubscribe_token(LINK_KEY, public_id)
        unsubscribe(session, token, link_key=LINK_KEY, now=runtime.clock())
    _change(runtime, harbor, recipients=_daily("mel@example.com"))

    view = _change(runtime, harbor)

    assert {each.address: each.state for each in view.recipients} == {
        "ada@example.com": RecipientState.UNSUBSCRIBED,
        "mel@example.com": RecipientState.NOT_CONFIRMED,
    }


@pytest.mark.parametrize("spoil", ["", "x", ".", "0123456789abcdef.x", "é.ü", "a" * 5000])
def test_a_link_that_is_not_ours_is_refused(desk: Desk, spoil: str) -> None:
    with desk.runtime.sessions() as session, pytest.raises(BadUnsubscribeLink):
        unsubscribe(session, spoil, link_key=LINK_KEY, now=NOW)


def test_a_link_for_somebody_else_or_another_key_is_refused(desk: Desk) -> None:
    token = _token(desk)
    forged = "0" * 16 + token[16:]

    for text, key in ((forged, LINK_KEY), (token, "another key"), (token[:-1], LINK_KEY)):
        with desk.runtime.sessions() as session, pytest.raises(BadUnsubscribeLink):
            view_subscription(session, text, link_key=key)


def test_a_link_of_a_company_that_is_gone_is_refused(desk: Desk) -> None:
    token = _token(desk)
    with desk.runtime.sessions() as session:
        session.delete(session.get_one(Company, desk.company_id))
        session.commit()

        with pytest.raises(BadUnsubscribeLink):
            view_subscription(session, token, link_key=LINK_KEY)


def test_a_customer_is_no_recipient(runtime: Runtime, harbor: Place) -> None:
    with runtime.sessions() as session:
        make_customer(session, session.get_one(Company, harbor.company_id))

    assert [each.name for each in _view(runtime, harbor).recipients] == ["Ada Brandt"]
