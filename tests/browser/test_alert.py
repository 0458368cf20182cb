"""The alert: closed it costs nothing, opened it says the true number for a few calls."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from tests.browser.people import (
    QUICKBOOKS,
    Opener,
    alert_body,
    expect_number,
    open_alert,
    press,
    toggle,
)
from tests.system.demo import Demo

FRAGMENT = f"{QUICKBOOKS}/unsynced"


def test_the_collapsed_page_asks_nobody(people: Opener, demo: Demo) -> None:
    page = people.open("ada")
    page.wait_for_load_state("networkidle")
    asked = list(people.watch.requests)
    page.mouse.move(200, 200)
    page.keyboard.press("Tab")
    page.wait_for_load_state("networkidle")

    assert people.watch.requests == asked
    assert people.watch.asked_for(FRAGMENT) == []
    assert demo.calls() == 0
    assert not alert_body(page).is_visible()


def test_the_first_reading_of_all_customers_takes_three_calls(people: Opener, demo: Demo) -> None:
    demo.age_readings(timedelta(days=8))
    page = people.open("ada")

    open_alert(page)

    expect_number(page, "182", "1,204")
    assert demo.calls() == 3


def test_checking_again_sees_what_changed(people: Opener, demo: Demo) -> None:
    page = people.open("ada")
    toggle(page)
    expect_number(page, "182", "1,204")
    calls = demo.calls()
    demo.change(create=5)

    press(page, "Check again")

    expect_number(page, "187", "1,209")
    assert demo.calls() - calls <= 2
    expect(page.locator("#check-again")).to_be_focused()
    expect(page.locator("#sync-facts")).to_contain_text("1,209 customers")


def test_the_keyboard_is_where_it_was_when_a_slow_check_ends(people: Opener, demo: Demo) -> None:
    page = people.open("ada")
    toggle(page)
    expect_number(page, "182", "1,204")
    demo.fault("delay", seconds=1)

    press(page, "Check again")
    expect(alert_body(page)).to_contain_text("Reading customers from QuickBooks")
    expect_number(page, "182", "1,204")

    expect(page.locator("#check-again")).to_be_focused()


@pytest.mark.full
def test_opening_after_a_minute_sees_what_changed(people: Opener, demo: Demo) -> None:
    page = people.open("ada")
    toggle(page)
    expect_number(page, "182", "1,204")
    toggle(page)
    demo.change(create=5)
    demo.age_readings(timedelta(seconds=61))
    calls = demo.calls()

    toggle(page)

    expect_number(page, "187", "1,209")
    assert demo.calls() - calls <= 2


def test_the_number_follows_who_is_archived_and_merged(people: Opener, demo: Demo) -> None:
    page = people.open("ada")
    toggle(page)
    expect_number(page, "182", "1,204")
    demo.change(archive=3, merge=2, update=4)

    press(page, "Check again")

    expect(alert_body(page).locator(".big")).to_contain_text(f"of {demo.counted():,} customers")
    assert demo.count("SELECT count(*) FROM remote_customer WHERE is_counted") == demo.counted()


def test_an_expired_token_is_renewed_unseen(people: Opener, demo: Demo) -> None:
    demo.fault("expire_token")
    page = people.open("ada")

    toggle(page)

    expect_number(page, "182", "1,204")
    assert demo.calls() <= 3
