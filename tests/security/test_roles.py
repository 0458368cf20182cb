"""Who may open what: every route for everybody who could ask, and what a refused one learns."""

from __future__ import annotations

import pytest

from tests.blueprints.support import htmx_headers
from tests.blueprints.test_access import FOR_EVERYBODY, FOR_MEMBERS
from tests.security.house import COOKIE, House
from tests.security.routes import Route, routes, values_of
from tests.security.rows import table_hashes

NOT_OURS = {"static"}
#: Served to everybody, with another answer for whoever is not signed in.
LEADS_ON = {"auth.home"}


def _closed(house: House) -> list[tuple[Route, str]]:
    """Return the routes that not everybody may open, each with an address of ada's company."""
    values = values_of(house, house.party("ada"))
    return [
        (route, next(route.addresses(values)))
        for route in routes(house.app)
        if (route.room not in FOR_EVERYBODY or route.endpoint in LEADS_ON)
        and route.endpoint not in NOT_OURS
    ]


def _signed_out(house: House) -> str:
    """Return a cookie of somebody who signed out after it was copied."""
    ada = house.browser("ada")
    cookie = ada.client.get_cookie(COOKIE)
    assert cookie
    ada.post("/logout")
    return cookie.value


@pytest.mark.parametrize("who", ["stranger", "disabled", "signed out", "forged"])
def test_who_is_not_signed_in_opens_nothing(house: House, who: str) -> None:
    house.app.config["WTF_CSRF_ENABLED"] = False
    browser = house.browser("olu" if who == "disabled" else None)
    if who == "signed out":
        browser.client.set_cookie(COOKIE, _signed_out(house))
    if who == "forged":
        browser.client.set_cookie(
            COOKIE, "eyJfdXNlcl9pZCI6IjEifQ.aaaaaa.AAAAAAAAAAAAAAAAAAAAAAAAAAA"
        )
    before = table_hashes(house.database)

    for route, address in _closed(house):
        page = browser.client.open(address, method=route.method)
        fragment = browser.client.open(
            address, method=route.method, headers=htmx_headers("/settings/integrations")
        )

        assert (page.status_code, fragment.status_code) == (303, 401), route
        assert page.location.startswith("/login")
        assert fragment.headers["HX-Redirect"].startswith("/login?next=/settings/integrations")
        assert fragment.text == ""

    assert table_hashes(house.database) == before


def test_a_member_opens_customers_and_reports_and_nothing_else(house: House) -> None:
    mel = house.browser("mel")

    for route, address in _closed(house):
        if route.endpoint == "auth.sign_out":
            continue
        is_form = route.method != "GET"
        answer = (mel.post if is_form else mel.get)(address)

        assert answer.status_code != 500, route
        is_open = route.room in FOR_MEMBERS or route.room in FOR_EVERYBODY
        assert (answer.status_code == 403) is not is_open, route


def test_a_refused_member_has_changed_nothing(house: House) -> None:
    mel = house.browser("mel")
    mel.token()
    before = table_hashes(house.database)

    for route, address in _closed(house):
        if route.method != "GET" and route.room not in FOR_MEMBERS | FOR_EVERYBODY:
            mel.post(address)

    assert table_hashes(house.database) == before


@pytest.mark.full
def test_an_admin_opens_every_page_of_the_company(house: House) -> None:
    ada = house.browser("ada")

    for route, address in _closed(house):
        if route.method == "GET":
            assert ada.get(address).status_code not in (401, 403, 500), route
