"""The generated customers."""

from sandbox.email_kind import EmailKind
from sandbox.quickbooks.generator import LAST_DAY, generate

REALM = "9341450000000001"


def test_the_default_company_has_the_promised_kinds(client):
    customers = client.get("/control/state").json["providers"]["quickbooks"]["customers"]

    assert customers == {
        "counted": 1204,
        "sub_customers": 37,
        "projects": 12,
        "supplier_only": 0,
        "inactive": 41,
        "without_email": 181,
        "with_unusable_email": 3,
    }


def test_the_same_seed_makes_the_same_customers():
    first = generate(300, 7, REALM)

    second = generate(300, 7, REALM)

    assert [row.text for row in first] == [row.text for row in second]


def test_the_first_customer_never_changes_between_machines():
    rows = generate(1204, 1, REALM)

    assert rows[0].display_name == "Blue Heron Public Library"


def test_another_seed_makes_other_customers():
    first = generate(50, 1, REALM)

    second = generate(50, 2, REALM)

    assert [row.display_name for row in first] != [row.display_name for row in second]


def test_an_exact_share_has_no_email():
    for size in (1, 7, 60, 1000):
        rows = generate(size, 3, REALM)

        counted = [row for row in rows if row.counted]
        without = [row for row in counted if row.email_kind is EmailKind.ABSENT]
        assert (len(counted), len(without)) == (size, round(0.15 * size))


def test_display_names_are_unique_and_ids_ascend():
    rows = generate(3000, 1, REALM)

    names = {row.display_name.casefold() for row in rows}
    ids = [row.key for row in rows]
    assert len(names) == len(rows)
    assert ids == sorted(set(ids))


def test_every_usable_address_is_in_a_reserved_domain():
    rows = generate(1204, 1, REALM)

    fields = [row.customer()["PrimaryEmailAddr"]["Address"] for row in rows if _is_usable(row)]
    parts = [part for field in fields for part in field.replace(",", " ").replace(";", " ").split()]
    assert all(
        part.lower().endswith((".example.com", ".example.org", ".example.net")) for part in parts
    )
    assert any(len(part) for part in parts if part.isascii())
    assert any("," in field for field in fields)
    assert any(";" in field for field in fields)
    assert max(map(len, fields)) <= 100


def test_every_phone_is_fictional():
    rows = generate(1204, 1, REALM)

    phones = [
        row.customer()[key]["FreeFormNumber"]
        for row in rows
        for key in ("PrimaryPhone", "Mobile")
        if key in row.customer()
    ]
    digits = ["".join(filter(str.isdigit, phone)) for phone in phones]
    assert all("55501" in number for number in digits)
    assert max(map(len, phones)) <= 21


def test_what_is_unknown_is_left_out_and_times_are_past():
    rows = generate(1204, 1, REALM)

    assert not any(value is None for row in rows for value in row.customer().values())
    assert max(row.updated_at for row in rows) <= LAST_DAY.timestamp()
    assert all(row.created_at <= row.updated_at for row in rows)


def test_children_belong_to_an_active_top_level_parent():
    rows = {row.key: row for row in generate(1204, 1, REALM)}

    parents = [rows[int(row.customer()["ParentRef"]["value"])] for row in rows.values() if row.job]
    assert len(parents) == 37 + 12
    assert all(parent.counted for parent in parents)


def test_inactive_customers_carry_the_suffix():
    rows = generate(1204, 1, REALM)

    inactive = [row for row in rows if not row.active]
    assert all(row.display_name.endswith(" (deleted)") for row in inactive)
    assert len(inactive) == 41


def _is_usable(row):
    return row.email_kind is EmailKind.USABLE
