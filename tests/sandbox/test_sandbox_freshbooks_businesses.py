"""FreshBooks: with which businesses the person of the consent page signs in."""

import sqlite3
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from sandbox.app import create_app
from sandbox.world import the_world
from tests.sandbox.freshbooks_program import (
    ACCOUNT,
    CALLBACK,
    CLIENT_ID,
    OTHER_ACCOUNT,
    Program,
    program,
)

LAKESHORE, BAYVIEW, STUDIO = "481001", "481002", "481003"
REQUEST = {
    "client_id": CLIENT_ID,
    "redirect_uri": CALLBACK,
    "response_type": "code",
    "scope": "user:clients:read",
}
PAGE = f"/freshbooks/oauth/authorize?{urlencode(REQUEST)}"


def _code(client, *numbers):
    decided = client.post(PAGE, data={"business": list(numbers)} if numbers else {})
    return parse_qs(urlsplit(decided.location).query)["code"][0]


def _exchanged(client, code):
    sent = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
    return Program(client, Program(client, {}).post("token", **sent).json)


def _consented(client, *numbers):
    return _exchanged(client, _code(client, *numbers))


def _person(caller):
    return caller.get("auth/api/v1/users/me").json["response"]


def _numbers(person):
    return [str(member["business"]["id"]) for member in person["business_memberships"]]


def _status(caller, account):
    caller.account = account
    return caller.ask(per_page=1).status_code


def test_the_page_offers_every_business_and_ticks_the_first(client):
    page = client.get(PAGE).text

    boxes = [line for line in page.splitlines() if 'type="checkbox"' in line]
    shown = [box.split("value=")[1][1:7] for box in boxes]
    assert shown == [LAKESHORE, BAYVIEW, STUDIO]
    assert [" checked" in box for box in boxes] == [True, False, False]
    assert "it depends on who signs in" in page


def test_a_program_that_just_allows_gets_the_first_business(client):
    caller = _consented(client)

    person = _person(caller)

    assert _numbers(person) == [LAKESHORE]
    assert [_status(caller, ACCOUNT), _status(caller, OTHER_ACCOUNT)] == [200, 403]


@pytest.mark.parametrize(
    ("ticked", "accounts"),
    [
        ([LAKESHORE], [ACCOUNT]),
        ([BAYVIEW], [OTHER_ACCOUNT]),
        ([BAYVIEW, LAKESHORE], [ACCOUNT, OTHER_ACCOUNT]),
        ([LAKESHORE, STUDIO], [ACCOUNT]),
        ([STUDIO], []),
    ],
)
def test_the_person_has_exactly_the_businesses_ticked(client, ticked, accounts):
    caller = _consented(client, "", *ticked)

    person = _person(caller)

    assert _numbers(person) == sorted(ticked)
    assert person["subscription_statuses"] == dict.fromkeys(accounts, "active")
    assert list(person["permissions"]) == accounts
    *own, elsewhere = person["roles"]
    assert [role["accountid"] for role in own] == accounts
    assert elsewhere["role"] == "client"
    readable = [one for one in (ACCOUNT, OTHER_ACCOUNT) if _status(caller, one) == 200]
    assert readable == accounts


@pytest.mark.parametrize("sent", [[""], ["", "1"], ["everything"]])
def test_the_page_comes_again_when_no_business_is_ticked(client, sent):
    again = client.post(PAGE, data={"business": sent})

    assert (again.status_code, again.location) == (400, None)
    assert "Choose at least one business." in again.text
    assert 'value="481001"' in again.text and " checked" not in again.text


def test_nothing_has_to_be_ticked_to_refuse(client):
    refused = client.post(PAGE, data={"business": "", "deny": "1"})

    assert "error=access_denied" in refused.location


def test_a_refreshed_grant_keeps_its_businesses(client):
    caller = _consented(client, BAYVIEW)

    caller.grant = caller.refresh().json

    assert _numbers(_person(caller)) == [BAYVIEW]


def test_two_grants_do_not_share_their_businesses(client):
    first, second = _consented(client, LAKESHORE), _consented(client, BAYVIEW)

    found = [_numbers(_person(caller)) for caller in (first, second)]

    assert found == [[LAKESHORE], [BAYVIEW]]


def test_a_swapped_account_shows_one_that_was_not_ticked(client, turn_on):
    caller = _consented(client, LAKESHORE)
    turn_on(provider="freshbooks", fault="tenant_swap")

    (found,) = caller.listing(per_page=1)["clients"]

    assert found["accounting_systemid"] == OTHER_ACCOUNT


def test_a_program_of_the_control_room_gets_every_business(client):
    caller = program(client, realm=OTHER_ACCOUNT)

    person = _person(caller)

    assert caller.account == OTHER_ACCOUNT
    assert _numbers(person) == [LAKESHORE, BAYVIEW, STUDIO]


def test_the_choice_survives_a_restart(tmp_path, clock):
    before = create_app(tmp_path / "state.db", clock=clock)
    kept, code = _consented(before.test_client(), BAYVIEW), _code(before.test_client(), STUDIO)
    the_world(before).store.close()

    after = create_app(tmp_path / "state.db", clock=clock)

    kept.client = after.test_client()
    fresh = _exchanged(after.test_client(), code)
    assert [_numbers(_person(caller)) for caller in (kept, fresh)] == [[BAYVIEW], [STUDIO]]
    the_world(after).store.close()


def test_a_state_file_from_before_the_choice_keeps_every_business(tmp_path, clock):
    before = create_app(tmp_path / "state.db", clock=clock)
    caller, code = _consented(before.test_client()), _code(before.test_client())
    the_world(before).store.close()
    _forget_the_choice(tmp_path / "state.db")

    after = create_app(tmp_path / "state.db", clock=clock)

    caller.client = after.test_client()
    fresh = _exchanged(after.test_client(), code)
    everything = [LAKESHORE, BAYVIEW, STUDIO]
    assert [_numbers(_person(one)) for one in (caller, fresh)] == [everything, everything]
    the_world(after).store.close()


def _forget_the_choice(state_file):
    """Give the tables the columns they had before."""
    connection = sqlite3.connect(state_file)
    for table in ("freshbooks_codes", "freshbooks_grants"):
        connection.execute(f"ALTER TABLE {table} DROP COLUMN businesses")
    connection.commit()
    connection.close()
