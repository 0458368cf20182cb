"""Sign in, sign out, and who is led where."""

from __future__ import annotations

from io import BytesIO
from types import SimpleNamespace

import pytest
from sqlalchemy.orm import Session

from tests.blueprints.support import QUICKBOOKS, Browser, find_token, text_of
from tests.conftest import Clock

WRONG = "That e-mail and password do not fit together."


def test_an_admin_signs_in_and_lands_on_the_integrations(stranger: Browser) -> None:
    answer = stranger.sign_in("ada@example.com")

    assert answer.status_code == 303
    assert stranger.get("/").location == "/settings/integrations"


def test_a_member_lands_on_the_customers(mel: Browser) -> None:
    answer = mel.get("/")

    assert (answer.status_code, answer.location) == (303, "/customers")


def test_the_case_of_the_e_mail_does_not_matter(stranger: Browser) -> None:
    answer = stranger.sign_in("  Ada@Example.COM ")

    assert answer.status_code == 303


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("ada@example.com", "wrong-password"),
        ("nobody@example.com", "demo-password"),
        ("ada@example.com", ""),
        ("", "demo-password"),
        ("ada@example.com", "x" * 5_000),
        ("a" * 5_000 + "@example.com", "demo-password"),
        ("ada@example.com\x00", "demo-password"),
        ("<script>alert(1)</script>", "demo-password"),
    ],
)
def test_what_does_not_fit_is_refused_with_one_sentence(
    stranger: Browser, email: str, password: str
) -> None:
    answer = stranger.sign_in(email, password=password)

    assert answer.status_code == 422
    assert WRONG in text_of(answer)
    assert "<script>alert" not in answer.text


def test_a_disabled_user_cannot_sign_in(
    stranger: Browser, session: Session, people: SimpleNamespace
) -> None:
    people.ada.is_disabled = True
    session.commit()

    answer = stranger.sign_in("ada@example.com")

    assert answer.status_code == 422


def test_a_disabled_user_is_out_at_the_next_click(
    ada: Browser, session: Session, people: SimpleNamespace
) -> None:
    people.ada.is_disabled = True
    session.commit()

    answer = ada.get("/customers")

    assert answer.status_code == 303
    assert answer.location.startswith("/login")


def test_whoever_is_signed_in_does_not_see_the_form(ada: Browser) -> None:
    answer = ada.get("/login?next=/customers")

    assert (answer.status_code, answer.location) == (303, "/customers")


def test_a_page_of_yesterday_cannot_sign_in(stranger: Browser) -> None:
    token = find_token(stranger.get("/login"))
    stranger.client.delete_cookie("blueclerk")

    answer = stranger.client.post(
        "/login",
        data={"email": "ada@example.com", "password": "demo-password", "csrf_token": token},
    )

    assert answer.status_code == 400
    assert "This page was too old" in text_of(answer)
    assert "Reload the page" in text_of(answer)


def test_a_token_from_before_the_sign_in_is_worth_nothing_after_it(stranger: Browser) -> None:
    planted = find_token(stranger.get("/login"))
    stranger.sign_in("ada@example.com")

    answer = stranger.client.post("/logout", data={"csrf_token": planted})

    assert answer.status_code == 400


def test_signing_out_makes_a_copied_cookie_worthless(ada: Browser) -> None:
    cookie = ada.client.get_cookie("blueclerk")
    assert cookie is not None

    ada.post("/logout")

    ada.client.set_cookie("blueclerk", cookie.value)
    assert ada.get("/customers").status_code == 303


def test_a_sign_in_ends_after_half_a_day_without_a_click(ada: Browser, clock: Clock) -> None:
    clock.advance(hours=13)

    answer = ada.get(QUICKBOOKS)

    assert answer.location == "/login?next=/settings/integrations/quickbooks"
    text = text_of(ada.get(answer.location))
    assert "You were signed out. That happens after 12 hours without a click," in text
    assert "you come back to the page you opened." in text and "Nothing was sent" not in text


