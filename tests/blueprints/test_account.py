"""Your account: what everybody may change about themselves."""

from __future__ import annotations

import re
from dataclasses import replace
from types import SimpleNamespace

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from models import LinkPurpose, OneTimeLink, User
from services.runtime import Runtime
from tests.blueprints.support import PASSWORD, Browser, confirm, text_of
from tests.conftest import Clock
from tests.factories import NOW, make_report_recipient, make_report_settings
from tests.fakes import Outbox

OTHER = "nine bees and a bear"


def _change(browser: Browser, **values: str) -> TestResponse:
    return browser.post("/account/password", {"current": PASSWORD, "password": OTHER} | values)


def _another(app: Flask, email: str = "ada@example.com") -> Browser:
    browser = Browser(app)
    browser.sign_in(email)
    return browser


def test_the_menu_leads_everybody_there(mel: Browser) -> None:
    assert 'href="/account"' in mel.get("/customers").text

    text = text_of(mel.get("/account"))

    assert "mel@example.com · member of Harbor Heating & Air" in text
    assert "The sign-up report is not mailed to you. An admin can put you on the list." in text


def test_a_new_password_keeps_this_browser_and_ends_the_others(
    app: Flask, ada: Browser, session: Session
) -> None:
    other = _another(app)

    answer = _change(ada)

    assert (answer.status_code, answer.location) == (303, "/account")
    text = text_of(ada.get("/account"))
    assert "Your password is changed. You were signed out in one other browser." in text
    assert other.get("/customers").status_code == 303
    assert _another(app).get("/customers").status_code == 303, "the old one opens nothing"
    assert Browser(app).sign_in("ada@example.com", password=OTHER).location == "/"
    assert session.scalars(select(OneTimeLink.purpose)).all() == [LinkPurpose.PASSWORD_NOTICE]


def test_a_new_password_knows_this_browser_again(app: Flask, ada: Browser) -> None:
    _change(ada)
    ada.post("/logout")
    stranger = Browser(app)
    for _ in range(10):
        stranger.sign_in("ada@example.com", password="wrong-password")
    refused = stranger.sign_in("ada@example.com", password=OTHER)

    answer = ada.sign_in("ada@example.com", password=OTHER)

    assert (refused.status_code, answer.status_code) == (429, 303)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"current": "not-my-password"}, "That is not your password. Nothing was changed."),
        ({"current": ""}, "That is not your password. Nothing was changed."),
        ({"password": PASSWORD}, "That is the password you have."),
        ({"password": "short"}, "12 to 200 characters; this one has 5."),
        ({"password": "password1234"}, "one of the most common ones"),
        ({"password": "Ada-Brandt-Harbor-1"}, "made of names and addresses that others know"),
    ],
)
def test_a_refused_password_is_told_at_its_field(
    ada: Browser, values: dict[str, str], sentence: str
) -> None:
    answer = _change(ada, **values)

    assert answer.status_code == 422
    assert sentence in text_of(answer)
    assert answer.text.count('aria-invalid="true"') == answer.text.count(" autofocus") == 1
    assert OTHER not in answer.text


def test_guessing_the_current_password_is_throttled(ada: Browser) -> None:
    answers = [_change(ada, current="not-my-password") for _ in range(11)]

    assert [answer.status_code for answer in answers] == [422] * 10 + [429]
    assert answers[-1].headers["Retry-After"] == "900"


def test_a_new_name_is_shown_at_once(ada: Browser) -> None:
    ada.post("/account/name", {"name": "<b>Ada</b> Okoro"})

    page = ada.get("/customers").text
    assert "<bdi>&lt;b&gt;Ada&lt;/b&gt; Okoro</bdi>" in page


def test_a_name_of_nothing_is_refused_at_its_field(ada: Browser) -> None:
    answer = ada.post("/account/name", {"name": " "})

    assert answer.status_code == 422
    assert "A name needs something that can be seen." in text_of(answer)
    assert "Ada Brandt" in ada.get("/customers").text


