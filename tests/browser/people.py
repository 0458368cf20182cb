"""Pages as ada, mel, zoe or a visitor open them, and what a person does on them."""

from __future__ import annotations

import re
from contextlib import ExitStack
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.browser.watching import Watch
from tests.system.prepared import COOKIE

QUICKBOOKS = "/settings/integrations/quickbooks"
PATIENCE_MS = 8_000
FOCUSED = "document.activeElement.innerText || document.activeElement.name || ''"
HAS_OUTLINE = """() => {
  const style = getComputedStyle(document.activeElement);
  return (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0)
    || style.boxShadow !== "none";
}"""
expect.set_options(timeout=PATIENCE_MS)


class Opener:
    """Opens browsers for people; everything they do is watched."""

    def __init__(
        self,
        chromium: Browser,
        url: str,
        cookies: dict[str, str],
        watch: Watch,
        stack: ExitStack,
    ) -> None:
        self.url = url
        self.watch = watch
        self._chromium = chromium
        self._cookies = cookies
        self._stack = stack

    def open(self, person: str | None, path: str = QUICKBOOKS, **options: Any) -> Page:
        """Open a page in a browser of its own, signed in unless nobody is named."""
        page = self.browser(person, **options).new_page()
        page.goto(path)
        return page

    def browser(self, person: str | None, **options: Any) -> BrowserContext:
        """Open a browser without a page yet; `options` are those of Playwright."""
        context = self._chromium.new_context(base_url=self.url, **options)
        self._stack.callback(context.close)
        context.set_default_timeout(PATIENCE_MS)
        self.watch.observe(context)
        if person is not None:
            context.add_cookies([{"name": COOKIE, "value": self._cookies[person], "url": self.url}])
        return context


def alert(page: Page) -> Locator:
    """Return the line that opens, with everything inside."""
    return page.locator("#unsynced")


def alert_body(page: Page) -> Locator:
    return page.locator("#unsynced-body")


def toggle(page: Page) -> None:
    """Open or close the alert as a person does."""
    page.locator("#unsynced > summary").click()


def open_alert(page: Page) -> Locator:
    """Open the alert and return its body."""
    toggle(page)
    return alert_body(page)


def expect_number(page: Page, unsynced: str, counted: str) -> None:
    """Wait for the sentence with these two numbers."""
    expect(alert_body(page).locator(".big")).to_have_text(
        f"{unsynced} of {counted} customers in QuickBooks are not yet imported into BlueClerk."
    )


def press(page: Page, name: str | re.Pattern[str]) -> None:
    page.get_by_role("button", name=name, exact=isinstance(name, str)).first.click()


def ignore_these(page: Page, count: str) -> None:
    """Ignore everybody who is missing: a line opens and says what that means, then its button."""
    alert_body(page).locator("summary", has_text=f"Ignore these {count}").click()
    press(page, f"Ignore {count}")


def follow_to(page: Page, name: str, heading: str) -> Page:
    """Follow a link and wait for the page with these words in its heading."""
    follow(page, name)
    expect(page.locator("h1")).to_contain_text(heading)
    return page


def follow(page: Page, name: str) -> None:
    """Follow a link; those that look like buttons are links as well."""
    page.locator("a").filter(has_text=re.compile(rf"^\s*{re.escape(name)}\s*$")).first.click()


def tab_to(page: Page, beginning: str, *, most: int = 60) -> None:
    """Press Tab until the focus is on what begins so; every stop on the way is visible."""
    for _ in range(most):
        page.keyboard.press("Tab")
        focused = str(page.evaluate(FOCUSED)).strip()
        assert page.evaluate(HAS_OUTLINE), f"unseen focus: {focused}"
        if focused.startswith(beginning):
            return
    raise AssertionError(f"the keyboard does not reach {beginning}")
