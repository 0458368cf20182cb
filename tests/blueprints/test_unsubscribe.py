"""Leaving the report by the link of a mail: asked first, acted on by POST, taken back."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import AuditEvent, Frequency, ReportRecipient
from services.runtime import Runtime
from services.unsubscription import unsubscribe_token
from tests.blueprints.support import Browser, find_token, text_of
from tests.factories import NOW, make_report_recipient

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def olu(session: Session, people: SimpleNamespace) -> ReportRecipient:
    return make_report_recipient(session, people.company, address="olu@example.com")


@pytest.fixture
def link(olu: ReportRecipient, runtime: Runtime) -> str:
    return f"/unsubscribe/{unsubscribe_token(runtime.link_key, olu.public_id)}"


def _is_unsubscribed(session: Session) -> bool:
    session.expire_all()
    return session.scalars(select(ReportRecipient)).one().unsubscribed_at is not None


def test_opening_the_link_asks_and_changes_nothing(
    stranger: Browser, session: Session, link: str
) -> None:
    answers = [stranger.get(link), stranger.client.head(link), stranger.get(link)]

    assert [answer.status_code for answer in answers] == [200] * 3
    text = text_of(answers[0])
    assert "Stop the daily report?" in text
    assert "olu@example.com gets the daily sign-up report of Harbor Heating & Air." in text
    assert not _is_unsubscribed(session)


def test_a_person_unsubscribes_by_the_button(
    stranger: Browser, session: Session, link: str
) -> None:
    token = find_token(stranger.get(link))

    answer = stranger.client.post(link, data={"csrf_token": token})

    assert (answer.status_code, answer.location) == (303, link)
    assert _is_unsubscribed(session)
    assert "No daily report of Harbor Heating & Air is mailed to olu@example.com." in text_of(
        stranger.get(link)
    )


def test_a_mail_program_unsubscribes_with_one_click(
    stranger: Browser, session: Session, link: str
) -> None:
    answer = stranger.client.post(link, data=ONE_CLICK)

    assert answer.status_code == 200
    assert "Unsubscribed" in text_of(answer)
    assert _is_unsubscribed(session)


def test_one_click_twice_is_once(stranger: Browser, session: Session, link: str) -> None:
    for _ in range(2):
        assert stranger.client.post(link, data=ONE_CLICK).status_code == 200

    assert len(session.scalars(select(AuditEvent)).all()) == 1


def test_whoever_left_may_come_back(stranger: Browser, session: Session, link: str) -> None:
    stranger.client.post(link, data=ONE_CLICK)
    token = find_token(stranger.get(link))

    answer = stranger.client.post(f"{link}/again", data={"csrf_token": token})

    assert (answer.status_code, answer.location) == (303, link)
    assert not _is_unsubscribed(session)
    text = text_of(stranger.get(link))
    assert "Subscribed Subscribed again, beginning with today." in text
    assert "Stop the daily report?" not in text


def test_coming_back_needs_the_token_of_the_page(
    stranger: Browser, session: Session, link: str
) -> None:
    stranger.client.post(link, data=ONE_CLICK)

    answer = stranger.client.post(f"{link}/again", data=ONE_CLICK)

    assert answer.status_code == 400
    assert _is_unsubscribed(session)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("token", ["nobody", "0" * 16, "0" * 16 + ".sig", "%00", "x" * 5000, "é."])
def test_a_link_that_is_not_ours_leads_to_a_kind_page(
    stranger: Browser, session: Session, olu: ReportRecipient, method: str, token: str
) -> None:
    answer = stranger.client.open(f"/unsubscribe/{token}", method=method, data=ONE_CLICK)

    assert answer.status_code == 404
    assert "This link does not unsubscribe anybody" in text_of(answer)
    assert not _is_unsubscribed(session)


def test_a_changed_link_is_worth_nothing(stranger: Browser, session: Session, link: str) -> None:
    assert stranger.client.post(link[:-1], data=ONE_CLICK).status_code == 404
    assert not _is_unsubscribed(session)


def test_it_does_not_matter_who_is_signed_in(zoe: Browser, session: Session, link: str) -> None:
    answer = zoe.get(link)

    assert "Stop the daily report?" in text_of(answer)
    assert "Zoe" not in answer.text
    assert "Sign out" not in answer.text


def test_the_address_of_the_link_stays_here(stranger: Browser, link: str) -> None:
    headers = stranger.get(link).headers

    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "values", [{"removed_at": NOW}, {"confirmed_at": None}, {"frequency": Frequency.OFF}]
)
def test_whoever_gets_no_report_is_told_so_and_may_refuse_later_ones(
    stranger: Browser,
    session: Session,
    olu: ReportRecipient,
    link: str,
    values: dict[str, object],
) -> None:
    for name, value in values.items():
        setattr(olu, name, value)
    session.commit()

    text = text_of(stranger.get(link))
    stranger.client.post(link, data=ONE_CLICK)

    assert "olu@example.com gets no daily sign-up report of Harbor Heating & Air at the" in text
    assert _is_unsubscribed(session)
