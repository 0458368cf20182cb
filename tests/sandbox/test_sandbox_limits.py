"""How often and how many at a time an account may be asked about."""

from concurrent.futures import ThreadPoolExecutor

import pytest

COUNT = "SELECT COUNT(*) FROM Customer"
SECOND = "9341450000000002"


def _set(caller, **wish):
    answered = caller.client.post("/control/faults", json={"provider": "quickbooks", **wish})
    assert answered.status_code == 200, answered.text
    return answered.json


def _state(caller):
    return caller.client.get("/control/state").json["providers"]["quickbooks"]


def _statuses(caller, times):
    return [caller.query(COUNT).status_code for _ in range(times)]


def test_quickbooks_allows_five_hundred_calls_a_minute(caller):
    answered = _statuses(caller, 501)

    assert answered == [200] * 500 + [429]
    assert _state(caller)["calls"]["total"] == 501


def test_a_refused_call_has_the_body_of_quickbooks_and_no_promise(caller):
    _set(caller, fault="rate", minute=0)

    refused = caller.query(COUNT)

    assert refused.json["Fault"]["Error"][0]["code"] == "3001"
    assert refused.json["Fault"]["type"] == "SERVICE"
    assert "Retry-After" not in refused.headers


def test_the_minute_slides(caller, clock):
    _set(caller, fault="rate", minute=2)
    first = _statuses(caller, 1)
    clock.forward(seconds=40)
    second = _statuses(caller, 2)
    clock.forward(seconds=20)

    third = _statuses(caller, 2)

    assert (first, second, third) == ([200], [200, 429], [200, 429])


def test_the_day_slides_and_refused_calls_use_nothing_up(caller, clock):
    _set(caller, fault="rate", day=2)
    first = _statuses(caller, 4)
    caller.grant |= caller.refresh().json
    clock.forward(hours=24)
    caller.grant |= caller.refresh().json

    assert (first, _statuses(caller, 3)) == ([200, 200, 429, 429], [200, 200, 429])


def test_each_account_has_its_own_limit(caller, make_caller):
    other = make_caller(SECOND)
    _set(caller, fault="rate", minute=1)

    answered = _statuses(caller, 2) + _statuses(other, 2)

    assert answered == [200, 429, 200, 429]


@pytest.mark.parametrize(("allowed", "refused"), [(2, 1), (3, 0)])
def test_only_so_many_run_at_the_same_time(caller, allowed, refused):
    _set(caller, fault="rate", concurrent=allowed)
    _set(caller, fault="delay", seconds=0.3)
    url = f"/quickbooks/v3/company/{caller.realm}/companyinfo/1"
    new_client = caller.client.application.test_client

    with ThreadPoolExecutor(3) as threads:
        answered = list(
            threads.map(
                lambda _: new_client().get(url, headers=caller.headers).status_code, range(3)
            )
        )

    assert answered.count(429) == refused


def test_tokens_have_no_limit(caller):
    _set(caller, fault="rate", minute=0, day=0)

    assert caller.refresh().status_code == 200


def test_the_state_shows_limits_and_what_is_left(caller):
    usual = _state(caller)["limits"]
    _set(caller, fault="rate", minute=5)
    _statuses(caller, 2)

    state = _state(caller)

    assert usual == {"concurrent": 10, "minute": 500, "day": None}
    assert state["limits"] == {"concurrent": 10, "minute": 5, "day": None}
    assert state["remaining"] == {caller.realm: {"minute": 3, "day": None}}


def test_clearing_the_switch_brings_the_usual_limits_back(caller):
    _set(caller, fault="rate", minute=0)
    refused = _statuses(caller, 1)

    caller.client.delete("/control/faults")

    assert (refused, _statuses(caller, 1)) == ([429], [200])
