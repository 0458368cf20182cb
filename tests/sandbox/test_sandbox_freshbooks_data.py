"""FreshBooks: the generated clients, life going on, and what survives."""

import pytest

from sandbox.app import create_app
from sandbox.email_kind import EmailKind
from sandbox.freshbooks.clients import VisState, decode, encode
from sandbox.freshbooks.generator import LAST_DAY, generate
from sandbox.freshbooks.times import eastern_text
from sandbox.world import the_world
from tests.sandbox.freshbooks_program import ACCOUNT, OTHER_ACCOUNT, census, program


@pytest.fixture
def caller(client):
    return program(client)


def _reset(client, **wishes):
    return client.post("/control/reset", json={"provider": "freshbooks", **wishes})


def test_the_accounts_have_the_promised_kinds(client):
    first, second = census(client), census(client, OTHER_ACCOUNT)

    assert first == {
        "counted": 214,
        "sub_customers": 0,
        "projects": 0,
        "supplier_only": 0,
        "inactive": 30,
        "without_email": 32,
        "with_unusable_email": 1,
    }
    assert (second["counted"], second["inactive"]) == (1050, 147)


def test_the_same_seed_makes_the_same_clients_on_every_machine():
    first, second, other = (generate(214, seed, ACCOUNT) for seed in (1, 1, 2))

    assert first == second
    assert first != other
    assert (first[0].key, first[0].fname, first[0].lname) == (700_001, "Edith", "Vickers")


def test_shares_are_exact_and_ids_ascend():
    for size in (0, 1, 60, 1050):
        rows = generate(size, 3, ACCOUNT)

        counted = [row for row in rows if row.counted]
        without = [row for row in counted if row.email_kind is EmailKind.ABSENT]
        ids = [row.key for row in rows]
        assert (len(counted), len(without)) == (size, round(0.15 * size))
        assert ids == sorted(set(ids))


def test_addresses_and_phones_are_invented():
    rows = generate(1050, 1, ACCOUNT)

    emails = [row.email for row in rows if row.email_kind is EmailKind.USABLE]
    phones = [
        phone for row in rows for phone in (row.bus_phone, row.home_phone, row.mob_phone) if phone
    ]
    assert all(
        email.lower().endswith((".example.com", ".example.org", ".example.net")) for email in emails
    )
    assert all("55501" in "".join(filter(str.isdigit, phone)) for phone in phones)


def test_the_first_data_are_older_than_their_last_day():
    rows = generate(1050, 1, ACCOUNT)

    assert max(row.updated for row in rows) <= eastern_text(LAST_DAY)


def test_a_client_survives_being_written():
    rows = generate(60, 1, ACCOUNT)

    assert [decode(encode(row)) for row in rows] == rows


def test_signup_is_utc_and_updated_is_eastern(caller):
    (created,) = caller.change(create=1).json["create"]

    client = caller.one(created).json["response"]["result"]["client"]

    assert client["signup_date"] == "2026-11-20 16:00:00"
    assert client["updated"] == "2026-11-20 11:00:00"


@pytest.mark.parametrize(
    ("kind", "state"), [("archive", VisState.ARCHIVED), ("delete", VisState.DELETED)]
)
def test_leaving_moves_the_state_and_the_time(client, caller, kind, state):
    (gone,) = caller.change(**{kind: 1}).json[kind]

    found = caller.one(gone).json["response"]["result"]["client"]

    assert found["vis_state"] == state
    assert found["updated"] == "2026-11-20 11:00:00"
    assert (census(client)["counted"], census(client)["inactive"]) == (213, 31)


def test_a_merge_deletes_the_loser_and_moves_what_it_owed(caller):
    before = {found["id"]: found for found in _owing(caller)}

    (pair,) = caller.change(merge=1).json["merge"]

    after = {found["id"]: found for found in _owing(caller)}
    winner, loser = int(pair["winner"]), int(pair["loser"])
    assert caller.one(loser).json["response"]["result"]["client"]["vis_state"] == VisState.DELETED
    assert set(before) - set(after) == {loser}
    assert _owed(after[winner]) == pytest.approx(_owed(before[winner]) + _owed(before[loser]))


def test_updates_change_what_is_shown(caller):
    before = {str(found["id"]): found for found in caller.everyone()}

    changed = caller.change(update=3).json["update"]

    after = {str(found["id"]): found for found in caller.everyone()}
    kept = {"updated"}
    different = {
        key
        for key in after
        if {name for name in after[key] if after[key][name] != before[key][name]} - kept
    }
    assert different == set(changed)


