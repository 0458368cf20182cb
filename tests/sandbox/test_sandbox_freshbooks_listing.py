"""FreshBooks: users/me, the listing of clients, and its errors."""

import pytest

from sandbox.world import the_world
from tests.sandbox.freshbooks_program import ACCOUNT, OTHER_ACCOUNT, census, program


@pytest.fixture
def caller(client):
    return program(client)


def test_the_person_has_businesses_with_and_without_an_account(caller):
    person = caller.get("auth/api/v1/users/me").json["response"]

    businesses = [member["business"] for member in person["business_memberships"]]
    accounts = [(business["name"], business["account_id"]) for business in businesses]
    assert accounts == [
        ("Lakeshore Landscaping", ACCOUNT),
        ("Bayview Property Care", OTHER_ACCOUNT),
        ("Side Street Studio", None),
    ]
    assert person["subscription_statuses"] == {ACCOUNT: "active", OTHER_ACCOUNT: "active"}


def test_being_a_client_somewhere_opens_nothing_there(caller):
    person = caller.get("auth/api/v1/users/me").json["response"]
    (elsewhere,) = [role["accountid"] for role in person["roles"] if role["role"] == "client"]
    caller.account = elsewhere

    assert caller.ask().status_code == 403


def test_one_grant_reads_every_business(client):
    caller = program(client, realm=OTHER_ACCOUNT)
    second = caller.listing(per_page=1)
    caller.account = ACCOUNT

    first = caller.listing(per_page=1)

    assert (first["total"], second["total"]) == (233, 1050 + 93)


def test_without_asking_active_and_archived_are_listed_but_never_deleted(caller):
    totals = {
        state: caller.listing(per_page=1, **{"search[vis_state]": state})["total"]
        for state in ("0", "1", "2")
    }

    listed = caller.everyone()

    assert totals == {"0": 214, "1": 11, "2": 19}
    assert len(listed) == 214 + 19
    assert {found["vis_state"] for found in listed} == {0, 2}


def test_the_pages_hold_everybody_once_and_agree_with_the_truth(client, caller):
    listed = caller.everyone(**{"search[vis_state]": "0"})

    ids = [found["id"] for found in listed]
    assert ids == sorted(set(ids))
    assert len(ids) == census(client)["counted"]
    assert sum(not found["email"] for found in listed) == census(client)["without_email"]


def test_pages_are_small_unless_asked_and_never_above_a_hundred(caller):
    usual, most = caller.listing(), caller.listing(per_page=500)

    assert (usual["per_page"], len(usual["clients"])) == (15, 15)
    assert (most["per_page"], len(most["clients"]), most["pages"]) == (100, 100, 3)


def test_page_zero_is_the_first_and_a_page_too_far_is_empty(caller):
    first, zero = caller.listing(page=1), caller.listing(page=0)

    beyond = caller.listing(page=1000)

    assert zero == first
    assert (beyond["clients"], beyond["total"]) == ([], 233)


@pytest.mark.parametrize(
    "wrong",
    [
        {"page": "two"},
        {"page": "-1"},
        {"per_page": "1.5"},
        {"sort": "id"},
        {"sort": "shoe_size_asc"},
        {"search[vis_state]": "7"},
        {"search[vis_state]": "0,2"},
        {"search[updated_min]": "2026-11-20T08:00:00"},
        {"search[updated_max]": "yesterday"},
        {"search[visstate]": "0"},
    ],
)
def test_what_is_not_understood_is_refused_with_an_error_object(caller, wrong):
    refused = caller.ask(**wrong)

    error = refused.json["response"]["errors"]
    assert refused.status_code == 422
    assert isinstance(error, dict) and isinstance(error["errno"], int)


def test_a_client_looks_like_one_of_freshbooks(caller):
    listed = caller.everyone()

    first = listed[0]
    assert first["id"] == first["userid"] and isinstance(first["id"], int)
    assert first["accounting_systemid"] == ACCOUNT
    assert "outstanding_balance" not in first
    absent = [
        found[name]
        for found in listed
        for name in ("email", "bus_phone", "home_phone", "mob_phone")
        if not found[name]
    ]
    assert set(absent) == {"", None}
    assert all(found["organization"] or found["fname"] or found["lname"] for found in listed)
    assert any(found["p_country"] == "Canada" for found in listed)


def test_open_balances_come_per_currency_when_asked_for(caller):
    listed = caller.everyone(**{"include[]": "outstanding_balance"})

    owed = [found["outstanding_balance"] for found in listed]
    amounts = [entry["amount"] for entries in owed for entry in entries]
    assert [] in owed
    assert max(map(len, owed)) == 2
    assert {amount["code"] for amount in amounts} == {"CAD", "USD"}
    assert all(float(amount["amount"]) > 0 for amount in amounts)


def test_sorting_goes_both_ways_by_any_column(caller):
    ids = [found["id"] for found in caller.everyone(sort="id_desc")]
    changed = [found["updated"] for found in caller.everyone(sort="updated_asc")]
    names = [found["organization"].casefold() for found in caller.everyone(sort="organization_asc")]

    assert ids == sorted(ids, reverse=True)
    assert changed == sorted(changed)
    assert names == sorted(names)


