"""Roles, companies, page tokens, and that reading a page writes nothing: for every route."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

from blueprints.guards import WRITING_GETS
from models import Base, Connection, Role
from tests.blueprints.support import (
    QUICKBOOKS,
    Browser,
    htmx_headers,
    make_counted,
    text_of,
)
from tests.fakes import FakeAccountingClient, FakeAuthorization

# Blueprints by who may open them; whatever is not named here is the admins'.
FOR_EVERYBODY = {"auth", "join", "unsubscribe", "confirm", "invitation", "health"}
FOR_MEMBERS = {"customers", "customer_removing", "worklist", "reports"}
# The signed link is the permission, and mail programs post it without a page (RFC 8058).
WITHOUT_TOKEN = {"unsubscribe.submit"}
NOT_OURS = {"static"}
PARTS = {
    "<provider:provider>": "quickbooks",
    "<customer>": "0" * 16,
    "<day>": "2026-11-19",
    "<import_id>": "0" * 16,
    "<slug>": "nobody",
    "<token>": "nobody",
}


def _rules(app: Flask) -> list[Rule]:
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint not in NOT_OURS]


def _address(rule: Rule) -> str:
    address = rule.rule
    for part, value in PARTS.items():
        address = address.replace(part, value)
    return address


def _room(rule: Rule) -> str:
    return rule.endpoint.partition(".")[0]


def _method(rule: Rule) -> str:
    return "POST" if "POST" in (rule.methods or set()) else "GET"


def test_a_member_opens_customers_and_reports_and_nothing_else(app: Flask, mel: Browser) -> None:
    for rule in _rules(app):
        if _room(rule) in FOR_EVERYBODY:
            continue
        send = mel.post if _method(rule) == "POST" else mel.get

        answer = send(_address(rule))

        assert answer.status_code != 500, rule.rule
        assert (answer.status_code == 403) is (_room(rule) not in FOR_MEMBERS), rule.rule


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


def test_whoever_is_not_signed_in_opens_nothing(app: Flask, stranger: Browser) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    for rule in _rules(app):
        if _room(rule) in FOR_EVERYBODY and rule.endpoint != "auth.home":
            continue

        page = stranger.client.open(_address(rule), method=_method(rule))
        fragment = stranger.client.open(
            _address(rule), method=_method(rule), headers=htmx_headers(QUICKBOOKS)
        )

        assert (page.status_code, fragment.status_code) == (303, 401), rule.rule
        assert page.location.startswith("/login")
        assert fragment.headers["HX-Redirect"].startswith("/login?next=/settings/integrations")
        assert fragment.text == ""


def test_no_form_works_without_its_token(app: Flask, ada: Browser) -> None:
    for rule in _rules(app):
        if _method(rule) != "POST" or rule.endpoint in WITHOUT_TOKEN:
            continue

        for form in ({}, {"csrf_token": ""}, {"csrf_token": "x.y.z"}):
            answer = ada.client.post(_address(rule), data=form)

            assert answer.status_code == 400, rule.rule
            assert "This page was too old" in text_of(answer)


def test_a_fragment_without_its_token_offers_to_reload_the_page(ada: Browser) -> None:
    answer = ada.client.post(f"{QUICKBOOKS}/check", headers=htmx_headers(QUICKBOOKS))

    assert answer.status_code == 400
    assert "This page was too old" in text_of(answer)
    assert f'href="{QUICKBOOKS}">Reload the page</a>' in answer.text
    assert answer.headers["HX-Reswap"] == "innerHTML"


def test_a_token_of_somebody_else_is_worth_nothing(ada: Browser, mel: Browser) -> None:
    answer = ada.client.post("/logout", data={"csrf_token": mel.token()})

    assert answer.status_code == 400


def _counts(session: Session) -> dict[str, int]:
    tables = Base.metadata.sorted_tables
    with Session(session.get_bind()) as another:
        return {
            table.name: another.scalar(select(func.count()).select_from(table)) or 0
            for table in tables
        }


def test_reading_a_page_writes_nothing_but_for_the_named_few(
    app: Flask, ada: Browser, session: Session, connection: Connection
) -> None:
    make_counted(session, connection, unsynced=2)
    before = _counts(session)

    for rule in _rules(app):
        if _method(rule) == "GET" and rule.endpoint not in WRITING_GETS:
            ada.get(_address(rule))
            assert _counts(session) == before, rule.rule


def test_zoe_sees_nothing_of_the_company(
    app: Flask,
    zoe: Browser,
    session: Session,
    connection: Connection,
    books: FakeAccountingClient,
    consent: FakeAuthorization,
) -> None:
    make_counted(session, connection, unsynced=2)

    for rule in _rules(app):
        if _room(rule) in FOR_EVERYBODY:
            continue
        send = zoe.post if _method(rule) == "POST" else zoe.get
        text = text_of(send(_address(rule)))

        assert "Customer 00" not in text, rule.rule
        assert "Harbor" not in text, rule.rule
        assert "Ada Brandt" not in text, rule.rule


def test_a_reading_of_another_company_is_not_found(
    zoe: Browser, session: Session, connection: Connection
) -> None:
    reading = make_counted(session, connection, unsynced=2)

    for address in (QUICKBOOKS, f"{QUICKBOOKS}/unsynced"):
        answer = zoe.get(f"{address}?reading={reading.public_id}")

        assert answer.status_code == 404


@pytest.mark.parametrize("path", [f"{QUICKBOOKS}/ignore", f"{QUICKBOOKS}/check", "/logout"])
def test_a_form_address_cannot_be_opened(ada: Browser, path: str) -> None:
    answer = ada.get(path)

    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]
    assert "That cannot be done here" in text_of(answer)
