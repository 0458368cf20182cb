"""What the link in the mail to a stranger does: it asks, and begins the reports once they agree."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from models import AuditEvent, Company, ReportRecipient
from services.recipient_confirmation import (
    LINK_LIVES,
    BadConfirmationLink,
    ConfirmationExpired,
    UnknownRecipient,
    confirm,
    confirmation_token,
    view_confirmation,
)
from services.recipient_questions import send_confirmations
from services.runtime import Runtime
from services.unsubscription import unsubscribe
from tests.conftest import Clock
from tests.services.asking import (
    NIGHT,
    OLU,
    ask_again_by,
    confirm_by,
    last_token,
    make_asking_desk,
    questions,
    recipient_of,
    run_hours,
)
from tests.services.reporting import LINK_KEY, Desk
from tests.services.support import Place, rows


@pytest.fixture
def desk(runtime: Runtime, clock: Clock) -> Desk:
    return make_asking_desk(runtime, clock)


@pytest.mark.both_databases
def test_reports_begin_with_the_day_of_the_confirmation(desk: Desk) -> None:
    run_hours(desk, 30)
    with desk.runtime.sessions() as session:
        before = view_confirmation(session, last_token(desk), link_key=LINK_KEY, now=desk.clock.now)
    desk.add_signups(created_at=desk.clock.now)
    confirm_by(desk)
    confirmed_at = recipient_of(desk).confirmed_at
    desk.clock.advance(minutes=5)

    confirm_by(desk)
    run_hours(desk, 24)

    assert (before.address, before.company_name) == (OLU, "Harbor Heating & Air")
    assert not before.is_confirmed
    assert desk.subjects()[1:] == ["1 new customer on Sunday, 22 November"]
    assert recipient_of(desk).confirmed_at == confirmed_at
    events = rows(desk.runtime.sessions, select(AuditEvent.action, AuditEvent.user_id))
    assert [tuple(event) for event in events] == [("recipient confirmed", None)]


def test_looking_at_the_link_changes_nothing(desk: Desk) -> None:
    send_confirmations(desk.runtime)
    with desk.runtime.sessions() as session:
        for _ in range(2):
            view = view_confirmation(session, last_token(desk), link_key=LINK_KEY, now=NIGHT)

    assert not view.is_confirmed
    assert recipient_of(desk).confirmed_at is None


def test_the_link_ends_after_a_week_unless_it_was_used(desk: Desk) -> None:
    send_confirmations(desk.runtime)
    token, end_at = last_token(desk), NIGHT + LINK_LIVES
    with desk.runtime.sessions() as session:
        with pytest.raises(ConfirmationExpired):
            confirm(session, token, link_key=LINK_KEY, now=end_at)
        just_in_time = end_at - timedelta(seconds=1)
        confirm(session, token, link_key=LINK_KEY, now=just_in_time)
        view = view_confirmation(session, token, link_key=LINK_KEY, now=end_at)

    assert view.is_confirmed


def _spoiled(token: str, desk: Desk) -> Sequence[tuple[str, str]]:
    public_id, expires, signature = token.split(".")
    stranger = confirmation_token(LINK_KEY, "0" * 16, expires_at=datetime(2030, 1, 1, tzinfo=UTC))
    later = f"{public_id}.{int(expires) + 9}.{signature}"
    unsubscribing = str(questions(desk)[0]["List-Unsubscribe"]).strip("<>").rpartition("/")[2]
    return [
        *((text, LINK_KEY) for text in ("", ".", "x.y.z", "é", token[:-1], later, stranger)),
        (unsubscribing, LINK_KEY),
        (token, "another key"),
    ]


def test_a_link_that_is_not_ours_confirms_nobody(desk: Desk) -> None:
    send_confirmations(desk.runtime)

    for text, key in _spoiled(last_token(desk), desk):
        with desk.runtime.sessions() as session, pytest.raises(BadConfirmationLink):
            confirm(session, text, link_key=key, now=NIGHT)

    assert recipient_of(desk).confirmed_at is None


def test_the_link_of_somebody_who_was_taken_off_confirms_nothing(desk: Desk) -> None:
    send_confirmations(desk.runtime)
    desk.change(ReportRecipient, removed_at=NIGHT)

    with desk.runtime.sessions() as session, pytest.raises(BadConfirmationLink):
        confirm(session, last_token(desk), link_key=LINK_KEY, now=NIGHT)


def test_who_refuses_is_not_asked_again_but_may_think_better_of_it(
    desk: Desk, elsewhere: Place
) -> None:
    send_confirmations(desk.runtime)
    token = str(questions(desk)[0]["List-Unsubscribe"]).strip("<>").rpartition("/")[2]
    with desk.runtime.sessions() as session:
        unsubscribe(session, token, link_key=LINK_KEY, now=NIGHT)
    desk.clock.advance(hours=2)
    with pytest.raises(UnknownRecipient):
        ask_again_by(desk, elsewhere, recipient_of(desk).public_id)
    refused_at = recipient_of(desk).unsubscribed_at

    confirm_by(desk)

    assert refused_at == NIGHT
    assert recipient_of(desk).unsubscribed_at is None


def test_a_company_that_is_gone_takes_its_questions_along(desk: Desk) -> None:
    send_confirmations(desk.runtime)
    token = last_token(desk)
    with desk.runtime.sessions() as session:
        session.delete(session.get_one(Company, desk.company_id))
        session.commit()

        with pytest.raises(BadConfirmationLink):
            view_confirmation(session, token, link_key=LINK_KEY, now=NIGHT)