def test_another_e_mail_is_asked_for_by_mail_and_only_after_the_password(
    app: Flask, ada: Browser, session: Session, clock: Clock, runtime: Runtime
) -> None:
    replaced = replace(runtime, mailer=Outbox())
    app.extensions["runtime"] = replaced
    ada.get("/account")
    clock.advance(minutes=16)

    asked = ada.post("/account/email", {"email": "mel@example.com"})
    refused = confirm(ada, asked)
    answer = ada.post("/account/email", {"email": "ada@example.org"})

    assert asked.status_code == 401
    assert refused.status_code == 422
    assert "Somebody signs in with this address already." in text_of(refused)
    assert answer.location == "/account"
    assert "A mail is on its way to the new address." in text_of(ada.get("/account"))
    purposes = session.scalars(select(OneTimeLink.purpose).order_by(OneTimeLink.id)).all()
    assert purposes == [LinkPurpose.EMAIL_CHANGE, LinkPurpose.EMAIL_ASKED_NOTICE]
    session.rollback()
    again = ada.post("/account/email", {"email": "ada@example.org"})
    waiting = text_of(ada.get("/account"))
    withdrawn = ada.post("/account/email/withdraw")
    after = text_of(ada.get("/account"))

    assert again.status_code == 409
    assert "Waits for a yes at ada@example.org; the link mailed there ends on 21 Nov at" in waiting
    assert withdrawn.location == "/account"
    assert "Your e-mail stays as it is" in after and "Waits for a yes" not in after


def test_without_a_mail_server_the_page_says_who_can_help(mel: Browser) -> None:
    text = text_of(mel.get("/account"))

    assert "has to set BLUECLERK_SMTP_URL first" in text
    assert "Ask the new address" not in text


def test_the_other_browsers_are_listed_and_signed_out_together(
    app: Flask, ada: Browser, clock: Clock
) -> None:
    others = [_another(app)]
    clock.advance(minutes=3)
    others.append(_another(app))
    text = text_of(ada.get("/account"))

    answer = ada.post("/account/sign-out-elsewhere")

    assert "Since 20 Nov 2026, 09:00 this browser now" in text
    assert "Since 20 Nov 2026, 09:00 20 Nov 2026, 09:00 Sign out" in text
    assert "Since 20 Nov 2026, 09:03 20 Nov 2026, 09:03 Sign out" in text
    assert "Ends 2 other sign-ins. This browser stays." in text
    assert answer.location == "/account"
    text = text_of(ada.get("/account"))
    assert "You were signed out in 2 other browsers." in text
    assert "You are signed in nowhere else." in text
    assert [other.get("/customers").status_code for other in others] == [303, 303]


def test_one_other_browser_is_signed_out(app: Flask, ada: Browser, zoe: Browser) -> None:
    other = _another(app)
    found = re.search(r'name="sign_in" value="([0-9a-f]{16})"', ada.get("/account").text)
    assert found

    refused = zoe.post("/account/sign-out", {"sign_in": found[1]})
    ada.post("/account/sign-out", {"sign_in": found[1]})

    assert refused.status_code == 404
    assert other.get("/customers").status_code == 303
    assert ada.post("/account/sign-out", {"sign_in": found[1]}).status_code == 404
    assert ada.post("/account/sign-out", {"sign_in": "nonsense"}).status_code == 404


def test_whoever_left_the_report_by_mail_gets_it_again(
    mel: Browser, session: Session, people: SimpleNamespace
) -> None:
    make_report_settings(session, people.company)
    row = make_report_recipient(
        session, people.company, address="mel@example.com", unsubscribed_at=NOW
    )
    assert "unsubscribed" in text_of(mel.get("/account"))

    answer = mel.post("/account/report")

    assert answer.location == "/account"
    text = text_of(mel.get("/account"))
    assert "You get the daily report again, beginning with today." in text
    assert "Get the daily report again" not in text
    session.expire_all()
    assert row.unsubscribed_at is None


def test_nobody_puts_themselves_on_the_list(
    mel: Browser, session: Session, people: SimpleNamespace
) -> None:
    make_report_recipient(session, people.company, address="mel@example.com", removed_at=NOW)
    make_report_recipient(session, people.other, address="mel@example.com", unsubscribed_at=NOW)

    mel.post("/account/report")

    assert "You are not on the list of the report." in text_of(mel.get("/account"))


def test_zoe_sees_only_her_own_account(app: Flask, ada: Browser, zoe: Browser) -> None:
    _another(app)

    text = text_of(zoe.get("/account"))

    assert "zoe@example.com" in text and text.count("Since ") == 1
    assert "Ada" not in text and "Harbor" not in text


def test_a_changed_role_and_a_changed_name_count_at_the_next_click(
    ada: Browser, session: Session, people: SimpleNamespace
) -> None:
    session.get_one(User, people.ada.id).name = "Somebody Else"
    session.commit()

    assert "Somebody Else" in text_of(ada.get("/account"))
