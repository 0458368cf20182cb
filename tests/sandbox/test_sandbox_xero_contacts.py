"""Xero: listing contacts."""

import re
from collections.abc import Callable

import pytest

from tests.sandbox.xero_program import TUI, census, granted

FIXED = {"page": 1, "pageSize": 1000, "order": "ContactID ASC"}


@pytest.fixture
def program(client):
    """A program with a grant for an organisation of 200."""
    client.post("/control/reset", json={"provider": "xero", "size": 200})
    return granted(client)


def test_pages_cover_everything_once_and_tell_the_whole(program):
    first = program.ask(page=1, order="ContactID ASC").json
    pages = first["pagination"]["pageCount"]

    rest = [program.ask(page=number, order="ContactID ASC").json for number in range(2, pages + 1)]

    ids = [one["ContactID"] for page in (first, *rest) for one in page["Contacts"]]
    truth = census(program.client)
    assert first["pagination"] == {
        "page": 1,
        "pageSize": 100,
        "pageCount": 3,
        "itemCount": truth["counted"] + truth["supplier_only"],
    }
    assert ids == sorted(set(ids))
    assert len(ids) == first["pagination"]["itemCount"]


def test_past_the_end_the_list_is_empty(program):
    answered = program.ask(page=9, pageSize=1000).json

    assert answered["Contacts"] == []
    assert answered["pagination"]["page"] == 9


def test_without_a_page_everything_comes_with_fewer_fields(program):
    answered = program.ask(includeArchived="true").json

    paged = program.contacts(includeArchived="true")
    assert "pagination" not in answered
    assert len(answered["Contacts"]) == len(paged)
    for name in ("MergedToContactID", "Balances"):
        assert any(name in one for one in paged)
        assert not any(name in one for one in answered["Contacts"])
    assert any(one["ContactPersons"] for one in paged)
    assert not any(one["ContactPersons"] for one in answered["Contacts"])


@pytest.mark.parametrize("flag", ["True", "true"])
def test_the_archived_come_on_request(program, flag):
    usual, all_of_them = program.contacts(), program.contacts(includeArchived=flag)

    assert {one["ContactStatus"] for one in usual} == {"ACTIVE"}
    assert len(all_of_them) - len(usual) == census(program.client)["inactive"]
    redacted = [one for one in all_of_them if one["ContactStatus"] == "GDPRREQUEST"]
    assert redacted and not any({"EmailAddress", "LastName"} & set(one) for one in redacted)


def test_one_contact_is_found_whatever_its_status(program):
    merged = next(
        one for one in program.contacts(includeArchived=True) if "MergedToContactID" in one
    )

    found = program.one(merged["ContactID"]).json["Contacts"]

    assert found == [merged]
    winner = program.one(merged["MergedToContactID"]).json["Contacts"][0]
    assert winner["ContactStatus"] == "ACTIVE"


def test_an_unknown_contact_is_plain_text(program):
    answered = program.one("00000000-0000-4000-8000-000000000000")

    assert (answered.status_code, answered.mimetype) == (404, "text/plain")
    assert answered.text == "The resource you're looking for cannot be found"


def test_ids_choose_several(program):
    wanted = [one["ContactID"] for one in program.contacts()[3:6]]

    found = program.contacts(IDs=",".join(wanted))

    assert [one["ContactID"] for one in found] == wanted


def test_the_summary_is_for_counting(program):
    answered = program.ask(page=1, pageSize=1, summaryOnly="true").json

    assert answered["pagination"]["itemCount"] == len(program.contacts())
    assert not {"Phones", "Addresses", "IsCustomer"} & set(answered["Contacts"][0])


def test_searching_looks_at_names_and_addresses(program):
    wanted = next(one for one in program.contacts() if one.get("EmailAddress"))

    by_email = program.contacts(searchTerm=wanted["EmailAddress"].upper())
    by_name = program.contacts(searchTerm=wanted["Name"][1:])

    assert wanted in by_email and wanted in by_name


_KEYS: dict[str, Callable[..., object]] = {
    "ContactID": lambda one: one["ContactID"],
    "UpdatedDateUTC": lambda one: _milliseconds(one["UpdatedDateUTC"]),
    "Name": lambda one: one["Name"].casefold(),
}


@pytest.mark.parametrize("column", _KEYS)
def test_orders_go_both_ways(program, column):
    up = [_KEYS[column](one) for one in program.contacts(order=column)]
    down = [_KEYS[column](one) for one in program.contacts(order=f"{column} DESC")]

    assert up == sorted(up)
    assert down == sorted(down, reverse=True)


def test_conditions_choose(program):
    everyone = program.contacts(includeArchived=True)
    known = next(one for one in everyone if one.get("EmailAddress") and one["IsCustomer"])

    customers = program.contacts(where='ContactStatus=="ACTIVE" AND IsCustomer==true')
    named = program.contacts(where=f'Name=="{known["Name"]}"', includeArchived=True)
    mailed = program.contacts(
        where=f'EmailAddress == "{known["EmailAddress"]}"', includeArchived=True
    )

    active = [one for one in everyone if one["ContactStatus"] == "ACTIVE"]
    assert customers == [one for one in active if one["IsCustomer"]]
    assert named == [known]
    assert known in mailed


