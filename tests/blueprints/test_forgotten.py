"""A forgotten password: one page for every address, and a link that acts by POST, once."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from jobs.tasks import deliver_reports
from models import LinkPurpose
from services.one_time_links import add_link, link_token
from services.password_resets import RESETS_PER_ADDRESS
from services.runtime import Runtime
from tests.blueprints.support import Browser, find_token, text_of
from tests.conftest import Clock
from tests.factories import NOW
from tests.fakes import Outbox
from tests.services.reporting import SENDER, decoded, read_mail

NEW = "quiet harbour lamps"


@pytest.fixture
def outbox(app: Flask, runtime: Runtime) -> Outbox:
    outbox = Outbox()
    app.extensions["runtime"] = replace(runtime, mailer=outbox, mail_from=SENDER)
    return outbox


@pytest.fixture
def link(session: Session, people: SimpleNamespace, runtime: Runtime) -> str:
    reset = add_link(
        session,
        company_id=people.company.id,
        purpose=LinkPurpose.PASSWORD_RESET,
        email="mel@example.com",
        user_id=people.mel.id,
        now=NOW,
    )
    session.commit()
    return f"/password/{link_token(runtime.link_key, reset)}"


def _ask(browser: Browser, email: str, *, host: str = "localhost") -> TestResponse:
    here = {"base_url": f"http://{host}"}
    form = {"email": email, "csrf_token": find_token(browser.get("/password", **here))}
    return browser.client.post("/password", data=form, **here)


def _choose(browser: Browser, link: str, password: str = NEW) -> TestResponse:
    form = {"password": password, "csrf_token": find_token(browser.get(link))}
    return browser.client.post(link, data=form)


def test_sign_in_leads_there(stranger: Browser) -> None:
    assert 'href="/password">Forgot your password?</a>' in stranger.get("/login").text


def test_every_address_gets_the_same_page(
    stranger: Browser, session: Session, people: SimpleNamespace, outbox: Outbox
) -> None:
    people.zoe.is_disabled = True
    session.commit()
    pages = set()
    for email in (
        *["mel@example.com"] * (RESETS_PER_ADDRESS + 1),
        "zoe@example.com",
        "no@one.example",
        "x",
    ):
        answer = _ask(stranger, email)
        page = stranger.get("/password")
        pages.add((answer.status_code, text_of(page).replace(email, "…")))

    assert len(pages) == 1
    ((status, text),) = pages
    assert status == 303
    assert "If … is known here, a mail is on its way." in text


def test_the_mail_leads_here_whatever_host_was_asked(
    app: Flask,
    stranger: Browser,
    outbox: Outbox,
    people: SimpleNamespace,
) -> None:
    _ask(stranger, "mel@example.com", host="evil.example.com")
    sent_in_the_request = list(outbox.recipients)

    deliver_reports(app.extensions["runtime"])

    assert sent_in_the_request == []
    (mail,) = [read_mail(lines) for lines in outbox.received]
    text = decoded(mail)["text/plain"]
    assert mail["To"] == "mel@example.com"
    assert f"{app.extensions['runtime'].public_base_url}/password/" in text
    assert "evil" not in text + decoded(mail)["text/html"]


def test_without_mail_the_page_says_who_can_help(stranger: Browser, session: Session) -> None:
    answer = stranger.get("/password")

    assert "An admin of your company, or whoever runs BlueClerk, can set" in text_of(answer)
    assert "<form" not in answer.text


def test_opening_the_link_changes_nothing(zoe: Browser, link: str) -> None:
    answers = [zoe.get(link), zoe.client.head(link), zoe.get(link)]

    assert [answer.status_code for answer in answers] == [200] * 3
    assert "In this browser Zoe Kim of Other Garden is signed in." in text_of(answers[0])
    assert zoe.get("/customers").status_code == 200
    assert Browser(zoe.client.application).sign_in("mel@example.com").status_code == 303


def test_a_new_password_signs_out_everywhere_and_leads_to_sign_in(
    mel: Browser, stranger: Browser, link: str
) -> None:
    answer = _choose(stranger, link)

    assert (answer.status_code, answer.location) == (303, "/login")
    page = stranger.get("/login")
    assert 'value="mel@example.com"' in page.text
    assert "Your password was changed; sign in with it." in text_of(page)
    assert mel.get("/customers").status_code == 303
    assert stranger.sign_in("mel@example.com").status_code == 422
    assert stranger.sign_in("mel@example.com", password=NEW).status_code == 303


def test_whoever_was_locked_out_signs_in_with_the_new_password(
    stranger: Browser, link: str
) -> None:
    for _ in range(11):
        locked = stranger.sign_in("mel@example.com", password="wrong-password")

    _choose(stranger, link)
    answer = stranger.sign_in("mel@example.com", password=NEW)

    assert (locked.status_code, answer.status_code) == (429, 303)


def test_somebody_else_in_this_browser_is_signed_out_by_going_on(zoe: Browser, link: str) -> None:
    _choose(zoe, link)

    assert 'value="mel@example.com"' in zoe.get("/login").text


def test_a_weak_password_is_said_at_its_field(stranger: Browser, link: str) -> None:
    answer = _choose(stranger, link, "password1234")

    assert answer.status_code == 422
    assert "one of the most common ones" in text_of(answer)
    assert _choose(stranger, link).status_code == 303


def test_a_used_link_offers_another_one(stranger: Browser, link: str) -> None:
    _choose(stranger, link)

    answer = stranger.get(link)

    assert answer.status_code == 410
    assert "This link was used" in text_of(answer)
    assert 'href="/password">Ask for a new link</a>' in answer.text


def test_a_link_that_has_ended_offers_another_one(
    stranger: Browser, link: str, clock: Clock
) -> None:
    token = find_token(stranger.get(link))
    clock.advance(hours=1)

    answers = [
        stranger.get(link),
        stranger.client.post(link, data={"password": NEW, "csrf_token": token}),
    ]

    assert [answer.status_code for answer in answers] == [410, 410]
    assert 'href="/password">Ask for a new link</a>' in answers[0].text


def test_a_disabled_user_is_not_let_in(
    stranger: Browser, session: Session, people: SimpleNamespace, link: str
) -> None:
    people.mel.is_disabled = True
    session.commit()

    answer = stranger.get(link)

    assert answer.status_code == 410
    assert "This link counts no more" in text_of(answer)


@pytest.mark.parametrize("token", ["nobody", "%00", "x" * 5000, "é."])
def test_a_link_that_is_not_ours_leads_nowhere(stranger: Browser, link: str, token: str) -> None:
    assert stranger.get(f"/password/{token}").status_code == 404


def test_the_link_of_another_purpose_leads_nowhere(stranger: Browser, link: str) -> None:
    token = link.rpartition("/")[2]

    answers = [stranger.get(f"/{room}/{token}") for room in ("invitation", "email", "confirm")]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
