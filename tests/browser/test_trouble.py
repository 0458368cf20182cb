"""QuickBooks fails, lies, is slow or is gone; the page stays honest and offers a next step."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.browser.people import (
    QUICKBOOKS,
    Opener,
    alert_body,
    expect_number,
    follow,
    press,
    toggle,
)
from tests.system.demo import Demo, wait_until

FRAGMENT = f"{QUICKBOOKS}/unsynced"
LAST_KNOWN = "182 of 1,204 are not yet imported"
PARTIAL = re.compile(r"1,000 of|of 1,000")


def _expect_honest_failure(page: Page, sentence: str) -> None:
    body = alert_body(page)
    expect(body).to_contain_text(sentence)
    expect(body).to_have_attribute("role", "alert")
    expect(body).to_contain_text(LAST_KNOWN)
    expect(body).not_to_contain_text(PARTIAL)
    expect(body.locator(".big")).to_have_count(0)


def test_a_failure_in_the_middle_shows_the_last_known_number(people: Opener, demo: Demo) -> None:
    demo.age_readings(timedelta(days=8))
    demo.fault("status", status=503, endpoint="query", from_request=3)
    page = people.open("ada")

    toggle(page)
    _expect_honest_failure(page, "QuickBooks did not answer.")
    demo.clear_faults()
    press(page, "Try again")

    expect_number(page, "182", "1,204")


def test_a_web_page_instead_of_customers_is_told_in_a_sentence(people: Opener, demo: Demo) -> None:
    demo.fault("html200")
    page = people.open("ada")

    toggle(page)
    _expect_honest_failure(page, "QuickBooks sent an answer that we cannot read.")
    expect(page.locator("#unsynced-summary")).to_contain_text("Could not be checked")
    demo.clear_faults()
    press(page, "Try again")

    expect_number(page, "182", "1,204")


@pytest.mark.full
def test_a_reading_that_fails_after_the_first_number_keeps_that(people: Opener, demo: Demo) -> None:
    page = people.open("ada")
    toggle(page)
    expect_number(page, "182", "1,204")
    demo.change(create=5)
    demo.fault("truncate")

    press(page, "Check again")
    _expect_honest_failure(page, "QuickBooks sent an answer that we cannot read.")
    demo.clear_faults()
    press(page, "Try again")

    expect_number(page, "187", "1,209")


def test_a_limit_is_told_with_the_moment_it_ends(people: Opener, demo: Demo) -> None:
    demo.fault("status", status=429, headers={"Retry-After": "120"})
    page = people.open("ada")

    toggle(page)
    _expect_honest_failure(page, "QuickBooks asked us to wait.")
    calls = demo.calls()
    toggle(page)
    with page.expect_response(f"**{QUICKBOOKS}/unsynced") as answer:
        toggle(page)

    assert answer.value.status == 503
    assert 110 <= int(answer.value.headers["retry-after"]) <= 120
    expect(alert_body(page)).to_contain_text("It can be asked again at")
    expect(alert_body(page).get_by_role("button")).to_have_count(0)
    assert demo.calls() == calls


def test_a_permission_that_ended_leads_to_reconnecting(people: Opener, demo: Demo) -> None:
    demo.fault("revoke")
    page = people.open("ada")

    toggle(page)
    body = alert_body(page)
    expect(body).to_contain_text("QuickBooks has ended our permission to read your customers.")
    expect(body).to_contain_text(LAST_KNOWN)
    follow(page, "Reconnect QuickBooks")
    press(page, "Allow")

    expect(page).to_have_url(people.url + QUICKBOOKS)
    toggle(page)
    expect_number(page, "182", "1,204")


@pytest.mark.full
def test_a_slow_reading_shows_progress_and_polling_ends(people: Opener, demo: Demo) -> None:
    demo.age_readings(timedelta(days=8))
    demo.fault("delay", seconds=2, from_page=2)
    page = people.open("ada")

    toggle(page)
    expect(alert_body(page)).to_contain_text(re.compile(r"read 1,000 of about 1,2\d\d"))
    expect(alert_body(page).get_by_role("progressbar")).to_be_visible()
    expect_number(page, "182", "1,204")
    asked = len(people.watch.asked_for(FRAGMENT))
    page.wait_for_timeout(1_500)

    assert asked >= 2
    assert len(people.watch.asked_for(FRAGMENT)) == asked


@pytest.mark.full
def test_the_page_can_be_left_while_it_reads(people: Opener, demo: Demo) -> None:
    demo.fault("delay", seconds=1.5)
    page = people.open("ada")

    toggle(page)
    expect(alert_body(page)).to_contain_text("Reading customers from QuickBooks")
    page.goto("/customers")
    wait_until(lambda: not demo.is_reading(), "the reading has ended")
    page.goto(QUICKBOOKS)
    toggle(page)

    expect_number(page, "182", "1,204")
    assert demo.calls() == 1


def test_a_lost_network_is_told_and_the_reading_followed_again(people: Opener, demo: Demo) -> None:
    people.watch.forgive("Failed to load resource: net::ERR_", "htmx: htmx:error: Failed to fetch")
    demo.fault("delay", seconds=1)
    page = people.open("ada")

    page.route("**/unsynced?reading=*", lambda route: route.abort())
    toggle(page)
    expect(alert_body(page)).to_contain_text("BlueClerk could not be reached.")
    expect(alert_body(page)).to_contain_text("Reading customers from QuickBooks")
    page.unroute_all()

    expect_number(page, "182", "1,204")
    expect(alert_body(page)).not_to_contain_text("could not be reached")


@pytest.mark.full
def test_a_form_that_cannot_go_out_keeps_the_page(people: Opener) -> None:
    page = people.open("ada", "/account")
    page.get_by_label("New e-mail").fill("ada@example.org")

    page.context.set_offline(True)
    press(page, "Save name")
    expect(page.get_by_role("alert")).to_contain_text("This browser is offline.")
    expect(page.get_by_label("New e-mail")).to_have_value("ada@example.org")
    page.context.set_offline(False)
    press(page, "Try again")

    expect(page.get_by_role("status").first).to_contain_text("Your name is saved.")


def test_the_page_of_a_proxy_never_stands_in_ours(people: Opener, demo: Demo) -> None:
    people.watch.forgive("Failed to load resource: the server responded with a status of 502")
    page = people.open("ada")
    words = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"

    page.route("**/unsynced", lambda route: route.fulfill(status=502, body=words))
    toggle(page)
    expect(alert_body(page).get_by_role("alert")).to_contain_text("could not be reached")
    expect(alert_body(page)).not_to_contain_text("nginx")
    page.unroute_all()
    press(page, "Try again")

    expect_number(page, "182", "1,204")
