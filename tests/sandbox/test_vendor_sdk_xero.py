"""The vendor's own library against the imitation, over a real socket."""

from datetime import UTC, datetime, timedelta

import pytest
from xero_python.accounting import AccountingApi
from xero_python.api_client import ApiClient
from xero_python.api_client.configuration import Configuration
from xero_python.api_client.oauth2 import OAuth2Token, TokenApi
from xero_python.identity import IdentityApi

from tests.sandbox.live import live
from tests.sandbox.xero_program import CLIENT, KAURI, census, granted


@pytest.fixture
def address(app):
    with live(app) as port:
        yield f"http://127.0.0.1:{port}/xero"


@pytest.fixture
def sdk(client, address, monkeypatch):
    """The library as it comes, with a grant; only the addresses are changed."""
    monkeypatch.setattr(TokenApi, "refresh_token_url", f"{address}/connect/token")
    monkeypatch.setattr(TokenApi, "revoke_token_url", f"{address}/connect/revocation")
    monkeypatch.setattr(AccountingApi, "base_url", f"{address}/api.xro/2.0")
    monkeypatch.setattr(IdentityApi, "base_url", address)
    tokens = granted(client).tokens
    names = ("access_token", "refresh_token", "expires_in")
    kept = {name: tokens[name] for name in names} | {"token_type": "Bearer"}
    kept["scope"] = tokens["scope"].split()
    settings = Configuration(oauth2_token=OAuth2Token(*CLIENT))
    return ApiClient(
        settings,
        oauth2_token_getter=lambda: kept,
        oauth2_token_saver=lambda token: kept.update(token),
    )


def _everyone(sdk, **wishes):
    found, number, pages = [], 0, 1
    while number < pages:
        number += 1
        answered = AccountingApi(sdk).get_contacts(
            KAURI, page=number, page_size=250, order="ContactID ASC", **wishes
        )
        found += answered.contacts
        pages = answered.pagination.page_count
    return found


def test_the_library_refreshes(sdk, client):
    before = sdk.get_oauth2_token()["refresh_token"]

    sdk.refresh_oauth2_token()

    assert sdk.get_oauth2_token()["refresh_token"] != before
    assert len(IdentityApi(sdk).get_connections()) == 1


def test_the_library_finds_the_tenants(sdk):
    (connection,) = IdentityApi(sdk).get_connections()

    assert (connection.tenant_id, connection.tenant_type) == (KAURI, "ORGANISATION")
    assert connection.tenant_name == "Kauri Plumbing & Gas Ltd"


def test_the_library_lists_as_many_as_the_control_room_knows(sdk, client):
    truth = census(client)

    found = _everyone(sdk)

    suppliers = [one for one in found if one.is_supplier and not one.is_customer]
    silent = [one for one in found if one not in suppliers and not one.email_address]
    assert len({one.contact_id for one in found}) == truth["counted"] + truth["supplier_only"]
    assert (len(suppliers), len(silent)) == (truth["supplier_only"], truth["without_email"])


def test_the_library_lists_the_archived_too(sdk, client):
    found = _everyone(sdk, include_archived=True)

    gone = [one for one in found if one.contact_status != "ACTIVE"]
    assert len(gone) == census(client)["inactive"]
    assert {one.contact_status for one in gone} == {"ARCHIVED", "GDPRREQUEST"}
    assert sum(one.merged_to_contact_id is not None for one in gone) == 3


def test_the_library_lists_what_was_modified(sdk, client, clock):
    since = datetime(2026, 11, 20, 15, 59, 59, 123456, tzinfo=UTC)
    done = client.post("/control/changes", json={"provider": "xero", "update": 4, "archive": 2})

    found = _everyone(sdk, if_modified_since=since, include_archived=True)

    assert {one.contact_id for one in found} == {*done.json["update"], *done.json["archive"]}
    assert {one.updated_date_utc for one in found} == {clock()}
    assert _everyone(sdk, if_modified_since=since + timedelta(seconds=2)) == []


def test_the_library_reads_one_contact(sdk):
    (listed, *_) = _everyone(sdk)

    (found,) = AccountingApi(sdk).get_contact(KAURI, listed.contact_id).contacts

    assert found == listed
    assert {phone.phone_type for phone in found.phones} == {"DDI", "DEFAULT", "FAX", "MOBILE"}


def test_the_library_disconnects_a_tenant(sdk):
    identity = IdentityApi(sdk)
    (connection,) = identity.get_connections()

    identity.delete_connection(connection.id)

    assert identity.get_connections() == []


def test_the_library_revokes(sdk, client):
    sdk.revoke_oauth2_token()

    assert sdk.get_oauth2_token()["refresh_token"] is None
