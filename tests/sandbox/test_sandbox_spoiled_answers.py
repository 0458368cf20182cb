"""Switches that spoil an answer which arrives whole."""

import gzip
import json

import pytest

PAGE = (
    "SELECT * FROM Customer WHERE Active IN (true, false) ORDERBY Id STARTPOSITION {} MAXRESULTS 10"
)
COUNT = "SELECT COUNT(*) FROM Customer"
SECOND = "9341450000000002"


def test_a_field_gets_another_value_on_every_nth_row(caller, turn_on):
    turn_on(fault="malformed", field="MetaData.CreateTime", value=["soon"], every=4)

    rows = caller.rows(PAGE.format(1))

    spoiled = [
        number for number, row in enumerate(rows, 1) if row["MetaData"]["CreateTime"] == ["soon"]
    ]
    assert spoiled == [4, 8]


def test_a_field_without_a_value_vanishes(caller, turn_on):
    turn_on(fault="malformed", field="DisplayName")

    assert not any("DisplayName" in row for row in caller.rows(PAGE.format(1)))


def test_a_path_that_leads_nowhere_spoils_nothing(caller, turn_on):
    before = caller.rows(PAGE.format(1))
    turn_on(fault="malformed", field="DisplayName.0.First", value=1)

    assert caller.rows(PAGE.format(1)) == before


def test_the_answer_of_a_token_can_be_malformed(caller, turn_on):
    turn_on(fault="malformed", endpoint="token", field="expires_in", value="soon")

    assert caller.refresh().json["expires_in"] == "soon"


def test_the_count_lies(caller, turn_on):
    turn_on(fault="count_lie", n=-7)

    assert caller.count() == 60 + 3 - 7


def test_an_empty_answer_has_the_form_of_the_provider(caller, turn_on):
    turn_on(fault="empty")

    assert caller.query(PAGE.format(1)).json["QueryResponse"] == {}
    assert caller.count() == 0


@pytest.mark.parametrize(
    ("variant", "status", "body"),
    [
        ("no_body", 200, b""),
        ("null", 200, b"null"),
        ("array", 200, b"[]"),
        ("no_content", 204, b""),
    ],
)
def test_an_answer_can_be_empty_in_a_wrong_way(caller, turn_on, variant, status, body):
    turn_on(fault="empty", variant=variant)

    answered = caller.query(PAGE.format(1))

    assert (answered.status_code, answered.data) == (status, body)


def test_rows_can_be_padded(caller, turn_on):
    turn_on(fault="size", n=50_000)

    assert len(caller.query(PAGE.format(1)).data) > 500_000


def test_a_wrong_clock_shows_in_header_and_answer(caller, turn_on):
    turn_on(fault="clock_skew", seconds=-600)

    answered = caller.query(COUNT)

    assert answered.headers["Date"] == "Fri, 20 Nov 2026 15:50:00 GMT"
    assert answered.json["time"] == "2026-11-20T07:50:00.000-08:00"


def test_the_data_of_another_account_come(caller, turn_on, make_caller):
    theirs = make_caller(SECOND).rows(PAGE.format(1))
    turn_on(fault="tenant_swap")

    mine = caller.rows(PAGE.format(1))

    assert mine == theirs
    assert caller.get("companyinfo/1").json["CompanyInfo"]["CompanyName"].startswith("Kestrel")


def test_a_lost_scope_is_forbidden_by_the_api_only(caller, turn_on):
    turn_on(fault="scope_drop")

    refused = caller.query(COUNT)

    assert (refused.status_code, refused.json["fault"]["error"][0]["code"]) == (403, "3100")
    assert caller.refresh().status_code == 200


def test_a_customer_before_the_cursor_disappears_after_each_page(caller, turn_on):
    listing = "SELECT * FROM Customer ORDERBY Id STARTPOSITION {} MAXRESULTS 10"
    everybody = [row["Id"] for row in caller.rows("SELECT * FROM Customer ORDERBY Id")]
    turn_on(fault="mutate_list")

    pages = [[row["Id"] for row in caller.rows(listing.format(start))] for start in (1, 11, 21)]

    assert pages == [everybody[:10], everybody[11:21], everybody[22:32]]


def test_a_customer_can_appear_after_each_page(caller, turn_on):
    turn_on(fault="mutate_list", change="create", times=2)
    before = caller.client.get("/control/state").json["providers"]["quickbooks"]["customers"]

    for start in (1, 11, 21):
        caller.query(PAGE.format(start))

    after = caller.client.get("/control/state").json["providers"]["quickbooks"]["customers"]
    assert after["counted"] == before["counted"] + 2


def test_a_redirect_leads_to_another_host(caller, turn_on):
    turn_on(fault="redirect", status=307)

    answered = caller.query(COUNT)

    assert (answered.status_code, answered.location) == (307, "https://elsewhere.example.com/")


def test_the_text_is_no_utf8(caller, turn_on):
    turn_on(fault="bad_utf8")

    with pytest.raises(UnicodeDecodeError):
        caller.query(PAGE.format(1)).data.decode()


@pytest.mark.parametrize(
    ("variant", "sign"),
    [
        ("bom", b"\xef\xbb\xbf{"),
        ("nan", b"NaN}"),
        ("infinity", b"-Infinity}"),
        ("duplicate", b'"QueryResponse":{}}'),
        ("deep", b"[" * 100_000),
        ("digits", b"9" * 5_000),
        ("not_an_object", b'"{QueryResponse:'),
    ],
)
def test_garbage_comes_in_several_forms(caller, turn_on, variant, sign):
    turn_on(fault="garbage", variant=variant)

    answered = caller.query(COUNT)

    assert answered.mimetype == "application/json"
    assert sign in answered.data


def test_a_refusal_can_be_garbage_too(caller, turn_on):
    turn_on(fault="expire_token")
    turn_on(fault="garbage", variant="deep")

    assert caller.query(COUNT).status_code == 401


def test_half_a_gzip_file_comes(caller, turn_on):
    turn_on(fault="truncate", variant="gzip")

    answered = caller.query(PAGE.format(1))

    assert answered.headers["Content-Encoding"] == "gzip"
    with pytest.raises(EOFError):
        gzip.decompress(answered.data)


def test_a_gzip_bomb_is_small_until_opened(caller, turn_on):
    turn_on(fault="gzipbomb")

    packed = caller.query(PAGE.format(1))

    assert packed.headers["Content-Encoding"] == "gzip"
    assert len(packed.data) < 300_000
    # gzip keeps the size of what it holds in its last four bytes.
    assert int.from_bytes(packed.data[-4:], "little") > 200_000_000


def test_spoiled_values_are_still_json(caller, turn_on):
    turn_on(fault="malformed", field="PrimaryEmailAddr", value={"Address": "ü@example.com"})

    answered = json.loads(caller.query(PAGE.format(1)).data)

    emails = {row["PrimaryEmailAddr"]["Address"] for row in answered["QueryResponse"]["Customer"]}
    assert emails == {"ü@example.com"}
