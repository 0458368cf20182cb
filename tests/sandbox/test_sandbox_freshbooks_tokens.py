"""FreshBooks: how long tokens live, one-time refresh tokens, revocation."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.sandbox.freshbooks_program import program


@pytest.fixture
def caller(client):
    return program(client)


def test_an_access_token_lives_for_twelve_hours(caller, clock):
    clock.forward(seconds=43_199)
    alive = caller.ask()
    clock.forward(seconds=1)

    dead = caller.ask()

    assert (alive.status_code, dead.status_code) == (200, 401)


def test_a_refresh_token_works_once_without_grace(caller):
    new = caller.refresh().json

    again = caller.refresh()

    assert new["refresh_token"] != caller.grant["refresh_token"]
    assert again.status_code == 400
    assert again.json == {
        "error": "invalid_grant",
        "error_description": "The provided authorization grant is invalid, expired, or revoked.",
    }
    assert caller.refresh(new["refresh_token"]).status_code == 200


def test_of_refreshes_at_the_same_time_one_wins(caller):
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: caller.refresh().status_code, range(4)))

    assert sorted(answers) == [200, 400, 400, 400]


def test_every_second_refresh_repeats_the_time_of_the_pair_before(caller, clock):
    clock.forward(hours=1)
    first = caller.refresh().json
    clock.forward(hours=1)

    second = caller.refresh(first["refresh_token"]).json

    assert first["created_at"] == caller.grant["created_at"] + 3600
    assert second["created_at"] == first["created_at"]
    caller.grant = second
    clock.forward(hours=10, minutes=59)
    assert caller.ask().status_code == 200
    clock.forward(minutes=1)
    assert caller.ask().status_code == 401


def test_a_refresh_never_hands_out_a_dead_token(caller, clock):
    token = caller.grant["refresh_token"]
    for _ in range(4):
        clock.forward(hours=13)

        caller.grant = caller.refresh(token).json

        token = caller.grant["refresh_token"]
        assert caller.ask().status_code == 200


@pytest.mark.parametrize(("after_s", "status"), [(59, 200), (60, 400)])
def test_a_switch_can_give_the_old_refresh_token_some_grace(client, caller, clock, after_s, status):
    wish = {"fault": "rotate_refresh", "single_use": True, "grace_s": 60}
    client.post("/control/faults", json={"provider": "freshbooks", **wish})
    caller.refresh()
    clock.forward(seconds=after_s)

    assert caller.refresh().status_code == status


def test_a_switch_can_keep_the_refresh_token(client, caller):
    wish = {"provider": "freshbooks", "fault": "rotate_refresh", "single_use": False}
    client.post("/control/faults", json=wish)

    first, second = caller.refresh().json, caller.refresh().json

    assert first["refresh_token"] == second["refresh_token"] == caller.grant["refresh_token"]
    assert first["access_token"] != second["access_token"]


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_revoking_either_token_ends_the_grant_at_once(client, caller, kind):
    other = program(client)

    revoked = caller.post("revoke", token=caller.grant[kind])

    assert (revoked.status_code, revoked.json) == (200, {})
    assert caller.ask().status_code == 401
    assert caller.refresh().json["error"] == "invalid_grant"
    assert other.ask().status_code == 200


def test_switches_end_tokens_and_grants(client, caller):
    client.post("/control/faults", json={"provider": "freshbooks", "fault": "expire_token"})
    expired = caller.ask()
    caller.grant = caller.refresh().json
    refreshed = caller.ask()

    client.post("/control/faults", json={"provider": "freshbooks", "fault": "revoke"})

    assert (expired.status_code, refreshed.status_code) == (401, 200)
    assert caller.ask().status_code == 401
    assert caller.refresh().json["error"] == "invalid_grant"


@pytest.mark.parametrize(("status", "error"), [(400, "invalid_grant"), (401, "invalid_client")])
def test_an_injected_failure_of_the_token_endpoint_has_its_usual_body(
    client, caller, status, error
):
    wish = {"provider": "freshbooks", "fault": "status", "status": status, "endpoint": "token"}
    client.post("/control/faults", json=wish)

    answered = caller.refresh()

    assert (answered.status_code, answered.json["error"]) == (status, error)
