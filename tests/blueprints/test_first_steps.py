"""The first steps where an admin lands: one is to be taken now, and none is left at the end."""

from __future__ import annotations

import re

import pytest
from sqlalchemy.orm import Session

from models import Connection, ConnectionState, ReportSettings
from tests.blueprints.support import QUICKBOOKS, Browser, make_counted, text_of
from tests.factories import make_reading, make_remote_customer

INDEX = "/settings/integrations"


def _steps(browser: Browser) -> str:
    """Return the markup of the steps, nothing where they are not shown."""
    page = browser.get(INDEX).text
    found = re.search(r'<article id="first-steps">.*?</article>', page, re.DOTALL)
    return found.group() if found else ""


def _filled(html: str) -> list[str]:
    """Return where the filled buttons of the markup lead."""
    buttons = re.findall(r'<a role="button"([^>]*)>', html)
    return [
        address
        for attributes in buttons
        if "secondary" not in attributes
        for address in re.findall(r'href="([^"]*)"', attributes)
    ]


def test_a_new_company_is_told_to_connect_and_each_provider_offers_it(ada: Browser) -> None:
    steps = _steps(ada)

    assert re.findall(r"Done|Now|Later", steps) == ["Now", "Later", "Later", "Later"]
    assert steps.count('aria-current="step"') == 1
    assert "0 of 4 done" in steps
    assert "Choose it below." in steps
    assert _filled(steps) == []
    # Only QuickBooks has its settings in this installation.
    assert _filled(ada.get(INDEX).text) == [QUICKBOOKS]


def test_a_permission_that_has_ended_leads_to_the_reconnect_below(
    ada: Browser, session: Session, connection: Connection
) -> None:
    connection.state = ConnectionState.RECONNECT_REQUIRED
    session.commit()

    assert "The permission has ended: reconnect below." in _steps(ada)
    assert _filled(ada.get(INDEX).text) == [f"{QUICKBOOKS}/connect"]


def test_a_connection_leads_on_to_the_check(ada: Browser, connection: Connection) -> None:
    assert _filled(ada.get(INDEX).text) == [f"{QUICKBOOKS}/unsynced"]
    assert re.findall(r"Done|Now|Later", _steps(ada)) == ["Done", "Now", "Later", "Later"]


def test_whoever_is_missing_leads_on_to_the_review(
    ada: Browser, session: Session, connection: Connection
) -> None:
    make_remote_customer(session, make_reading(session, connection))

    assert _filled(ada.get(INDEX).text) == [f"{QUICKBOOKS}/review"]


def test_nobody_missing_leads_on_to_the_report(
    ada: Browser, session: Session, connection: Connection
) -> None:
    make_reading(session, connection)

    assert _filled(ada.get(INDEX).text) == ["/settings/reports"]


def test_the_steps_are_gone_once_the_report_is_settled(
    ada: Browser, session: Session, connection: Connection
) -> None:
    make_reading(session, connection)

    # Switched off is an answer, too.
    form = {"hour": "7", "zone": "America/New_York", "empty": "skip", "recipients": ""}
    assert ada.post("/settings/reports", form).status_code == 303

    assert _steps(ada) == ""
    assert _filled(ada.get(INDEX).text) == []


def test_a_connection_that_ended_is_the_one_thing_to_mend(
    ada: Browser, session: Session, connection: Connection
) -> None:
    make_counted(session, connection, unsynced=1)
    connection.state = ConnectionState.RECONNECT_REQUIRED
    session.commit()

    assert _filled(ada.get(INDEX).text) == [f"{QUICKBOOKS}/connect"]
    assert "Connect accounting software" in _steps(ada)


def test_zoe_begins_at_the_beginning_whatever_others_have_done(
    zoe: Browser, session: Session, connection: Connection
) -> None:
    make_reading(session, connection)
    session.add(ReportSettings(company_id=connection.company_id, is_on=True))
    session.commit()

    assert "0 of 4 done" in _steps(zoe)


@pytest.mark.parametrize("path", [INDEX, "/customers", "/reports"])
def test_a_member_never_sees_the_steps(mel: Browser, path: str) -> None:
    assert "First steps" not in mel.get(path).text


def test_the_empty_pages_of_a_new_company_lead_on(ada: Browser, mel: Browser) -> None:
    customers, reports = ada.get("/customers"), ada.get("/reports")
    history = ada.get(f"{QUICKBOOKS}/imports")

    assert f'href="{INDEX}">Connect your accounting software' in customers.text
    assert 'href="/settings/reports">choose who gets it' in reports.text
    assert f'href="{QUICKBOOKS}">Go to QuickBooks' in history.text
    assert "ask an admin to connect" in text_of(mel.get("/customers"))
    assert "An admin of your company can switch the report on." in text_of(mel.get("/reports"))
