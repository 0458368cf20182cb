"""The vendors' own libraries against the sandbox, unmodified but for the base addresses.

python-quickbooks 0.9.12 with intuit-oauth 1.2.6: where the sandbox would differ from the real
service, these two would notice and our own client might not.
"""

from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
from intuitlib.client import AuthClient
from intuitlib.enums import Scopes
from intuitlib.exceptions import AuthClientError
from quickbooks import QuickBooks
from quickbooks.cdc import change_data_capture
from quickbooks.exceptions import AuthorizationException, QuickbooksException, ValidationException
from quickbooks.objects import CompanyInfo, Customer

from tests.sandbox.live import live

SIZE = 1204
INCLUDING_INACTIVE = "Active IN (true, false)"


@pytest.fixture
def base(app, client, monkeypatch):
    """Address of a live sandbox with the usual company."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    client.post("/control/reset", json={"provider": "quickbooks", "size": SIZE})
    with live(app) as port:
        base = f"http://127.0.0.1:{port}/quickbooks"
        monkeypatch.setattr(QuickBooks, "api_url_v3", f"{base}/v3")
        yield base


@pytest.fixture
def authorization(base, make_caller):
    """Intuit's client after a consent; it finds the endpoints by discovery."""
    granted = make_caller().grant
    with AuthClient(
        client_id=granted["client_id"],
        client_secret=granted["client_secret"],
        redirect_uri=granted["redirect_uri"],
        environment=f"{base}/.well-known/openid_sandbox_configuration/",
        refresh_token=granted["refresh_token"],
        realm_id=granted["realm_id"],
    ) as authorization:
        yield authorization


@pytest.fixture
def books(authorization):
    books = QuickBooks(
        auth_client=authorization,
        refresh_token=authorization.refresh_token,
        company_id=authorization.realm_id,
        minorversion=75,
    )
    yield books
    books.session.close()


@pytest.fixture
def truth(client):
    """Count the customers as the control room knows them."""

    def _truth():
        return client.get("/control/state").json["providers"]["quickbooks"]["customers"]

    return _truth


def _all(books, where):
    """Return all customers, a page of 1,000 at a time, as the library's readme shows it."""
    found = []
    while True:
        page = Customer.where(
            where, order_by="Id", start_position=len(found) + 1, max_results=1000, qb=books
        )
        found += page
        if len(page) < 1000:
            return found


def test_consent_leads_to_tokens(base, client, authorization):
    address = authorization.get_authorization_url([Scopes.ACCOUNTING], state_token="state")
    parts = urlsplit(address)
    decided = client.post(f"{parts.path}?{parts.query}", data={"company": authorization.realm_id})
    back = parse_qs(urlsplit(decided.location).query)

    authorization.get_bearer_token(back["code"][0], realm_id=back["realmId"][0])

    assert authorization.access_token.startswith("eyJ")
    assert (authorization.expires_in, authorization.x_refresh_token_expires_in) == (3600, 8726400)


def test_refreshing_keeps_the_refresh_token_for_a_day(authorization, clock):
    first = authorization.refresh_token
    authorization.refresh()
    same_day = authorization.refresh_token
    clock.forward(hours=25)

    authorization.refresh()

    assert same_day == first
    assert authorization.refresh_token != first


def test_a_revoked_grant_cannot_refresh(authorization):
    authorization.revoke()

    with pytest.raises(AuthClientError) as refused:
        authorization.refresh()

    assert (refused.value.status_code, b"invalid_grant" in refused.value.content) == (400, True)


def test_the_company_is_described(books):
    company = CompanyInfo.get(1, qb=books)

    assert company.CompanyName == "Harbor Heating & Air LLC"


def test_all_customers_are_listed_page_by_page(books, truth):
    active = _all(books, "Active = true")

    kinds = {
        "counted": sum(not one.Job for one in active),
        "sub_customers": sum(one.Job and not one.IsProject for one in active),
        "projects": sum(one.IsProject for one in active),
    }
    without_email = sum(not one.Job and one.PrimaryEmailAddr is None for one in active)
    known = truth()
    assert kinds == {kind: known[kind] for kind in kinds}
    assert without_email == known["without_email"]
    assert len({one.Id for one in active}) == len(active)


def test_the_count_is_the_truth(books, truth):
    known = truth()

    counted = Customer.count("Active = true AND Job = false", qb=books)

    assert counted == known["counted"] == SIZE


def test_without_asking_inactive_customers_are_hidden(books, truth):
    shown = Customer.filter(max_results=1000, qb=books)
    everybody = _all(books, INCLUDING_INACTIVE)

    inactive = [one for one in everybody if not one.Active]
    assert all(one.Active for one in shown)
    assert len(inactive) == truth()["inactive"] == 41
    assert all(one.DisplayName.endswith(" (deleted)") for one in inactive)


def test_a_query_finds_by_name(books):
    first = Customer.all(max_results=1, order_by="Id", qb=books)[0]

    assert Customer.filter(Active=True, DisplayName=first.DisplayName, qb=books)[0].Id == first.Id


def test_change_data_tell_what_happened_since(books, client, clock):
    # The library writes times without an offset, and QuickBooks takes these as Pacific.
    since = clock().astimezone(ZoneInfo("America/Los_Angeles"))
    clock.forward(minutes=1)
    done = client.post(
        "/control/changes", json={"provider": "quickbooks", "create": 2, "update": 1, "delete": 1}
    ).json

    changes = change_data_capture([Customer], since, qb=books).Customer._object_list

    by_id = {one.Id: one for one in changes}
    assert set(by_id) == {*done["create"], *done["update"], *done["delete"]}
    assert [one.Id for one in changes if getattr(one, "status", "") == "Deleted"] == done["delete"]


def test_change_data_stop_at_a_thousand(books, client, clock):
    client.post("/control/changes", json={"provider": "quickbooks", "create": 1100})

    changes = change_data_capture([Customer], clock().isoformat(), qb=books)

    assert len(changes.Customer._object_list) == 1000


def test_errors_have_the_classes_of_the_library(books, client):
    with pytest.raises(ValidationException):
        Customer.query("SELECT * FROM Customer STARTPOSITION 0", qb=books)
    client.post("/control/faults", json={"provider": "quickbooks", "fault": "expire_token"})

    with pytest.raises(AuthorizationException):
        Customer.count(qb=books)


def test_the_limit_speaks_as_the_library_expects(books, client):
    wish = {"provider": "quickbooks", "fault": "rate", "minute": 0}
    client.post("/control/faults", json=wish)

    with pytest.raises(QuickbooksException) as refused:
        Customer.count(qb=books)

    assert refused.value.error_code == 3001
