"""axe-core finds nothing on any page, in any state of the alert, light or dark."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.people import Opener
from tests.browser.places import PLACES
from tests.system.demo import Demo

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN = """async (rules) => {
  const found = await axe.run(document, {runOnly: {type: "tag", values: rules}});
  return found.violations.map((rule) => ({
    rule: rule.id,
    impact: rule.impact,
    where: rule.nodes.map((node) => `${node.target.join(" ")}: ${node.html.slice(0, 200)}`),
  }));
}"""
LIGHT_PLACES = ("sign in", "integrations", "counted", "list")


def _violations(page: Page) -> list[dict[str, Any]]:
    # Evaluated by the debugger, so the page's own rule against foreign scripts stays in force.
    page.evaluate(AXE)
    found: list[dict[str, Any]] = page.evaluate(RUN, RULES)
    return found


@pytest.mark.parametrize("place", LIGHT_PLACES)
def test_the_main_pages_have_no_violation(people: Opener, demo: Demo, place: str) -> None:
    page = PLACES[place](people, demo)

    assert _violations(page) == []


@pytest.mark.full
@pytest.mark.parametrize("place", PLACES)
def test_no_place_has_a_violation_in_any_look(people: Opener, demo: Demo, place: str) -> None:
    page = PLACES[place](people, demo)
    found = {}

    for scheme in ("light", "dark"):
        for width in (1280, 390):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.set_viewport_size({"width": width, "height": 844})
            found[scheme, width] = _violations(page)

    assert {look: rules for look, rules in found.items() if rules} == {}


def test_the_rules_find_what_is_wrong(people: Opener) -> None:
    page = people.open(None, "/login")
    page.evaluate("document.querySelector('h1').remove()")
    page.evaluate("document.querySelector('input[type=email]').parentElement.firstChild.remove()")

    found = {violation["rule"] for violation in _violations(page)}

    assert {"label", "page-has-heading-one"} <= found