@pytest.mark.parametrize(
    "wish",
    [
        {"where": "IsCustomer=true"},
        {"where": 'IsCustomer=="true"'},
        {"where": 'Nonsense=="x"'},
        {"where": 'Name=="x" AND'},
        {"where": 'Name=="x" OR Name=="y"'},
        {"order": "Phones ASC"},
        {"order": "Name SIDEWAYS"},
    ],
)
def test_what_cannot_be_parsed_is_refused(program, wish):
    answered = program.ask(page=1, **wish)

    assert answered.status_code == 400
    assert (answered.json["ErrorNumber"], answered.json["Type"]) == (16, "QueryParseException")


@pytest.mark.parametrize("wish", [{"page": 0}, {"page": "x"}, {"page": 1, "pageSize": 1001}])
def test_a_wrong_page_is_refused(program, wish):
    answered = program.ask(**wish)

    assert answered.status_code == 400
    assert (answered.json["ErrorNumber"], answered.json["Type"]) == (10, "ValidationException")
    assert answered.json["Elements"][0]["ValidationErrors"][0]["Message"]


@pytest.mark.parametrize("accept", ["*/*", "application/xml", ""])
def test_whoever_does_not_ask_for_json_gets_xml(program, accept):
    answered = program.get("api.xro/2.0/Contacts", headers={"Accept": accept}, page=1)

    assert answered.mimetype == "text/xml"
    assert answered.text.startswith("<?xml") and answered.text.count("<ContactID>") == 100


def test_refusals_are_xml_too(program):
    answered = program.get("api.xro/2.0/Contacts", headers={"Accept": "*/*"}, where="nonsense")

    assert (answered.status_code, answered.mimetype) == (400, "text/xml")
    assert "<Type>QueryParseException</Type>" in answered.text


def test_dates_are_escaped_and_come_with_and_without_offset(program):
    text = program.ask(**FIXED).text

    assert re.search(r'"DateTimeUTC":"\\/Date\(\d+\)\\/"', text)
    assert re.search(r'"UpdatedDateUTC":"\\/Date\(\d+\+0000\)\\/"', text)
    assert re.search(r'"UpdatedDateUTC":"\\/Date\(\d+\)\\/"', text)


def test_phones_and_addresses_are_there_even_when_empty(program):
    contacts = program.contacts()

    for one in contacts:
        kinds = [phone["PhoneType"] for phone in one["Phones"]]
        assert kinds == ["DDI", "DEFAULT", "FAX", "MOBILE"]
        assert [place["AddressType"] for place in one["Addresses"]] == ["STREET", "POBOX"]
    empty = [phone for one in contacts for phone in one["Phones"] if phone["PhoneType"] == "FAX"]
    assert {tuple(phone.values()) for phone in empty} == {("FAX", "", "", "")}


def test_every_answer_tells_what_is_left(program):
    answered, again = program.ask(page=1), program.one("nobody")

    left = [
        (one.headers["X-MinLimit-Remaining"], one.headers["X-DayLimit-Remaining"])
        for one in (answered, again)
    ]
    assert left == [("59", "4999"), ("58", "4998")]
    assert answered.headers["X-AppMinLimit-Remaining"]
    assert answered.headers["Xero-Correlation-Id"] != again.headers["Xero-Correlation-Id"]


def test_the_sixty_first_call_of_a_minute_is_refused(program, clock):
    for _ in range(60):
        program.ask(page=1, pageSize=1)

    refused = program.ask(page=1, pageSize=1)

    assert (refused.status_code, refused.mimetype) == (429, "text/plain")
    assert refused.headers["X-Rate-Limit-Problem"] == "minute"
    assert refused.headers["Retry-After"] == "60"
    assert granted(program.client, realm=TUI).ask(page=1).status_code == 200
    clock.forward(seconds=60)
    assert program.ask(page=1, pageSize=1).status_code == 200


def test_a_page_is_known_to_the_switches(program):
    fault = {"provider": "xero", "fault": "status", "status": 503, "from_page": 2}
    program.client.post("/control/faults", json=fault)

    first, second = program.ask(page=1), program.ask(page=2)

    assert (first.status_code, second.status_code) == (200, 503)
    assert second.mimetype == "text/plain"


def test_connections_are_not_limited_and_calls_are_counted(client):
    program = granted(client)

    for _ in range(61):
        program.get("connections")
    program.ask(page=1)

    calls = client.get("/control/state").json["providers"]["xero"]["calls"]
    assert calls == {"total": 62, "by_endpoint": {"contacts": 1, "connections": 61}}


def _milliseconds(text):
    return int(re.findall(r"\d+", text)[0])
