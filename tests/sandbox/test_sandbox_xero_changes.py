"""Xero: life going on, and how a client learns of it."""

import pytest

from sandbox.app import create_app
from sandbox.world import the_world
from tests.sandbox.xero_program import KAURI, TUI, Program, census, granted

NOW = "2026-11-20T16:00:00"


@pytest.fixture
def program(client, clock):
    """A program with a grant for an organisation of 60, made an hour ago."""
    clock.forward(hours=-1)
    client.post("/control/reset", json={"provider": "xero", "size": 60})
    clock.forward(hours=1)
    return granted(client)


def _ids(contacts):
    return {one["ContactID"] for one in contacts}


def test_fresh_contacts_count_and_are_neither_customer_nor_supplier(program):
    done = program.change(create=3).json

    found = program.contacts(since=NOW)

    assert _ids(found) == set(done["create"])
    assert not any(one["IsCustomer"] or one["IsSupplier"] or "Balances" in one for one in found)
    assert census(program.client)["counted"] == 63


def test_archived_ones_are_told_only_on_request(program):
    (gone,) = program.change(archive=1).json["archive"]

    assert program.contacts(since=NOW) == []
    assert _ids(program.contacts(since=NOW, includeArchived="true")) == {gone}
    assert census(program.client)["inactive"] == 3


def test_deleting_is_archiving_and_says_so(program):
    done = program.change(delete=2).json

    found = program.contacts(since=NOW, includeArchived=True)

    assert "archived" in done["note"]
    assert _ids(found) == set(done["delete"])
    assert {one["ContactStatus"] for one in found} == {"ARCHIVED"}


def test_a_merged_contact_points_to_the_one_that_stays(program):
    (pair,) = program.change(merge=1).json["merge"]

    loser = program.one(pair["loser"]).json["Contacts"][0]

    assert loser["ContactStatus"] == "ARCHIVED"
    assert loser["MergedToContactID"] == pair["winner"]
    assert pair["winner"] in _ids(program.contacts(since=NOW))
    assert census(program.client)["counted"] == 59


def test_updates_change_names_addresses_or_phones(program):
    before = {one["ContactID"]: one for one in program.contacts()}

    done = program.change(update=3).json

    after = {one["ContactID"]: one for one in program.contacts()}
    assert {key for key in after if after[key] != before[key]} == set(done["update"])
    assert _ids(program.contacts(since=NOW)) == set(done["update"])


def test_a_flip_leaves_no_trace_in_the_dates(program):
    before = {one["ContactID"]: one for one in program.contacts()}
    suppliers = census(program.client)["supplier_only"]

    done = program.change(flip=suppliers + 1).json

    assert program.contacts(since=NOW, includeArchived=True) == []
    after = {one["ContactID"]: one for one in program.contacts()}
    for flipped in done["flip"]:
        assert after[flipped] == before[flipped] | {"IsCustomer": True}
    assert census(program.client) | {"supplier_only": 0} == census(program.client)
    assert census(program.client)["counted"] == 60 + suppliers


def test_only_xero_flips(client):
    refused = client.post("/control/changes", json={"provider": "quickbooks", "flip": 1})

    assert (refused.status_code, refused.json) == (400, {"error": "There is no change flip."})


def test_changes_are_repeatable(client):
    wishes = {"create": 5, "update": 5, "archive": 2, "merge": 1, "delete": 1, "flip": 2}
    program = granted(client)
    first = program.change(**wishes).json
    contacts = program.contacts(includeArchived=True)
    client.post("/control/reset")

    second = program.change(**wishes).json

    assert (second, program.contacts(includeArchived=True)) == (first, contacts)


@pytest.mark.parametrize("wishes", [{"create": 1, "delete": 61}, {"flip": 1000}])
def test_impossible_changes_change_nothing(program, wishes):
    refused = program.change(**wishes)

    assert refused.status_code == 400
    assert refused.json["error"].endswith(".")
    assert program.contacts(since=NOW, includeArchived=True) == []


@pytest.mark.parametrize(
    "moment",
    [
        NOW,
        "2026-11-20T16:00:00.000000",
        "2026-11-20T16:00:00Z",
        "2026-11-21T05:00:00.123456+13:00",
        "Fri, 20 Nov 2026 16:00:00 GMT",
    ],
)
def test_a_moment_is_understood_in_every_spelling(program, moment):
    (new,) = program.change(create=1).json["create"]

    assert _ids(program.contacts(since=moment)) == {new}


def test_what_is_no_moment_is_ignored(program):
    assert program.contacts(since="yesterday") == program.contacts()


def test_a_reset_modifies_everybody_but_keeps_their_dates(client, clock):
    program = granted(client)
    assert program.contacts(since=NOW, includeArchived=True) == []
    dates = [one["UpdatedDateUTC"] for one in program.contacts()]

    client.post("/control/reset")

    assert len(program.contacts(since=NOW)) == len(dates)
    assert [one["UpdatedDateUTC"] for one in program.contacts()] == dates
    assert program.contacts(since="2026-11-20T16:00:01") == []


def test_a_reset_concerns_the_other_organisations_too(client):
    program = granted(client, realm=TUI)
    program.client.post("/control/changes", json={"provider": "xero", "realm": TUI, "create": 5})

    client.post("/control/reset", json={"provider": "xero", "size": 60})

    assert census(client)["counted"] == 60
    assert census(client, TUI)["counted"] == 2310
    assert program.ask(page=1).status_code == 200


def test_everything_survives_a_kill(tmp_path, clock):
    first = create_app(tmp_path / "state.db", clock=clock)
    first.test_client().post("/control/reset", json={"provider": "xero", "size": 60})
    before = granted(first.test_client())
    before.change(create=2, archive=1, merge=1, flip=1)
    everyone = before.contacts(since=NOW, includeArchived=True)

    second = create_app(tmp_path / "state.db", clock=clock)

    after = Program(second.test_client(), before.tokens, KAURI)
    assert after.contacts(since=NOW, includeArchived=True) == everyone
    assert after.connections() == before.connections()
    assert after.refresh().status_code == 200
    assert census(second.test_client()) == census(first.test_client())
    for app in (first, second):
        the_world(app).store.close()
