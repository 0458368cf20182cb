"""What a switch is asked for: which requests, how long, whose account, and refresh tokens."""

from pathlib import Path

import pytest

from sandbox.fault_wishes import COMMON, SETTINGS

DOCUMENT = (Path(__file__).parents[2] / "docs" / "sandbox.md").read_text(encoding="utf-8")
COUNT = "SELECT COUNT(*) FROM Customer"
SECOND = "9341450000000002"


def test_every_chooses_each_nth_request(caller, turn_on):
    turn_on(fault="status", status=503, every=3)

    answered = [caller.query(COUNT).status_code for _ in range(7)]

    assert answered == [200, 200, 503, 200, 200, 503, 200]


def test_a_switch_for_some_seconds_turns_itself_off(caller, turn_on, clock):
    turn_on(fault="status", status=503, for_s=30)
    before = caller.query(COUNT).status_code
    clock.forward(seconds=30)

    after = caller.query(COUNT).status_code

    assert (before, after) == (503, 200)
    assert caller.client.get("/control/state").json["providers"]["quickbooks"]["faults"] == []


def test_a_switch_of_one_account_leaves_the_others_alone(caller, turn_on, make_caller):
    turn_on(fault="status", status=503, account=SECOND)

    answered = [caller.query(COUNT).status_code, make_caller(SECOND).query(COUNT).status_code]

    assert answered == [200, 503]


def test_refresh_tokens_can_be_made_single_use(caller, turn_on):
    turn_on(fault="rotate_refresh", single_use=True)

    first, second = caller.refresh(), caller.refresh()

    assert first.json["refresh_token"] != caller.grant["refresh_token"]
    assert (second.status_code, second.json["error"]) == (400, "invalid_grant")


def test_a_former_refresh_token_works_during_its_grace(caller, turn_on, clock):
    turn_on(fault="rotate_refresh", single_use=True, grace_s=60)
    caller.refresh()
    clock.forward(seconds=59)
    in_time = caller.refresh().status_code
    clock.forward(seconds=1)

    late = caller.refresh().status_code

    assert (in_time, late) == (200, 400)


def test_a_lost_answer_leaves_the_token_spent(caller, turn_on):
    turn_on(fault="rotate_refresh", single_use=True, lose_answer="503", times=1)

    lost, again = caller.refresh(), caller.refresh()

    assert (lost.status_code, again.status_code) == (503, 400)


def test_switches_are_described_with_their_parameters(turn_on):
    described = turn_on(fault="malformed", field="Id", value=None, every=3, account="x")

    assert {key: described[key] for key in ("field", "value", "rows", "account", "every")} == {
        "field": "Id",
        "value": None,
        "rows": 3,
        "account": "x",
        "every": 1,
    }


@pytest.mark.parametrize(
    "wish",
    [
        {"fault": "malformed"},
        {"fault": "malformed", "field": 5},
        {"fault": "reset", "variant": "softly"},
        {"fault": "garbage", "variant": "pretty"},
        {"fault": "empty", "variant": "full"},
        {"fault": "rotate_refresh", "single_use": "yes"},
        {"fault": "rotate_refresh", "lose_answer": "maybe"},
        {"fault": "redirect", "location": "https://a.example\r\nX: y"},
        {"fault": "size", "n": 10**9},
        {"fault": "rate", "minute": -1},
        {"fault": "clock_skew", "seconds": "late"},
        {"fault": "status", "every": 0},
        {"fault": "status", "for_s": -1},
        {"fault": "mutate_list", "change": "shuffle"},
    ],
)
def test_parameters_that_make_no_sense_are_refused(caller, wish):
    answered = caller.client.post("/control/faults", json={"provider": "quickbooks", **wish})

    assert answered.status_code == 400
    assert answered.json["error"].endswith(".")


def test_every_switch_and_parameter_is_documented():
    names = {*SETTINGS, *COMMON}.union(*SETTINGS.values())

    assert {name for name in names if f"`{name}`" not in DOCUMENT} == set()
