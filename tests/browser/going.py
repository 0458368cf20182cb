"""What a place is: the way to a page, as a person in a fresh demo would go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page

from tests.browser.people import Opener
from tests.system.demo import Demo

Place = Callable[..., Page]
REFUSED = "Failed to load resource: the server responded with a status of 422"


def straight_to(person: str | None, path: str) -> Place:
    """Return the way to a page that only has to be opened."""

    def go(people: Opener, _demo: Demo, **options: Any) -> Page:
        return people.open(person, path, **options)

    return go
