"""The watch over pages notices what it is there for."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.people import Opener


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("console.error('something is wrong')", "something is wrong"),
        ("setTimeout(() => { throw new Error('thrown away') })", "thrown away"),
        ("document.body.setAttribute('onclick', 'alert(1)')", "Content Security Policy"),
        ("fetch('https://elsewhere.example.com/').catch(() => 0)", "Content Security Policy"),
        ("location.href = 'https://elsewhere.example.com/'", "asked a stranger"),
    ],
)
def test_what_a_page_does_wrong_is_noticed(people: Opener, wrong: str, told: str) -> None:
    page = people.open(None, "/login")

    _run(page, wrong)
    page.wait_for_timeout(200)

    with pytest.raises(AssertionError, match=told):
        people.watch.complain()
    people.watch.faults.clear()


def _run(page: Page, script: str) -> None:
    page.evaluate(f"void ({script})" if "=" not in script.split("(")[0] else f"{{ {script} }}")
