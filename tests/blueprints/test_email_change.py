"""Saying yes at a new e-mail: for whoever is signed in as the user, by POST, once."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import LinkPurpose, User
from services.one_time_links import add_link, link_token
from services.runtime import Runtime
from services.sign_in_limits import TRIES_ON_ACCOUNT
from tests.blueprints.support import Browser, find_token, text_of
from tests.conftest import Clock
from tests.factories import NOW, make_user


@pytest.fixture
def link(session: Session, people: SimpleNamespace, runtime: Runtime) -> str:
    change = add_link(
        session,
        company_id=people.company.id,
        purpose=LinkPurpose.EMAIL_CHANGE,
        email="mel@example.org",
        user_id=people.mel.id,
        now=NOW,
    )
    session.commit()
    return f"/email/{link_token(runtime.link_key, change)}"


def _email(session: Session, user_id: int) -> str | None:
    with Session(session.get_bind()) as another:
        return another.scalar(select(User.email).where(User.id == user_id))


def test_the_user_says_yes_and_stays_signed_in(
    mel: Browser, session: Session, people: SimpleNamespace, link: str
) -> None:
    page = mel.get(link)
    before = _email(session, people.mel.id)

    answer = mel.client.post(link, data={"csrf_token": find_token(page)})

    assert before == "mel@example.com"
    assert "Mel Osei of Harbor Heating & Air would like to sign in with mel@example.org" in text_of(
        page
    )
    assert (answer.status_code, answer.location) == (303, link)
    assert _email(session, people.mel.id) == "mel@example.org"
    assert "signs in with mel@example.org now." in text_of(mel.get(link))
    assert mel.get("/customers").status_code == 200


def test_nobody_elsewhere_locks_the_browser_out_of_the_new_e_mail(
    app: Flask, mel: Browser, people: SimpleNamespace, link: str
) -> None:
    mel.client.post(link, data={"csrf_token": find_token(mel.get(link))})

    elsewhere = Browser(app)
    token = find_token(elsewhere.get("/login"))
    wrong = {"email": "mel@example.org", "password": "not this one", "csrf_token": token}
    for number in range(TRIES_ON_ACCOUNT + 1):
        network = {"REMOTE_ADDR": f"198.51.100.{number}"}
        refused = elsewhere.client.post("/login", data=wrong, environ_overrides=network)

    mel.post("/logout")
    answer = mel.sign_in("mel@example.org")
    assert (refused.status_code, answer.status_code) == (429, 303)


def test_whoever_is_not_signed_in_signs_in_first_and_comes_back(
    stranger: Browser, session: Session, people: SimpleNamespace, link: str
) -> None:
    page = stranger.get(link)

    assert f'href="/login?next={link}">Sign in</a>' in page.text
    assert "Use this e-mail" not in page.text
    answer = stranger.sign_in("mel@example.com", path=f"/login?next={link}")
    assert answer.location == link
    assert "Use this e-mail" in stranger.get(link).text
    assert _email(session, people.mel.id) == "mel@example.com"


def test_somebody_else_is_told_who_is_signed_in_and_changes_nothing(
    zoe: Browser, session: Session, people: SimpleNamespace, link: str
) -> None:
    page = zoe.get(link)

    answer = zoe.client.post(link, data={"csrf_token": find_token(page)})

    assert "In this browser Zoe Kim is signed in." in text_of(page)
    assert answer.status_code == 409
    assert _email(session, people.mel.id) == "mel@example.com"
    assert zoe.get("/customers").status_code == 200


def test_an_address_taken_meanwhile_is_told_kindly(
    mel: Browser, session: Session, people: SimpleNamespace, link: str
) -> None:
    token = find_token(mel.get(link))
    make_user(session, people.other, email="mel@example.org")

    answer = mel.client.post(link, data={"csrf_token": token})

    assert answer.status_code == 409
    assert "Somebody signs in with this address since. Nothing was changed." in text_of(answer)
    assert "Other Garden" not in answer.text


def test_a_link_that_has_ended_says_what_to_do(mel: Browser, link: str, clock: Clock) -> None:
    clock.advance(days=1)

    answer = Browser(mel.client.application).get(link)

    assert answer.status_code == 410
    assert "It counts for one day, and your e-mail is as it was." in text_of(answer)


@pytest.mark.parametrize("token", ["nobody", "%00", "é."])
def test_a_link_that_is_not_ours_leads_nowhere(mel: Browser, link: str, token: str) -> None:
    assert mel.get(f"/email/{token}").status_code == 404
