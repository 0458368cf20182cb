"""The vendor's own library against the imitation, over a real socket."""

import pytest
from freshbooks import (
    Client,
    FilterBuilder,
    FreshBooksError,
    IncludesBuilder,
    PaginateBuilder,
    SortBuilder,
    VisState,
)

from tests.sandbox.freshbooks_program import ACCOUNT, census, program
from tests.sandbox.live import live


@pytest.fixture
def address(app):
    """Serve the sandbox of the test, and return where."""
    with live(app) as port:
        yield f"http://127.0.0.1:{port}/freshbooks"


@pytest.fixture
def sdk(client, address, monkeypatch):
    """The library with a grant; it hides refusals by trying again unless told not to."""
    monkeypatch.setenv("FRESHBOOKS_API_URL", address)
    monkeypatch.setenv("FRESHBOOKS_AUTH_URL", address)
    grant = program(client).grant
    keys = ("client_id", "client_secret", "redirect_uri", "access_token", "refresh_token")
    return Client(*(grant[key] for key in keys), auto_retry=False)


def _everyone(sdk, *wishes):
    order, found, number, pages = SortBuilder().ascending("id"), [], 0, 1
    while number < pages:
        number += 1
        page = sdk.clients.list(ACCOUNT, [PaginateBuilder(number, 100), order, *wishes])
        found += [one.data for one in page]
        pages = page.pages.pages
    return found


def test_the_library_refreshes_once_with_each_token(sdk, clock):
    spent = sdk.refresh_token

    tokens = sdk.refresh_access_token()

    left = tokens.access_token_expires_at - clock()
    assert left.total_seconds() == 43_200
    with pytest.raises(FreshBooksError) as refused:
        sdk.refresh_access_token(spent)
    assert refused.value.status_code == 400
    assert sdk.current_user().identity_id == 530_214


def test_the_library_finds_the_businesses(sdk):
    person = sdk.current_user()

    found = [member.business.account_id for member in person.business_memberships]
    assert found == [ACCOUNT, "BV3Wm9", None]


def test_the_library_lists_as_many_as_the_control_room_knows(sdk, client):
    counted, archived, deleted = (
        _everyone(sdk, FilterBuilder().equals("vis_state", state.value))
        for state in (VisState.ACTIVE, VisState.ARCHIVED, VisState.DELETED)
    )

    usual = _everyone(sdk)

    truth = census(client)
    assert len({one["id"] for one in counted}) == len(counted) == truth["counted"]
    assert len(archived) + len(deleted) == truth["inactive"]
    assert {one["id"] for one in usual} == {one["id"] for one in counted + archived}


def test_the_library_reads_both_kinds_of_times(sdk, client):
    wish = {"provider": "freshbooks", "create": 1}
    (created,) = client.post("/control/changes", json=wish).json["create"]

    found = sdk.clients.get(ACCOUNT, int(created))

    assert found.signup_date.isoformat() == "2026-11-20T16:00:00+00:00"
    assert found.updated == found.signup_date
    assert found.vis_state is VisState.ACTIVE


def test_the_library_reads_open_balances(sdk):
    listed = sdk.clients.list(ACCOUNT, [IncludesBuilder().include("outstanding_balance")])

    owed = [entry for one in listed for entry in one.data["outstanding_balance"]]
    assert all(set(entry["amount"]) == {"amount", "code"} for entry in owed)


def test_the_library_understands_the_refusals(sdk):
    with pytest.raises(FreshBooksError) as unknown:
        sdk.clients.get(ACCOUNT, 12345)
    with pytest.raises(FreshBooksError) as unreadable:
        sdk.clients.list(ACCOUNT, [FilterBuilder().equals("vis_state", 7)])
    sdk.access_token = "worthless"
    with pytest.raises(FreshBooksError) as stranger:
        sdk.current_user()

    assert (unknown.value.status_code, unknown.value.error_code) == (404, 1012)
    assert unreadable.value.status_code == 422
    assert (stranger.value.status_code, stranger.value.error_code) == (401, "unauthenticated")
