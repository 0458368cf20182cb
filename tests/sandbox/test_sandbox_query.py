"""The query call, as a client of QuickBooks sees it."""

import pytest


def test_get_and_post_answer_alike(caller):
    statement = "SELECT * FROM Customer ORDERBY Id MAXRESULTS 5"
    url = f"/quickbooks/v3/company/{caller.realm}/query"

    posted = caller.client.post(
        url, data=statement, content_type="application/text", headers=caller.headers
    )

    assert posted.json["QueryResponse"] == caller.query(statement).json["QueryResponse"]


def test_pages_hold_what_fits_and_the_last_one_less(caller):
    total = caller.count("WHERE Active IN (true, false)")

    pages = [
        caller.query(
            f"SELECT * FROM Customer WHERE Active IN (true, false) ORDERBY Id "
            f"STARTPOSITION {start} MAXRESULTS 25"
        ).json["QueryResponse"]
        for start in (1, 26, 51, 76)
    ]

    ids = [customer["Id"] for page in pages for customer in page.get("Customer", [])]
    assert [page.get("maxResults") for page in pages] == [25, 25, total - 50, None]
    assert [int(key) for key in ids] == sorted({int(key) for key in ids})
    assert len(ids) == total


def test_past_the_end_the_key_is_absent(caller):
    answered = caller.query("SELECT * FROM Customer STARTPOSITION 900").json

    assert answered["QueryResponse"] == {}
    assert answered["time"] == "2026-11-20T08:00:00.000-08:00"


def test_the_default_page_has_a_hundred_rows_and_the_largest_a_thousand(client, make_caller):
    caller = make_caller()

    default = caller.query("SELECT * FROM Customer").json["QueryResponse"]
    largest = caller.query("SELECT * FROM Customer MAXRESULTS 5000").json["QueryResponse"]

    assert (default["maxResults"], largest["maxResults"]) == (100, 1000)


def test_inactive_customers_are_hidden_unless_asked_for(caller):
    hidden = caller.rows("SELECT * FROM Customer MAXRESULTS 1000")
    shown = caller.rows("SELECT * FROM Customer WHERE Active IN (true, false) MAXRESULTS 1000")

    assert all(customer["Active"] for customer in hidden)
    assert len(shown) == len(hidden) + 2


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("WHERE Job = false", 60),
        ("where  Job =  true AND IsProject = false", 2),
        ("WHERE Active = false", 2),
        ("WHERE MetaData.LastUpdatedTime >= '2026-11-01T00:00:00-07:00'", 0),
        ("WHERE MetaData.CreateTime < '2026-11-01'", 63),
    ],
)
def test_conditions_choose(caller, condition, expected):
    assert caller.count(condition) == expected


def test_ids_compare_as_numbers(caller):
    ids = [customer["Id"] for customer in caller.rows("SELECT * FROM Customer ORDERBY Id")]

    below = caller.rows(f"SELECT * FROM Customer WHERE Id < '{ids[30]}'")
    chosen = caller.rows(f"SELECT * FROM Customer WHERE Id IN ('{ids[4]}', '{ids[9]}')")

    assert {customer["Id"] for customer in below} == set(ids[:30])
    assert {customer["Id"] for customer in chosen} == {ids[4], ids[9]}


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ("a%", lambda name: name.startswith("a")),
        ("%a", lambda name: name.endswith("a")),
        ("%a%e%", lambda name: "e" in name.partition("a")[2]),
        ("%", lambda name: True),
    ],
)
def test_like_takes_percent_signs(caller, pattern, fits):
    names = [one["DisplayName"] for one in caller.rows("SELECT * FROM Customer")]

    found = caller.rows(f"SELECT * FROM Customer WHERE DisplayName LIKE '{pattern}'")

    wanted = {name for name in names if fits(name.casefold())}
    assert {one["DisplayName"] for one in found} == wanted


def test_a_name_with_an_apostrophe_is_found(client, make_caller):
    caller = make_caller()

    found = caller.rows(r"SELECT * FROM Customer WHERE FamilyName = 'D\'Aubigné'")

    assert {customer["FamilyName"] for customer in found} == {"D'Aubigné"}


def test_names_sort_both_ways(caller):
    up = caller.rows("SELECT * FROM Customer ORDER BY DisplayName ASC")
    down = caller.rows("select * from customer orderby DisplayName desc")

    assert [one["Id"] for one in up] == [one["Id"] for one in reversed(down)]


def test_a_field_list_gives_sparse_customers(caller):
    first, *_ = caller.rows("SELECT Id, DisplayName FROM Customer ORDERBY Id MAXRESULTS 1")

    assert set(first) == {"Id", "DisplayName", "domain", "sparse"}
    assert first["sparse"] is True


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("", "4000"),
        ("SELECT FROM Customer", "4000"),
        ("SELECT * FROM Customer WHERE Id = '1' OR Id = '2'", "4000"),
        ("SELECT * FROM Customer WHERE DisplayName = 'open", "4000"),
        ("SELECT * FROM Customer; DROP TABLE x", "4000"),
        ("SELECT * FROM Dog", "4001"),
        ("SELECT * FROM Customer WHERE Colour = 'red'", "4001"),
        ("SELECT * FROM Customer STARTPOSITION 0", "4001"),
        ("SELECT * FROM Customer WHERE Active = 'maybe'", "4002"),
        ("SELECT * FROM Customer WHERE MetaData.CreateTime > 'yesterday'", "4002"),
        ("SELECT * FROM Customer WHERE Id LIKE '%1'", "4002"),
    ],
)
def test_a_wrong_statement_is_a_capitalised_fault(caller, statement, code):
    answered = caller.query(statement)

    assert answered.status_code == 400
    assert answered.json["Fault"]["Error"][0]["code"] == code


def test_a_statement_as_json_is_refused(caller):
    url = f"/quickbooks/v3/company/{caller.realm}/query"

    answered = caller.client.post(url, json={"query": "SELECT 1"}, headers=caller.headers)

    assert answered.status_code == 415


def test_without_asking_for_json_it_is_xml(caller):
    url = f"/quickbooks/v3/company/{caller.realm}/query"
    parameters = {"query": "SELECT * FROM Customer ORDERBY Id MAXRESULTS 1"}

    answered = caller.client.get(
        url,
        query_string=parameters,
        headers={"Authorization": caller.headers["Authorization"]},
    )

    assert answered.mimetype == "application/xml"
    assert "<Customer><Taxable>" in answered.text


def test_every_answer_has_a_trace_id(caller):
    assert caller.query("SELECT * FROM Customer").headers["intuit_tid"]


def test_companyinfo_answers_to_one_and_to_the_realm(caller):
    by_one = caller.get("companyinfo/1").json["CompanyInfo"]
    by_realm = caller.get(f"companyinfo/{caller.realm}").json["CompanyInfo"]

    assert by_one == by_realm
    assert by_one["CompanyName"] == "Harbor Heating & Air LLC"
    assert caller.get("companyinfo/2").json["Fault"]["Error"][0]["code"] == "610"


def test_the_empty_company_is_empty(make_caller):
    caller = make_caller("9341450000000003")

    assert caller.count("WHERE Active IN (true, false)") == 0
    assert caller.query("SELECT * FROM Customer").json["QueryResponse"] == {}