def test_without_a_sort_the_order_moves_when_clients_change(caller):
    (changed,) = caller.change(update=1).json["update"]

    first = caller.listing()["clients"][0]

    assert str(first["id"]) == changed


def test_searching_by_address_is_exact_but_for_case(caller):
    known = next(found for found in caller.everyone() if found["email"])

    whole = caller.everyone(**{"search[email]": known["email"].upper()})
    part = caller.everyone(**{"search[email]": known["email"][1:]})

    assert known in whole
    assert part == []


@pytest.mark.parametrize(
    ("search", "field"),
    [("organization_like", "organization"), ("fname_like", "fname"), ("lname_like", "lname")],
)
def test_searching_by_name_finds_parts(caller, search, field):
    known = max((found[field] for found in caller.everyone()), key=len)
    part = known[1:-1].upper()

    found = caller.everyone(**{f"search[{search}]": part})

    assert known in {client[field] for client in found}
    assert all(part.casefold() in client[field].casefold() for client in found)


def test_searching_by_phone_looks_at_all_of_them(caller):
    known = next(found for found in caller.everyone() if found["mob_phone"])

    found = caller.everyone(**{"search[phone_like]": known["mob_phone"]})

    assert known in found


def test_one_client_is_answered_in_whatever_state(caller):
    deleted = caller.everyone(**{"search[vis_state]": "1"})[0]

    answered = caller.one(deleted["id"])

    assert answered.json["response"]["result"]["client"] == deleted


@pytest.mark.parametrize("number", ["1", "abc"])
def test_no_such_client_is_an_error_list(caller, number):
    answered = caller.one(number)

    assert answered.status_code == 404
    assert answered.json["response"]["errors"][0]["errno"] == 1012


@pytest.mark.parametrize(
    "path", ["auth/api/v1/users/me", f"accounting/account/{ACCOUNT}/users/clients"]
)
def test_without_a_token_every_family_answers_the_same(client, path):
    answered = client.get(f"/freshbooks/{path}")

    assert answered.status_code == 401
    assert answered.json == {
        "error": "unauthenticated",
        "error_description": "This action requires authentication to continue.",
    }


def test_an_injected_429_says_how_long_to_wait(client, caller):
    wish = {"provider": "freshbooks", "fault": "status", "status": 429, "endpoint": "clients"}
    client.post("/control/faults", json=wish)

    answered = caller.ask()

    assert answered.status_code == 429
    assert answered.headers["Retry-After"].isdigit()
    assert answered.json["response"]["errors"][0]["errno"] == 429


def test_too_many_calls_a_minute_are_refused_per_account(client, caller, clock):
    wish = {"provider": "freshbooks", "fault": "rate", "minute": 30}
    client.post("/control/faults", json=wish)
    for _ in range(30):
        caller.one("1")

    refused = caller.ask()

    assert refused.status_code == 429
    clock.forward(seconds=int(refused.headers["Retry-After"]))
    assert caller.ask().status_code == 200


def test_the_calls_are_counted_by_kind(client, caller):
    caller.everyone()
    caller.one("1")
    caller.get("auth/api/v1/users/me")
    caller.refresh()

    known = client.get("/control/state").json["providers"]["freshbooks"]

    assert known["calls"]["by_endpoint"] == {"clients": 3, "client": 1, "me": 1}
    assert known["oauth_calls"]["by_endpoint"] == {"token": 1, "revoke": 0}


def test_a_fault_from_a_page_on_leaves_the_first_alone(client, caller):
    wish = {"provider": "freshbooks", "fault": "status", "status": 503, "from_page": 2}
    client.post("/control/faults", json=wish)

    answers = [caller.ask(page=number).status_code for number in (0, 1, 2)]

    assert answers == [200, 200, 503]


def test_a_switch_shows_the_clients_of_another_account(client, caller):
    client.post("/control/faults", json={"provider": "freshbooks", "fault": "tenant_swap"})

    listed = caller.listing(per_page=1)

    assert listed["total"] == 1050 + 93
    assert listed["clients"][0]["accounting_systemid"] == OTHER_ACCOUNT


def test_answers_can_be_spoiled(app, caller):
    freshbooks = the_world(app).providers["freshbooks"]
    answer = caller.ask().json

    rows = freshbooks.listed_rows(answer)
    freshbooks.spoil_count(answer, 5)

    assert rows is answer["response"]["result"]["clients"]
    assert answer["response"]["result"]["total"] == 238
    freshbooks.make_empty(answer)
    assert answer["response"]["result"] == {
        "clients": [],
        "page": 1,
        "pages": 0,
        "per_page": 15,
        "total": 0,
    }
    assert freshbooks.listed_rows(caller.get("auth/api/v1/users/me").json) is None


def test_a_listed_client_can_be_deleted_once(app, client, caller):
    freshbooks = the_world(app).providers["freshbooks"]
    row = caller.listing(**{"search[vis_state]": "0"})["clients"][0]

    answers = [freshbooks.delete_listed(ACCOUNT, row) for _ in range(2)]

    assert answers == [True, False]
    assert census(client)["counted"] == 213
