"""The switches, the counters, and the rest of the control room."""

import threading

import pytest

STATEMENT = "SELECT * FROM Customer ORDERBY Id STARTPOSITION {} MAXRESULTS 10"


def _set(caller, **wish):
    answered = caller.client.post("/control/faults", json={"provider": "quickbooks", **wish})
    assert answered.status_code == 200, answered.text
    return answered.json


def _state(client):
    return client.get("/control/state").json["providers"]["quickbooks"]


def _statuses(caller, times):
    return [caller.query(STATEMENT.format(1)).status_code for _ in range(times)]


def test_a_status_fault_lasts_until_it_is_cleared(caller):
    _set(caller, fault="status", status=503)
    before = _statuses(caller, 2)

    caller.client.delete("/control/faults")

    assert (before, _statuses(caller, 1)) == ([503, 503], [200])


def test_from_request_and_times_choose_the_requests(caller):
    _set(caller, fault="status", status=503, endpoint="query", from_request=2, times=2)

    assert _statuses(caller, 5) == [200, 503, 503, 200, 200]


def test_from_page_spoils_later_pages_only(caller):
    _set(caller, fault="status", status=503, from_page=2)

    answered = [
        caller.query(statement).status_code
        for statement in (
            "SELECT COUNT(*) FROM Customer",
            STATEMENT.format(1),
            STATEMENT.format(11),
            STATEMENT.format(21),
        )
    ]

    assert answered == [200, 200, 503, 503]


def test_a_fault_of_one_endpoint_leaves_the_others_alone(caller):
    _set(caller, fault="status", status=500, endpoint="cdc")

    assert _statuses(caller, 1) == [200]
    assert caller.get("cdc").status_code == 500


def test_probability_is_seeded(caller):
    wish = {"fault": "status", "status": 503, "probability": 0.5, "seed": 4}
    _set(caller, **wish)
    first = _statuses(caller, 20)
    caller.client.delete("/control/faults?provider=quickbooks")
    _set(caller, **wish)

    second = _statuses(caller, 20)

    assert first == second
    assert set(first) == {200, 503}


def test_too_many_calls_has_the_body_of_quickbooks_and_our_headers(caller):
    _set(caller, fault="status", status=429, headers={"Retry-After": "7"})

    answered = caller.query(STATEMENT.format(1))

    assert answered.headers["Retry-After"] == "7"
    assert answered.json["Fault"]["Error"][0]["code"] == "3001"


@pytest.mark.parametrize(
    ("body", "mimetype"), [({"fault": {}}, "application/json"), ("no", "text/plain")]
)
def test_a_body_can_be_given(caller, body, mimetype):
    _set(caller, fault="status", status=403, body=body)

    answered = caller.query(STATEMENT.format(1))

    assert (answered.status_code, answered.mimetype) == (403, mimetype)


def test_html_comes_with_200(caller):
    _set(caller, fault="html200")

    answered = caller.query(STATEMENT.format(1))

    assert (answered.status_code, answered.mimetype) == (200, "text/html")


def test_half_an_answer_is_no_json(caller):
    _set(caller, fault="truncate")

    answered = caller.query(STATEMENT.format(1))

    assert answered.status_code == 200
    assert answered.get_json(silent=True) is None


def test_expired_tokens_answer_401_until_refreshed(caller):
    _set(caller, fault="expire_token")
    expired = _statuses(caller, 1)

    caller.grant = caller.grant | caller.refresh().json

    assert (expired, _statuses(caller, 1)) == ([401], [200])
    assert _state(caller.client)["faults"] == []


def test_tokens_can_expire_in_the_middle_of_a_listing(caller):
    _set(caller, fault="expire_token", from_request=3)

    assert _statuses(caller, 4) == [200, 200, 401, 401]


def test_a_revoked_permission_cannot_be_refreshed(caller):
    _set(caller, fault="revoke")

    assert _statuses(caller, 1) == [401]
    assert caller.refresh().json["error"] == "invalid_grant"


def test_the_token_endpoint_has_faults_of_its_own(caller):
    _set(caller, fault="status", status=503, endpoint="token", times=1)

    assert caller.refresh().status_code == 503
    assert caller.refresh().status_code == 200


@pytest.mark.parametrize(
    "wish",
    [
        {},
        {"fault": "gremlins"},
        {"fault": "status", "endpoint": "moon"},
        {"fault": "status", "status": "503"},
        {"fault": "status", "times": 0},
        {"fault": "delay", "seconds": -1},
        {"fault": "status", "probability": 2},
        {"fault": "status", "colour": "red"},
        {"fault": "status", "headers": {"X": "a\r\nSet-Cookie: b"}},
        {"fault": "status", "provider": "sage"},
    ],
)
def test_a_switch_that_makes_no_sense_is_refused(caller, wish):
    answered = caller.client.post("/control/faults", json={"provider": "quickbooks", **wish})

    assert answered.status_code == 400
    assert answered.json["error"].endswith(".")


def test_calls_are_counted_even_when_they_fail(caller):
    caller.query(STATEMENT.format(1))
    caller.query("nonsense")
    caller.get("companyinfo/1")
    caller.refresh()
    caller.client.get("/quickbooks/v3/company/1/query")

    state = _state(caller.client)

    assert state["calls"] == {"total": 4, "by_endpoint": {"query": 3, "companyinfo": 1, "cdc": 0}}
    assert state["oauth_calls"] == {"total": 1, "by_endpoint": {"token": 1, "revoke": 0}}


def test_reset_clears_counters_and_faults_and_keeps_grants(caller):
    _set(caller, fault="status", status=503)
    caller.query(STATEMENT.format(1))

    caller.client.post("/control/reset", json={"provider": "quickbooks", "size": 5, "seed": 9})

    state = _state(caller.client)
    assert (state["customers"]["counted"], state["calls"]["total"], state["faults"]) == (5, 0, [])
    assert _statuses(caller, 1) == [200]


def test_the_gauge_shows_calls_at_the_same_time(caller):
    _set(caller, fault="delay", seconds=0.15)
    client = caller.client.application.test_client
    barrier = threading.Barrier(3)

    def call():
        barrier.wait()
        url = f"/quickbooks/v3/company/{caller.realm}/companyinfo/1"
        client().get(url, headers=caller.headers)

    threads = [threading.Thread(target=call) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert _state(caller.client)["max_in_flight"] == 3


def test_a_grant_names_everything_a_client_needs(client):
    granted = client.post("/control/grants/quickbooks", json={"realm": "9341450000000003"}).json

    assert granted["realm_id"] == "9341450000000003"
    assert {"client_id", "client_secret", "redirect_uri", "access_token", "refresh_token"} < set(
        granted
    )


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("grants/sage", {}),
        ("grants/quickbooks", {"realm": "1"}),
        ("grants/quickbooks", {"redirect_uri": "https://evil.example/"}),
        ("reset", {"provider": "quickbooks", "size": -1}),
        ("reset", {"provider": "quickbooks", "size": 10**7}),
        ("reset", {"provider": "sage"}),
        ("reset", {"realm": "9341450000000001"}),
        ("reset", []),
    ],
)
def test_wrong_input_changes_nothing(small, path, sent):
    answered = small.post(f"/control/{path}", json=sent)

    assert answered.status_code == 400
    assert answered.json["error"].endswith(".")
    assert _state(small)["customers"]["counted"] == 60
