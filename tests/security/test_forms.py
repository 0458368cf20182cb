"""No form works without a token of its own, or from another site: for every unsafe route."""

from __future__ import annotations

import pytest

from tests.blueprints.support import htmx_headers, text_of
from tests.security.house import House
from tests.security.routes import Route, unsafe_routes, values_of
from tests.security.rows import table_hashes

# The signed link is the permission, and mail programs post it without a page (RFC 8058).
WITHOUT_TOKEN = {"unsubscribe.submit"}


def _unsafe(house: House) -> list[tuple[Route, str]]:
    values = values_of(house, house.party("ada"))
    return [
        (route, next(route.addresses(values)))
        for route in unsafe_routes(house.app)
        if route.endpoint not in WITHOUT_TOKEN
    ]


def test_no_form_works_without_a_token_of_its_own(house: House) -> None:
    ada, stolen = house.browser("ada"), house.browser("zoe").token()
    before = table_hashes(house.database)

    for route, address in _unsafe(house):
        for form in ({}, {"csrf_token": ""}, {"csrf_token": "x.y.z"}, {"csrf_token": stolen}):
            answer = ada.client.open(address, method=route.method, data=form)

            assert answer.status_code == 400, route
            assert "This page was too old" in text_of(answer)

    assert table_hashes(house.database) == before


@pytest.mark.parametrize("sender", ["cross-site", "same-site", "something new"])
def test_no_form_works_from_another_site(house: House, sender: str) -> None:
    ada = house.browser("ada")
    form = {"csrf_token": ada.token()}
    before = table_hashes(house.database)

    for route, address in _unsafe(house):
        headers = {"Sec-Fetch-Site": sender}
        answer = ada.client.open(address, method=route.method, data=form, headers=headers)

        assert answer.status_code == 403, route
        assert "This came from another site" in text_of(answer)

    assert table_hashes(house.database) == before


@pytest.mark.parametrize("sender", ["same-origin", "none"])
def test_a_form_of_our_own_page_works(house: House, sender: str) -> None:
    ada = house.browser("ada")

    answer = ada.post("/customers/new", {"name": "Blue Heron"}, headers={"Sec-Fetch-Site": sender})

    assert answer.status_code == 303


def test_a_mail_program_unsubscribes_from_anywhere(house: House) -> None:
    stranger = house.browser()

    answer = stranger.client.post("/unsubscribe/nobody", headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 404


def test_a_page_is_opened_by_a_link_of_another_site(house: House) -> None:
    answer = house.browser("ada").get("/customers", headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 200


def test_a_fragment_without_its_token_offers_to_reload_the_page(house: House) -> None:
    page = "/settings/integrations/quickbooks"

    answer = house.browser("ada").client.post(f"{page}/check", headers=htmx_headers(page))

    assert answer.status_code == 400
    assert "This page was too old" in text_of(answer)
    assert f'href="{page}">Reload the page</a>' in answer.text
    assert answer.headers["HX-Reswap"] == "innerHTML"
