"""The password again: asked before what matters, and nothing is done before it is right."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import pytest
from flask import Flask, request
from sqlalchemy.orm import Session

from blueprints.proof import PROOF, password_again
from models import Connection, ReportSettings
from tests.blueprints.support import (
    PASSWORD,
    QUICKBOOKS,
    Browser,
    confirm,
    kept_fields,
    text_of,
)
from tests.conftest import Clock
from tests.fakes import FakeAccountingClient, FakeAuthorization

DISCONNECT, CONNECT = f"{QUICKBOOKS}/disconnect", f"{QUICKBOOKS}/connect"
SETTINGS = "/settings/reports"


@pytest.fixture(autouse=True)
def provider(consent: FakeAuthorization, books: FakeAccountingClient) -> SimpleNamespace:
    return SimpleNamespace(consent=consent, books=books)


@pytest.fixture
def ada_later(ada: Browser, connection: Connection, clock: Clock) -> Browser:
    """Ada, whose password was typed 16 minutes ago."""
    ada.get(QUICKBOOKS)
    clock.advance(minutes=16)
    return ada


def _is_saved(session: Session) -> bool:
    found = session.query(ReportSettings).count()
    session.rollback()  # SQLite's lock would wait for the end of the test
    return found == 1


def test_a_fresh_sign_in_counts(ada: Browser, connection: Connection) -> None:
    answer = ada.post(DISCONNECT)

    assert (answer.status_code, answer.location) == (303, QUICKBOOKS)


def test_later_a_form_waits_for_the_password_and_is_then_carried_out_at_once(
    ada_later: Browser, provider: SimpleNamespace
) -> None:
    asked = ada_later.post(DISCONNECT, headers={"Referer": f"http://localhost{DISCONNECT}"})
    revoked_before = list(provider.consent.revoked)

    answer = confirm(ada_later, asked)

    assert (asked.status_code, revoked_before) == (401, [])
    assert "Confirm that it is you" in text_of(asked)
    assert f'action="{DISCONNECT}"' in asked.text and f'href="{DISCONNECT}"' in asked.text
    assert (answer.status_code, answer.location) == (303, QUICKBOOKS)
    assert len(provider.consent.revoked) == 1
    assert ada_later.post(f"{QUICKBOOKS}/disconnect").status_code != 401, "not asked again"


def test_what_was_typed_is_kept_over_wrong_passwords_and_saved_in_the_end(
    ada_later: Browser, session: Session
) -> None:
    form = {
        "hour": "7",
        "empty": "skip",
        "zone": "UTC",
        "recipients": 'lee@example.org\r\n"kim"@example.org',
        "rhythm:ada@example.com": ["daily", "off"],
    }

    asked = ada_later.post(SETTINGS, form)
    wrong = confirm(ada_later, asked, "not-my-password")
    saved_before = _is_saved(session)
    refused = confirm(ada_later, wrong)
    fixed = ada_later.post(SETTINGS, form | {"recipients": "lee@example.org"})

    assert (asked.status_code, wrong.status_code, saved_before) == (401, 422, False)
    kept = {name: value if isinstance(value, list) else [value] for name, value in form.items()}
    assert kept_fields(asked) == kept_fields(wrong) == kept
    assert "What you filled in is kept." in text_of(asked)
    assert "That is not your password. Nothing was changed. Try again." in text_of(wrong)
    assert PASSWORD not in wrong.text and "not-my-password" not in wrong.text
    # The form itself was looked at: one of its addresses is none, and stands in its field.
    assert refused.status_code == 422 and "lee@example.org" in refused.text
    assert PROOF not in refused.text
    assert fixed.location == SETTINGS
    assert _is_saved(session)


def test_the_form_of_a_fragment_is_asked_about_in_its_place(ada_later: Browser) -> None:
    answer = ada_later.htmx_post(SETTINGS, {"zone": "UTC"}, page=SETTINGS)

    assert (answer.status_code, answer.headers["HX-Reswap"]) == (401, "innerHTML")
    assert "<html" not in answer.text
    assert f'action="{SETTINGS}"' in answer.text and f'href="{SETTINGS}"' in answer.text
    assert kept_fields(answer) == {"zone": ["UTC"]}


def test_no_password_no_token_and_no_file_is_kept_and_nothing_too_big(ada_later: Browser) -> None:
    form = {"zone": "UTC", "password": "secret", "current": "secret"}
    file = {"upload": (BytesIO(b"content"), "file.txt")}

    asked = ada_later.post(SETTINGS, form | file)
    long = ada_later.post(SETTINGS, {"recipients": "x" * 100_001})
    many = ada_later.post(SETTINGS, {"ids": ["1"] * 501})

    assert kept_fields(asked) == {"zone": ["UTC"]}
    assert "secret" not in asked.text and asked.text.count(ada_later.token()) <= 2
    assert (long.status_code, many.status_code) == (413, 413)


def test_what_is_guarded_never_sees_the_password(app: Flask, ada_later: Browser) -> None:
    app.view_functions["account.rename"] = password_again("try it")(lambda: dict(request.form))

    answer = confirm(ada_later, ada_later.post("/account/name", {"name": "Ada"}))

    assert answer.json is not None and answer.json.keys() == {"csrf_token", "name"}


def test_the_password_with_a_form_needs_the_token_of_the_form(
    ada_later: Browser, provider: SimpleNamespace
) -> None:
    answer = ada_later.client.post(DISCONNECT, data={PROOF: PASSWORD})

    assert answer.status_code == 400
    assert provider.consent.revoked == []


def test_the_question_names_what_somebody_else_may_have_filled_in(ada_later: Browser) -> None:
    form = {"email": ["lee@example.org", "mel@example.com"], "role": "admin"}

    invited = ada_later.post("/settings/team/invitations", form)
    wrong = confirm(ada_later, invited, "not-my-password")
    followed = ada_later.get(f"/account/confirm?next={CONNECT}")
    nowhere = ada_later.get("/account/confirm?next=/nowhere")

    for answer in (invited, wrong):
        assert "You asked to invite somebody: lee@example.org · admin." in text_of(answer)
    assert "You asked to connect accounting software: QuickBooks." in text_of(followed)
    assert nowhere.status_code == 200 and "You asked to" not in text_of(nowhere)


def test_every_guarded_view_says_what_the_password_is_for(app: Flask) -> None:
    source = "".join(path.read_text() for path in Path("blueprints").glob("*.py"))

    purposes = [getattr(view, "purpose", None) for view in app.view_functions.values()]

    assert len([one for one in purposes if one]) == source.count("@password_again(") > 8


def test_a_window_that_another_site_opened_is_not_led_on_as_ours(ada: Browser) -> None:
    headers = {"Sec-Fetch-Site": "cross-site"}

    answer = ada.get("/account/confirm?next=/customers?q=guess", headers=headers)

    assert (answer.status_code, answer.location) == (303, "/customers?q=guess")


def test_connect_goes_on_by_itself_over_a_page_that_is_no_redirect(ada_later: Browser) -> None:
    asked = ada_later.get(f"{CONNECT}?other=1").location

    confirmed = confirm(ada_later, ada_later.get(asked))
    page = ada_later.get(confirmed.location)

    assert asked == f"/account/confirm?next={CONNECT}?other%3D1"
    assert confirmed.location == asked
    assert page.status_code == 200
    found = re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', page.text)
    assert found and found[1] == f"{CONNECT}?other=1"
    assert ada_later.get(found[1]).location.startswith("https://provider.example/consent?")


def test_ten_wrong_passwords_have_to_wait_and_the_right_one_too(ada_later: Browser) -> None:
    asked = ada_later.post(SETTINGS, {"zone": "UTC"})

    answers = [confirm(ada_later, asked, "not-my-password") for _ in range(11)]

    assert [answer.status_code for answer in answers] == [422] * 10 + [429]
    assert "Try again in 15 minutes." in text_of(answers[-1])
    assert answers[-1].headers["Retry-After"] == "900"
    assert kept_fields(answers[-1]) == {"zone": ["UTC"]}
    assert confirm(ada_later, asked).status_code == 429


def test_after_the_password_a_cookie_that_was_copied_before_is_worth_nothing(
    ada_later: Browser,
) -> None:
    copied = ada_later.client.get_cookie("blueclerk")
    confirm(ada_later, ada_later.post(f"{QUICKBOOKS}/disconnect"))
    assert copied is not None and ada_later.get("/customers").status_code == 200

    ada_later.client.set_cookie("blueclerk", copied.value)

    assert ada_later.get("/customers").status_code == 303


def test_looking_at_a_page_brings_no_old_cookie_back(ada: Browser) -> None:
    ada.get("/customers")

    answer = ada.get("/customers")

    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("page", ["https://evil.example/", "//evil.example", "/\\evil"])
def test_the_way_on_stays_on_this_site(ada_later: Browser, page: str) -> None:
    asked = ada_later.get("/account/confirm", query_string={"next": page})

    answer = ada_later.get(confirm(ada_later, asked).location)

    assert 'content="0; url=/"' in answer.text and "evil" not in asked.text + answer.text


def test_a_member_confirms_like_anybody(mel: Browser, clock: Clock) -> None:
    mel.get("/account")
    clock.advance(minutes=16)

    asked = mel.post("/account/email", {"email": "mel@example.org"})
    answer = confirm(mel, asked)

    assert (asked.status_code, answer.location) == (401, "/account")
