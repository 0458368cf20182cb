"""Who is on the list of a report, and to whom of them anything is mailed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import product

import pytest
from sqlalchemy import select

from models import Company, DeliveryState, Frequency, ReportRecipient, Role, SkipReason, User
from services.accounts import add_user
from services.report_delivery import deliver_due
from services.report_recipients import (
    REFUSALS_IN_A_ROW,
    RecipientState,
    RecipientView,
    RecipientWish,
    has_agreed,
    is_askable,
    is_mailed,
    is_unasked,
    list_recipients,
    store_recipients,
)
from services.runtime import Runtime
from tests.conftest import Clock
from tests.factories import NOW, make_report_recipient, make_user
from tests.services.reporting import MORNING, Desk, make_desk
from tests.services.support import Place

ADA, OLU = "ada@example.com", "olu@example.org"
SUNDAY = date(2026, 11, 22)
DAILY, WEEKLY, OFF = Frequency.DAILY, Frequency.WEEKLY, Frequency.OFF


def _store(runtime: Runtime, place: Place, *wishes: tuple[str, Frequency], days: int = 0) -> None:
    now = NOW + timedelta(days=days)
    with runtime.sessions() as session:
        store_recipients(
            session,
            place.company_id,
            [RecipientWish(*wish) for wish in wishes],
            asked_by_id=place.admin.user_id,
            today_at=now,
            now=now,
        )
        session.commit()


def _list(runtime: Runtime, place: Place) -> Sequence[RecipientView]:
    with runtime.sessions() as session:
        return list_recipients(session, place.company_id)


def _row(runtime: Runtime, address: str) -> ReportRecipient:
    with runtime.sessions() as session:
        query = select(ReportRecipient).where(ReportRecipient.address == address)
        return session.scalars(query).one()


def _disable(runtime: Runtime, email: str) -> None:
    with runtime.sessions() as session:
        session.scalars(select(User).where(User.email == email)).one().is_disabled = True
        session.commit()


def test_users_come_first_and_are_mailed_without_being_asked(
    runtime: Runtime, harbor: Place, elsewhere: Place
) -> None:
    _store(runtime, harbor, (OLU, WEEKLY), ("zoe@example.com", DAILY), (ADA, DAILY))

    views = [(each.address, each.name, each.state) for each in _list(runtime, harbor)]

    assert views == [
        (ADA, "Ada Brandt", RecipientState.MAILED),
        (OLU, "", RecipientState.NOT_CONFIRMED),
        ("zoe@example.com", "", RecipientState.NOT_CONFIRMED),
    ]
    assert [each.public_id for each in _list(runtime, elsewhere)] == [None]


def test_a_user_who_wants_nothing_needs_no_row(runtime: Runtime, harbor: Place) -> None:
    _store(runtime, harbor, (ADA, OFF), (OLU, OFF))

    ada, olu = _list(runtime, harbor)

    assert (ada.public_id, ada.frequency, ada.state) == (None, OFF, RecipientState.OFF)
    assert olu.public_id is not None
    assert olu.state is RecipientState.OFF


def test_another_rhythm_moves_no_beginning_but_a_return_does(
    runtime: Runtime, harbor: Place
) -> None:
    _store(runtime, harbor, (ADA, DAILY))
    _store(runtime, harbor, (ADA, WEEKLY), days=1)
    changed = _row(runtime, ADA)
    _store(runtime, harbor, (ADA, OFF), days=2)

    _store(runtime, harbor, (ADA, DAILY), days=3)

    assert (changed.frequency, changed.reported_from_at) == (WEEKLY, NOW)
    assert _row(runtime, ADA).reported_from_at == NOW + timedelta(days=3)


def test_whoever_is_put_back_is_asked_again_unless_they_agreed(
    runtime: Runtime, harbor: Place
) -> None:
    with runtime.sessions() as session:
        company = session.get_one(Company, harbor.company_id)
        asked = {"removed_at": NOW, "confirmation_sent_at": NOW}
        make_report_recipient(session, company, address=OLU, confirmed_at=None, **asked)
        make_report_recipient(session, company, address="kim@example.org", **asked)

    _store(runtime, harbor, (OLU, DAILY), ("kim@example.org", DAILY))

    assert [each.state for each in _list(runtime, harbor)[1:]] == [
        RecipientState.NOT_CONFIRMED,
        RecipientState.MAILED,
    ]
    assert _row(runtime, OLU).confirmation_sent_at is None
    assert _row(runtime, OLU).asked_by_id == harbor.admin.user_id


def test_the_page_and_the_sender_agree_about_everybody(
    runtime: Runtime, harbor: Place, elsewhere: Place
) -> None:
    choices = product(
        (None, NOW), (0, REFUSALS_IN_A_ROW), Frequency, (None, NOW), ("", "user", "gone", "else")
    )
    with runtime.sessions() as session:
        company = session.get_one(Company, harbor.company_id)
        for number, (left, refusals, frequency, confirmed, who) in enumerate(choices):
            address = f"r{number}@example.org"
            make_report_recipient(
                session,
                company,
                address=address,
                unsubscribed_at=left,
                refusal_count=refusals,
                frequency=frequency,
                confirmed_at=confirmed,
            )
            if who:
                place = session.get_one(
                    Company, elsewhere.company_id if who == "else" else harbor.company_id
                )
                make_user(session, place, email=address, is_disabled=who == "gone")

        mailed = set(session.scalars(select(ReportRecipient.address).where(is_mailed())))

    shown = {each.address for each in _list(runtime, harbor) if each.state is RecipientState.MAILED}
    assert shown == mailed
    # Of 4 kinds of people, daily or weekly: a user always, a stranger who agreed.
    assert len(mailed) == 2 * (2 + 1 + 1)


def test_a_disabled_user_is_told_as_such_and_never_asked(runtime: Runtime, harbor: Place) -> None:
    _store(runtime, harbor, (ADA, DAILY))
    _disable(runtime, ADA)

    (ada,) = _list(runtime, harbor)

    assert (ada.name, ada.state) == ("", RecipientState.DISABLED)
    with runtime.sessions() as session:
        assert session.scalars(select(ReportRecipient.id).where(is_unasked())).all() == []


def test_only_a_stranger_who_did_not_answer_is_asked(
    runtime: Runtime, harbor: Place, elsewhere: Place
) -> None:
    _store(runtime, harbor, (ADA, DAILY), (OLU, OFF), ("kim@example.org", WEEKLY))
    with runtime.sessions() as session:
        asked, open_, agreed = (
            set(session.scalars(select(ReportRecipient.address).where(condition)))
            for condition in (is_unasked(), is_askable(), has_agreed())
        )

    assert (asked, open_, agreed) == ({"kim@example.org"}, {OLU, "kim@example.org"}, {ADA})


def test_a_stranger_who_becomes_a_user_is_told_from_that_day_on(
    runtime: Runtime, clock: Clock
) -> None:
    desk = make_desk(runtime, clock, OLU)
    desk.change(ReportRecipient, confirmed_at=None)
    desk.clock.now = MORNING + timedelta(days=1)
    deliver_due(desk.runtime)
    with runtime.sessions() as session:
        add_user(
            session,
            desk.company_id,
            email="Olu@example.org",
            name="Olu",
            role=Role.MEMBER,
            password="a password for tests",
            now=desk.clock.now,
        )
    desk.add_signups(created_at=desk.clock.now)
    desk.clock.advance(days=1)

    deliver_due(desk.runtime)

    assert [(row.first_day_on, row.day_on) for row in desk.rows()] == [(SUNDAY, SUNDAY)]
    assert len(desk.outbox.received) == 1


def _reasons(desk: Desk) -> list[SkipReason | None]:
    return [row.skip_reason for row in desk.rows()]


def test_a_user_who_was_disabled_is_mailed_no_more(runtime: Runtime, clock: Clock) -> None:
    desk = make_desk(runtime, clock, ADA)
    with runtime.sessions() as session:
        make_user(session, session.get_one(Company, desk.company_id), email=ADA, is_disabled=True)

    deliver_due(desk.runtime)

    assert desk.rows() == []


@pytest.mark.both_databases
@pytest.mark.parametrize("end", ["disabled", "deleted", "off"])
def test_whoever_ends_while_the_mail_is_on_its_way_gets_none(
    runtime: Runtime, clock: Clock, end: str
) -> None:
    desk = make_desk(runtime, clock, ADA)
    desk.change(ReportRecipient, confirmed_at=None)
    with runtime.sessions() as session:
        make_user(session, session.get_one(Company, desk.company_id), email=ADA)

    def leave() -> None:
        if end == "off":
            desk.change(ReportRecipient, frequency=OFF)
        elif end == "disabled":
            _disable(runtime, ADA)
        else:
            with runtime.sessions() as session:
                session.delete(session.scalars(select(User).where(User.email == ADA)).one())
                session.commit()

    desk.outbox.meanwhile = leave
    deliver_due(desk.runtime)

    assert desk.outbox.received == []
    assert desk.row().state is DeliveryState.SKIPPED
    reason = SkipReason.RECIPIENT_OFF if end == "off" else SkipReason.NOT_CONFIRMED
    assert _reasons(desk) == [reason]


def test_whoever_is_off_gets_no_row(runtime: Runtime, clock: Clock) -> None:
    desk = make_desk(runtime, clock, ADA)
    desk.change(ReportRecipient, frequency=OFF)
    desk.clock.now = MORNING + timedelta(days=2)

    deliver_due(desk.runtime)

    assert desk.rows() == []
