"""Saying yes to the report by the link of a mail: asked first, acted on by POST, signed out."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import ReportRecipient
from services.recipient_confirmation import confirmation_token
from services.runtime import Runtime
from tests.blueprints.support import Browser, find_token, text_of
from tests.factories import NOW, make_report_recipient


@pytest.fixture
def kim(session: Session, people: SimpleNamespace) -> ReportRecipient:
    return make_report_recipient(
        session,
        people.company,
        address="kim@example.org",
        asked_by_id=people.ada.id,
        confirmed_at=None,
        confirmation_sent_at=NOW,
    )


@pytest.fixture
def link(kim: ReportRecipient, runtime: Runtime) -> str:
    return _link(kim, runtime, days=7)


def _link(recipient: ReportRecipient, runtime: Runtime, *, days: int) -> str:
    expires_at = NOW + timedelta(days=days)
    token = confirmation_token(runtime.link_key, recipient.public_id, expires_at=expires_at)
    return f"/confirm/{token}"


def _is_confirmed(session: Session) -> bool:
    session.expire_all()
    return session.scalars(select(ReportRecipient)).one().confirmed_at is not None


def test_opening_the_link_asks_and_changes_nothing(
    stranger: Browser, session: Session, link: str
) -> None:
    answers = [stranger.get(link), stranger.client.head(link), stranger.get(link)]

    assert [answer.status_code for answer in answers] == [200] * 3
    text = text_of(answers[0])
    assert "Get the daily report?" in text
    assert (
        "Ada Brandt would like kim@example.org to get the daily sign-up report of "
        "Harbor Heating & Air" in text
    )
    assert not _is_confirmed(session)


def test_a_person_says_yes_by_the_button(stranger: Browser, session: Session, link: str) -> None:
    token = find_token(stranger.get(link))

    answer = stranger.client.post(link, data={"csrf_token": token})

    assert (answer.status_code, answer.location) == (303, link)
    assert _is_confirmed(session)
    text = text_of(stranger.get(link))
    assert (
        "kim@example.org has agreed to get the daily sign-up report of Harbor Heating & Air."
        in text
    )
    assert "Yes, send it to me" not in text


def test_a_scanner_that_presses_buttons_has_no_token(
    stranger: Browser, session: Session, link: str
) -> None:
    answer = stranger.client.post(link)

    assert answer.status_code == 400
    assert not _is_confirmed(session)


def test_a_link_that_has_ended_says_what_to_do(
    stranger: Browser, session: Session, kim: ReportRecipient, runtime: Runtime
) -> None:
    answer = stranger.get(_link(kim, runtime, days=0))

    assert answer.status_code == 410
    assert "This link has ended It counts for seven days. Ask whoever" in text_of(answer)
    assert not _is_confirmed(session)


@pytest.mark.parametrize("token", ["nobody", "0" * 16, "%00", "x" * 5000, "é."])
def test_a_link_that_is_not_ours_confirms_nothing(
    stranger: Browser, session: Session, kim: ReportRecipient, token: str
) -> None:
    answer = stranger.get(f"/confirm/{token}")

    assert answer.status_code == 404
    assert "This link confirms nothing" in text_of(answer)
    assert not _is_confirmed(session)


def test_it_does_not_matter_who_is_signed_in(zoe: Browser, link: str) -> None:
    answer = zoe.get(link)

    assert "Get the daily report?" in text_of(answer)
    assert "Sign out" not in answer.text


@pytest.mark.parametrize("days", [7, 0])
@pytest.mark.parametrize("confirmed_at", [NOW, None])
def test_whoever_has_unsubscribed_is_told_so(
    stranger: Browser,
    session: Session,
    kim: ReportRecipient,
    runtime: Runtime,
    confirmed_at: datetime | None,
    days: int,
) -> None:
    kim.unsubscribed_at, kim.confirmed_at = NOW, confirmed_at
    session.commit()

    answer = stranger.get(_link(kim, runtime, days=days))

    assert answer.status_code == 200
    if days and confirmed_at is None:
        assert "This address is unsubscribed. Saying yes takes that back." in text_of(answer)
    else:
        assert "kim@example.org gets no daily reports of Harbor Heating" in text_of(answer)
        assert "Subscribe again" in text_of(answer)
        again = re.search(r'action="(/unsubscribe/[^"]+/again)"', answer.text)
        assert again is not None
        assert stranger.client.post(again[1], data={"csrf_token": find_token(answer)}).location
        session.expire_all()
        assert session.scalars(select(ReportRecipient)).one().unsubscribed_at is None


def test_a_link_that_has_ended_confirms_nothing_for_whoever_has_unsubscribed(
    stranger: Browser, session: Session, kim: ReportRecipient, runtime: Runtime
) -> None:
    kim.unsubscribed_at = NOW
    session.commit()
    link = _link(kim, runtime, days=0)

    answer = stranger.client.post(link, data={"csrf_token": find_token(stranger.get(link))})

    assert answer.status_code == 410
    assert not _is_confirmed(session)
