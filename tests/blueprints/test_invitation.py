"""Joining by the link of a mail: asked first, acted on by POST, once, whoever is signed in."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import LinkPurpose, OneTimeLink, Role, User
from services.one_time_links import add_link, link_token
from services.runtime import Runtime
from tests.blueprints.support import Browser, find_token, text_of
from tests.conftest import Clock
from tests.factories import NOW

PASSWORD = "quiet harbour lamps"


@pytest.fixture
def link(session: Session, people: SimpleNamespace, runtime: Runtime) -> str:
    invitation = add_link(
        session,
        company_id=people.company.id,
        purpose=LinkPurpose.INVITATION,
        email="kim@example.org",
        role=Role.MEMBER,
        created_by_id=people.ada.id,
        now=NOW,
    )
    session.commit()
    return f"/invitation/{link_token(runtime.link_key, invitation)}"


def _join(browser: Browser, link: str, **form: Any) -> Any:
    token = find_token(browser.get(link))
    values = {"name": "Kim Novak", "password": PASSWORD, "csrf_token": token}
    return browser.client.post(link, data=values | form)


def _kim(session: Session) -> User | None:
    with Session(session.get_bind()) as another:
        return another.scalar(select(User).where(User.email == "kim@example.org"))


def test_opening_the_link_says_who_invites_and_changes_nothing(
    stranger: Browser, session: Session, link: str
) -> None:
    answers = [stranger.get(link), stranger.client.head(link), stranger.get(link)]

    assert [answer.status_code for answer in answers] == [200] * 3
    text = text_of(answers[0])
    assert "Join Harbor Heating & Air" in text
    assert "Ada Brandt invites you to BlueClerk as a member" in text
    assert answers[0].headers["Referrer-Policy"] == "same-origin"
    assert "no-store" in answers[0].headers["Cache-Control"]
    assert _kim(session) is None


def test_whoever_joins_comes_to_sign_in_with_the_address_filled_in(
    stranger: Browser, session: Session, link: str
) -> None:
    answer = _join(stranger, link)

    assert (answer.status_code, answer.location) == (303, "/login")
    page = stranger.get("/login")
    assert 'value="kim@example.org"' in page.text
    assert "Welcome. Your password is set; sign in with it." in text_of(page)
    assert "Welcome" not in stranger.get("/login").text
    assert stranger.sign_in("kim@example.org", password=PASSWORD).status_code == 303
    assert stranger.get("/").location == "/customers"


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"password": "short"}, "A password needs 12 to 200 characters"),
        ({"name": " "}, "Enter the name that your colleagues will see."),
    ],
)
def test_what_cannot_be_is_said_at_its_field_and_the_link_still_works(
    stranger: Browser, session: Session, link: str, form: dict[str, str], words: str
) -> None:
    answer = _join(stranger, link, **form)

    assert answer.status_code == 422
    assert words in text_of(answer)
    assert 'aria-invalid="true"' in answer.text
    assert _kim(session) is None
    assert _join(stranger, link).status_code == 303


def test_a_scanner_that_presses_buttons_has_no_token(
    stranger: Browser, session: Session, link: str
) -> None:
    answer = stranger.client.post(link, data={"name": "Kim", "password": PASSWORD})

    assert answer.status_code == 400
    assert _kim(session) is None


def test_somebody_else_stays_signed_in_until_the_invitation_is_accepted(
    zoe: Browser, link: str
) -> None:
    page = zoe.get(link)
    was_signed_in = zoe.get("/customers").status_code

    _join(zoe, link)

    assert "In this browser Zoe Kim of Other Garden is signed in." in text_of(page)
    assert was_signed_in == 200
    assert 'value="kim@example.org"' in zoe.get("/login").text
    assert zoe.get("/customers").status_code == 303


def test_a_link_that_was_used_leads_to_sign_in(stranger: Browser, link: str) -> None:
    _join(stranger, link)

    answer = stranger.get(link)

    assert answer.status_code == 410
    assert "This invitation was used" in text_of(answer)
    assert 'href="/login">Sign in</a>' in answer.text


def test_a_link_that_has_ended_says_whom_to_ask(stranger: Browser, link: str, clock: Clock) -> None:
    clock.advance(days=7)

    answer = stranger.get(link)

    assert answer.status_code == 410
    assert "It counts for seven days. Ask whoever invited you" in text_of(answer)


def test_a_withdrawn_invitation_says_so(stranger: Browser, session: Session, link: str) -> None:
    session.scalars(select(OneTimeLink)).one().ended_at = NOW + timedelta(minutes=1)
    session.commit()

    answer = stranger.get(link)

    assert answer.status_code == 410
    assert "It was withdrawn, or a newer mail took its place." in text_of(answer)


@pytest.mark.parametrize("token", ["nobody", "0" * 16, "%00", "x" * 5000, "é.", "a.b.c"])
def test_a_link_that_is_not_ours_leads_nowhere(stranger: Browser, link: str, token: str) -> None:
    answer = stranger.get(f"/invitation/{token}")

    assert answer.status_code == 404
    assert "This link leads nowhere" in text_of(answer)


def test_the_link_of_another_purpose_opens_nothing(stranger: Browser, link: str) -> None:
    token = link.rpartition("/")[2]

    assert stranger.get(f"/confirm/{token}").status_code == 404
    assert stranger.get(f"/unsubscribe/{token}").status_code == 404
