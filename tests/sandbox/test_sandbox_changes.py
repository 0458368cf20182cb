"""Life going on, and how a client learns of it."""

import pytest


def _change(caller, **wishes):
    return caller.client.post("/control/changes", json={"provider": "quickbooks", **wishes})


def _customers(client):
    return client.get("/control/state").json["providers"]["quickbooks"]["customers"]


def test_created_customers_count_and_carry_the_present(caller):
    done = _change(caller, create=3).json

    newest = caller.rows(f"SELECT * FROM Customer WHERE Id = '{done['create'][0]}'")[0]
    assert _customers(caller.client)["counted"] == 63
    assert newest["MetaData"]["LastUpdatedTime"] == "2026-11-20T08:00:00-08:00"
    assert newest["Active"] and not newest["Job"]


def test_an_archived_customer_gets_the_suffix(caller):
    (gone,) = _change(caller, archive=1).json["archive"]

    (customer,) = caller.rows(f"SELECT * FROM Customer WHERE Active = false AND Id = '{gone}'")
    assert customer["DisplayName"].endswith(" (deleted)")
    assert _customers(caller.client)["counted"] == 59


def test_a_merge_ends_the_loser_only(caller):
    (pair,) = _change(caller, merge=1).json["merge"]

    active = {customer["Id"] for customer in caller.rows("SELECT * FROM Customer")}
    assert pair["winner"] in active
    assert pair["loser"] not in active


def test_updates_raise_the_sync_token(caller):
    before = {one["Id"]: one for one in caller.rows("SELECT * FROM Customer")}

    changed = _change(caller, update=3).json["update"]

    after = {one["Id"]: one for one in caller.rows("SELECT * FROM Customer")}
    assert {key for key in after if after[key] != before[key]} == set(changed)
    assert all(int(after[key]["SyncToken"]) > int(before[key]["SyncToken"]) for key in changed)


def test_changes_are_repeatable(client, make_caller):
    wishes = {"create": 5, "update": 5, "archive": 2, "merge": 1, "delete": 1}
    caller = make_caller()
    first = _change(caller, **wishes).json
    rows = [row["DisplayName"] for row in caller.rows("SELECT * FROM Customer ORDERBY Id DESC")]
    client.post("/control/reset")

    second = _change(caller, **wishes).json

    again = [row["DisplayName"] for row in caller.rows("SELECT * FROM Customer ORDERBY Id DESC")]
    assert (second, again) == (first, rows)


def test_impossible_changes_change_nothing(caller):
    refused = _change(caller, create=1, delete=1000)

    assert refused.status_code == 400
    assert refused.json["error"].endswith(".")
    assert _customers(caller.client)["counted"] == 60


@pytest.mark.parametrize("wishes", [{"create": -1}, {"create": "3"}, {"destroy": 1}])
def test_wrong_input_is_answered_with_a_sentence(caller, wishes):
    refused = _change(caller, **wishes)

    assert refused.status_code == 400
    assert refused.json["error"].endswith(".")


def test_cdc_reports_changes_in_full_and_deletions_as_stubs(caller):
    done = _change(caller, create=1, archive=1, delete=1).json

    answered = caller.get("cdc", entities="Customer", changedSince="2026-11-20T07:59:59-08:00").json

    reported = answered["CDCResponse"][0]["QueryResponse"][0]
    by_id = {customer["Id"]: customer for customer in reported["Customer"]}
    assert reported["totalCount"] == 3
    assert by_id[done["archive"][0]]["Active"] is False
    assert by_id[done["delete"][0]] == {
        "domain": "QBO",
        "status": "Deleted",
        "Id": done["delete"][0],
        "MetaData": {"LastUpdatedTime": "2026-11-20T08:00:00-08:00"},
    }


def test_cdc_without_changes_is_an_empty_object(caller):
    answered = caller.get("cdc", entities="Customer", changedSince="2026-11-20").json

    assert answered["CDCResponse"] == [{"QueryResponse": [{}]}]


def test_cdc_stops_at_a_thousand(caller):
    _change(caller, create=1100)

    answered = caller.get("cdc", entities="Customer", changedSince="2026-11-20T00:00:00Z").json

    assert len(answered["CDCResponse"][0]["QueryResponse"][0]["Customer"]) == 1000


def _changed(caller, since):
    answered = caller.get("cdc", entities="Customer", changedSince=since).json
    return answered["CDCResponse"][0]["QueryResponse"][0].get("Customer", [])


def _reset(caller, **wishes):
    caller.client.post("/control/reset", json={"provider": "quickbooks", **wishes})


def test_after_a_reset_cdc_reports_every_new_customer_and_the_gone_ones(caller, clock):
    everybody = "SELECT * FROM Customer WHERE Active IN (true, false) MAXRESULTS 1000"
    old = {row["Id"] for row in caller.rows(everybody)}
    clock.forward(minutes=10)
    _reset(caller, size=20)

    reported = _changed(caller, "2026-11-20T16:10:00Z")

    new = {row["Id"] for row in caller.rows(everybody)}
    stubs = {row["Id"] for row in reported if row.get("status") == "Deleted"}
    assert stubs == old - new
    assert {row["Id"] for row in reported} == old | new
    assert _changed(caller, "2026-11-20T16:10:01Z") == []


def test_a_reset_to_the_same_customers_is_no_change(caller):
    caller.rows("SELECT * FROM Customer")

    _reset(caller, size=60)

    assert _changed(caller, "2026-11-20T15:00:00Z") == []


def test_a_reset_reports_only_customers_that_are_others_now(caller, clock):
    caller.count()
    done = _change(caller, create=1, update=2).json
    clock.forward(minutes=10)

    _reset(caller, size=60)

    reported = {row["Id"]: row for row in _changed(caller, "2026-11-20T16:05:00Z")}
    assert set(reported) == {*done["create"], *done["update"]}
    assert reported[done["create"][0]]["status"] == "Deleted"


def test_a_reset_before_anybody_read_is_no_change(caller):
    _reset(caller, size=20)

    assert _changed(caller, "2026-11-20T15:00:00Z") == []


def test_a_reset_of_many_customers_stops_at_a_thousand_too(caller):
    caller.count()

    _reset(caller, size=1500)

    assert len(_changed(caller, "2026-11-20T15:00:00Z")) == 1000


def test_a_reset_is_no_change_for_a_query(caller):
    caller.count()

    _reset(caller, size=20)

    assert caller.count("WHERE MetaData.LastUpdatedTime >= '2026-11-01T00:00:00-07:00'") == 0


@pytest.mark.parametrize("since", ["2026-10-01T00:00:00-07:00", "last week", ""])
def test_cdc_refuses_moments_it_cannot_reach(caller, since):
    answered = caller.get("cdc", entities="Customer", changedSince=since)

    assert answered.status_code == 400


def test_listing_without_an_order_moves_when_customers_change(caller):
    before = [customer["Id"] for customer in caller.rows("SELECT * FROM Customer")]

    (changed,) = _change(caller, update=1).json["update"]

    after = [customer["Id"] for customer in caller.rows("SELECT * FROM Customer")]
    assert after[0] == changed
    assert before != after