def test_a_form_that_came_too_late_is_told_not_to_have_been_sent(
    ada: Browser, clock: Clock
) -> None:
    ada.token()
    clock.advance(hours=13)

    answer = ada.post("/account/name", {"name": "Somebody Else"})

    assert "You were signed out. Nothing was sent." in text_of(ada.get(answer.location))


def test_clicking_keeps_the_sign_in_alive(ada: Browser, clock: Clock) -> None:
    for _ in range(3):
        clock.advance(hours=8)
        assert ada.get("/customers").status_code == 200


def test_a_first_visit_is_not_told_that_it_was_signed_out(stranger: Browser) -> None:
    answer = stranger.get(stranger.get("/customers").location)

    assert "signed out" not in text_of(answer)


def test_a_browser_that_is_not_signed_in_is_led_to_sign_in(stranger: Browser) -> None:
    answer = stranger.get(QUICKBOOKS)

    assert (answer.status_code, answer.location) == (
        303,
        "/login?next=/settings/integrations/quickbooks",
    )


@pytest.mark.parametrize("page", [f"{QUICKBOOKS}/review?show=maybe&q=a+b%26c", "/reports?days=90"])
def test_signing_in_leads_back_to_the_very_list(stranger: Browser, page: str) -> None:
    asked = stranger.get(page)
    swapped = stranger.htmx_get(f"{QUICKBOOKS}/review/list", page=page)

    assert asked.location == swapped.headers["HX-Redirect"]
    assert stranger.sign_in("ada@example.com", path=asked.location).location == page


def test_an_answer_of_a_provider_is_not_carried_through_signing_in(stranger: Browser) -> None:
    answer = stranger.get(f"{QUICKBOOKS}/callback?code=secret&state=x")

    assert answer.location == f"/login?next={QUICKBOOKS}/callback"


def test_htmx_is_led_to_sign_in_and_back_to_the_page_not_to_the_fragment(
    stranger: Browser,
) -> None:
    answer = stranger.htmx_get(f"{QUICKBOOKS}/unsynced")

    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == "/login?next=/settings/integrations/quickbooks"


@pytest.mark.parametrize("page", ["https://evil.example//evil", "//[", "https://x/\\evil", ""])
def test_a_hostile_current_address_leads_nowhere(stranger: Browser, page: str) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": page}

    answer = stranger.client.get(f"{QUICKBOOKS}/unsynced", headers=headers)

    assert answer.headers["HX-Redirect"] in ("/login", "/login?next=/")


def test_signing_in_goes_on_to_the_page_that_was_asked_for(stranger: Browser) -> None:
    answer = stranger.sign_in("ada@example.com", path=f"/login?next={QUICKBOOKS}")

    assert answer.location == QUICKBOOKS


def test_an_address_that_does_not_exist_is_no_secret(stranger: Browser) -> None:
    answer = stranger.get("/nothing")

    assert answer.status_code == 404


def test_a_file_in_the_place_of_a_field_is_no_sign_in(stranger: Browser) -> None:
    form = {
        "csrf_token": find_token(stranger.get("/login")),
        "email": (BytesIO(b"ada@example.com"), "email.txt"),
        "password": (BytesIO(b"demo-password"), "password.txt"),
    }

    answer = stranger.client.post("/login", data=form, content_type="multipart/form-data")

    assert answer.status_code == 422


def test_a_click_after_signing_out_elsewhere_leads_to_sign_in(ada: Browser) -> None:
    stale = {"csrf_token": find_token(ada.get(QUICKBOOKS))}
    ada.post("/logout")
    headers = {"HX-Request": "true", "HX-Current-URL": f"http://localhost{QUICKBOOKS}"}

    fragment = ada.client.post(f"{QUICKBOOKS}/check", data=stale, headers=headers)
    page = ada.client.post(f"{QUICKBOOKS}/check", data=stale)

    assert fragment.status_code == 401
    assert fragment.headers["HX-Redirect"] == f"/login?next={QUICKBOOKS}"
    assert page.status_code == 303
    assert page.location.startswith("/login")