def test_changes_are_repeatable(clock):
    wishes = {"create": 5, "update": 5, "archive": 2, "merge": 1, "delete": 1}
    apps = [create_app(clock=clock) for _ in range(2)]
    first, second = (program(app.test_client()) for app in apps)
    done = first.change(**wishes).json

    again = second.change(**wishes).json

    assert (again, second.everyone()) == (done, first.everyone())
    for app in apps:
        the_world(app).store.close()


def test_impossible_changes_change_nothing(client, caller):
    refused = caller.change(create=1, delete=1000)

    assert refused.status_code == 400
    assert census(client)["counted"] == 214


def test_changes_are_found_by_the_eastern_day(caller, clock):
    clock.forward(hours=11)  # 22:00 in New York, the next day in UTC
    (changed,) = caller.change(update=1).json["update"]

    day, next_day = (
        [str(found["id"]) for found in caller.everyone(**{"search[updated_min]": day})]
        for day in ("2026-11-20", "2026-11-21")
    )

    assert (day, next_day) == ([changed], [])


def test_the_last_day_of_a_search_is_not_included(caller):
    caller.change(update=1)

    until = caller.everyone(**{"search[updated_max]": "2026-11-20"})
    from_then = caller.everyone(**{"search[updated_min]": "2026-11-20"})

    assert len(until) + len(from_then) == len(caller.everyone())
    assert len(from_then) == 1


def test_deleted_clients_are_found_only_by_their_state(caller):
    (gone,) = caller.change(delete=1).json["delete"]
    since = {"search[updated_min]": "2026-11-20"}

    silent = caller.everyone(**since)
    told = caller.everyone(**since, **{"search[vis_state]": "1"})

    assert silent == []
    assert [str(found["id"]) for found in told] == [gone]


def test_a_reset_is_news_and_the_gone_ones_are_deleted(client, caller):
    before = {found["id"] for found in caller.everyone()}
    _reset(client, size=60)

    changed = caller.everyone(**{"search[updated_min]": "2026-11-20"})

    deleted = caller.everyone(**{"search[updated_min]": "2026-11-20", "search[vis_state]": "1"})
    new = {found["id"] for found in changed}
    assert new == {found["id"] for found in caller.everyone()}
    assert len(new) == 65
    assert {found["updated"] for found in changed} == {"2026-11-20 11:00:00"}
    assert before - new <= {found["id"] for found in deleted}
    assert census(client)["counted"] == 60


def test_a_reset_before_anybody_read_is_no_news(client, caller):
    _reset(client, size=60)

    assert caller.everyone(**{"search[updated_min]": "2026-11-20"}) == []
    assert census(client)["inactive"] == 8


def test_a_reset_to_the_same_clients_is_no_news(client, caller):
    caller.everyone()

    _reset(client)

    assert caller.everyone(**{"search[updated_min]": "2026-11-20"}) == []
    assert census(client)["inactive"] == 30


def test_a_reset_of_one_account_leaves_the_other(client):
    _reset(client, realm=OTHER_ACCOUNT, size=10)

    assert (census(client)["counted"], census(client, OTHER_ACCOUNT)["counted"]) == (214, 10)


def test_a_reset_of_everything_gives_the_size_to_the_first_account(client):
    _reset(client, size=5, seed=7)

    assert (census(client)["counted"], census(client, OTHER_ACCOUNT)["counted"]) == (5, 1050)


@pytest.mark.parametrize("wishes", [{"size": 200_001}, {"realm": "nobody"}])
def test_an_impossible_reset_is_refused(client, wishes):
    refused = _reset(client, **wishes)

    assert refused.status_code == 400
    assert census(client)["counted"] == 214


def test_clients_tokens_and_changes_survive_a_restart(tmp_path, clock):
    before = create_app(tmp_path / "state.db", clock=clock)
    caller = program(before.test_client())
    caller.change(create=3, delete=2, archive=1)
    caller.grant |= caller.refresh().json
    known = caller.everyone()
    the_world(before).store.close()

    after = create_app(tmp_path / "state.db", clock=clock)

    caller.client = after.test_client()
    assert caller.everyone() == known
    assert caller.refresh().status_code == 200
    the_world(after).store.close()


def _owing(caller):
    return caller.everyone(**{"include[]": "outstanding_balance", "search[vis_state]": "0"})


def _owed(found):
    return sum(float(entry["amount"]["amount"]) for entry in found["outstanding_balance"])
