"""Opening a page changes no value of any row: for every route, and for every link of every page."""

from __future__ import annotations

import pytest

from blueprints.guards import WRITING_GETS
from tests.security.crawling import crawl
from tests.security.house import House
from tests.security.routes import reading_routes, values_of
from tests.security.rows import table_hashes


def test_only_the_named_few_write_when_they_are_read(house: House) -> None:
    endpoints = {route.endpoint for route in reading_routes(house.app)}

    assert {"unsynced.show", "connections.connect", "connections.callback"} == WRITING_GETS
    assert endpoints >= WRITING_GETS


def test_reading_a_page_writes_nothing(house: House) -> None:
    values, ada = values_of(house, house.party("ada")), house.browser("ada")
    before = table_hashes(house.database)

    for route in reading_routes(house.app):
        for address in route.addresses(values):
            if route.endpoint not in WRITING_GETS:
                ada.get(address)
                ada.client.head(address).close()

            assert table_hashes(house.database) == before, route


@pytest.mark.full
def test_following_every_link_writes_nothing(house: House) -> None:
    before = table_hashes(house.database)
    count = 0

    for seen in crawl(house, "ada", ["/", "/customers", "/reports", "/settings/integrations"]):
        count += 1
        assert table_hashes(house.database) == before, seen.address

    assert count > 60
