"""What members and people of other companies see: nothing of it."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from sqlalchemy import text

from tests.browser.people import (
    QUICKBOOKS,
    Opener,
    alert,
    alert_body,
    expect_number,
    follow,
    ignore_these,
    press,
    toggle,
)
from tests.system.asking import check_again, csrf_token, open_alert
from tests.system.demo import Demo
from tests.system.prepared import PreparedDemo


@pytest.mark.parametrize("path", ["/settings/integrations", QUICKBOOKS, f"{QUICKBOOKS}/review"])
def test_a_member_is_told_to_ask_an_admin(people: Opener, path: str) -> None:
    page = people.browser("mel").new_page()

    answer = page.goto(path)

    assert answer is not None
    assert answer.status == 403
    expect(page.locator("main")).to_contain_text(
        "You are signed in as Mel Osei, a member. Ask an admin of Harbor Heating & Air."
    )
    expect(page.get_by_role("link", name="Settings")).to_have_count(0)


def test_a_member_reads_the_customers(people: Opener) -> None:
    page = people.open("mel", "/")

    expect(page).to_have_url(f"{people.url}/customers")
    expect(page.locator("tbody tr")).to_have_count(50)


def test_zoe_sees_no_trace_of_the_other_company(people: Opener) -> None:
    page = people.open("zoe")

    expect(page.locator("main")).to_contain_text("Not connected")
    expect(alert(page)).to_have_count(0)
    expect(page.locator("main")).not_to_contain_text("1,204")
    page.goto("/customers")
    expect(page.get_by_role("heading", name="No customers yet")).to_be_visible()


def test_zoe_cannot_follow_the_reading_of_another_company(people: Opener, demo: Demo) -> None:
    with demo.database() as database:
        reading = database.scalar(text("SELECT public_id FROM reading LIMIT 1"))
    page = people.browser("zoe").new_page()

    for path in (f"{QUICKBOOKS}?reading={reading}", f"{QUICKBOOKS}/unsynced?reading={reading}"):
        answer = page.goto(path)

        assert answer is not None
        assert answer.status == 404
        expect(page.get_by_role("heading", name="There is no such reading")).to_be_visible()


def test_zoe_cannot_decide_about_customers_of_another_company(
    demo: Demo, prepared: PreparedDemo
) -> None:
    with demo.database() as database:
        query = "SELECT public_id FROM remote_customer WHERE state = 'unsynced' LIMIT 1"
        theirs = database.scalar(text(query))

    with prepared.client("zoe") as client:
        address = f"{demo.url}{QUICKBOOKS}"
        token = csrf_token(client.get(address, timeout=30).text)
        answer = client.post(
            f"{address}/ignore", data={"csrf_token": token, "id": theirs}, timeout=30
        )
        opened = open_alert(client, demo.url)
        checked = check_again(client, demo.url)

    assert answer.status_code == opened.status_code == checked.status_code == 409
    assert "1,204" not in answer.text + opened.text + checked.text
    assert demo.count("SELECT count(*) FROM remote_customer WHERE state = 'unsynced'") == 182
    assert demo.calls() == 0


@pytest.mark.full
def test_two_companies_decide_apart_about_the_same_books(people: Opener) -> None:
    zoe = people.open("zoe")
    follow(zoe, "Connect QuickBooks")
    press(zoe, "Allow")
    toggle(zoe)
    expect_number(zoe, "1,204", "1,204")

    ignore_these(zoe, "1,204")
    expect_number(zoe, "0", "1,204")
    ada = people.open("ada")
    toggle(ada)

    expect_number(ada, "182", "1,204")
    expect(alert_body(ada)).not_to_contain_text("ignored on purpose")
