"""Who may open what, as people meet it; `tests/security` asks the same of every route."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from sqlalchemy.orm import Session

from models import Connection, Role
from tests.blueprints.support import (
    QUICKBOOKS,
    Browser,
    make_counted,
    text_of,
)

# Blueprints by who may open them; whatever is not named here is the admins'.
MAILED = {"invitation", "forgotten", "email_change"}
FOR_EVERYBODY = {"auth", "join", "unsubscribe", "confirm", *MAILED, "health"}
FOR_MEMBERS = {"account", "proof", "customers", "customer_removing", "worklist", "reports"}


def test_a_refused_member_reads_who_can_help(mel: Browser) -> None:
    answer = mel.get(QUICKBOOKS)

    text = text_of(answer)
    assert "Only admins can open this" in text
    assert "You are signed in as Mel Osei, a member. Ask an admin of Harbor Heating & Air." in text
    assert "Go to customers" in text


def test_the_navigation_offers_a_member_only_what_opens(mel: Browser) -> None:
    assert "/settings" not in mel.get("/customers").text


def test_a_member_who_became_one_is_refused_at_the_next_click(
    ada: Browser, session: Session, people: SimpleNamespace
) -> None:
    people.ada.role = Role.MEMBER
    session.commit()

    assert ada.get(QUICKBOOKS).status_code == 403


def test_a_reading_of_another_company_is_not_found(
    zoe: Browser, session: Session, connection: Connection
) -> None:
    reading = make_counted(session, connection, unsynced=2)

    for address in (QUICKBOOKS, f"{QUICKBOOKS}/unsynced"):
        answer = zoe.get(f"{address}?reading={reading.public_id}")

        assert answer.status_code == 404


@pytest.mark.parametrize(
    ("path", "page"),
    [
        (f"{QUICKBOOKS}/ignore", QUICKBOOKS),
        ("/account/password", "/account"),
        ("/settings/team/invitations/0123456789abcdef/again", "/settings/team"),
        ("/settings/reports/ask", "/settings/reports"),
        ("/logout", "/"),
    ],
)
def test_the_address_of_a_form_leads_to_its_page_and_programs_are_told(
    ada: Browser, path: str, page: str
) -> None:
    opened, fragment, put = ada.get(path), ada.htmx_get(path), ada.client.put(path)

    assert (opened.status_code, opened.location) == (303, page)
    assert (fragment.status_code, "That cannot be done here" in text_of(fragment)) == (405, True)
    assert "POST" in fragment.headers["Allow"]
    assert put.status_code in (400, 405)
