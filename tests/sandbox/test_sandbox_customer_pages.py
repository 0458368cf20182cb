"""A person who follows a link to a customer finds it in the sandbox."""

import pytest

from sandbox.world import the_world

PAGES = {
    "quickbooks": "/quickbooks/app/customerdetail?nameId={}",
    "xero": "/xero/app/contacts/contact/{}",
    "freshbooks": "/freshbooks/client/{}",
}


def _somebody(app, name):
    """Open the first account and return one of its customers."""
    provider = the_world(app).providers[name]
    provider.census()
    [row] = [book.rows()[7] for book in provider._books.known()]
    return row


@pytest.mark.parametrize("name", PAGES)
def test_the_page_shows_the_customer(app, client, name):
    row = _somebody(app, name)
    before = client.get("/control/state").json["providers"][name]["calls"]["total"]

    answer = client.get(PAGES[name].format(row.key))

    assert answer.status_code == 200
    assert f"Customer {row.key}" in answer.text
    assert "<script" not in answer.text
    assert client.get("/control/state").json["providers"][name]["calls"]["total"] == before


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("remote_id", ["0", "nobody", "%22"])
def test_nobody_has_no_page(app, client, name, remote_id):
    _somebody(app, name)

    assert client.get(PAGES[name].format(remote_id)).status_code == 404
