"""A demo and a browser of our own, and the picture of a place in every look."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.chromium import launch
from tests.browser.people import Opener
from tests.browser.watching import Watch
from tests.pictures.looks import Look
from tests.system.demo import Demo, start_demo
from tests.system.prepared import PreparedDemo


@dataclass(frozen=True)
class Camera:
    """What every picture is taken with."""

    chromium: Browser
    demo: Demo
    prepared: PreparedDemo

    @contextmanager
    def at(self, place: Callable[..., Page], look: Look) -> Iterator[Page]:
        """Go to a place of the demo as it was prepared. Fails on what the page did wrong."""
        self.prepared.restore(self.demo)
        watch = Watch()
        with ExitStack() as stack:
            people = Opener(self.chromium, self.demo.url, self.prepared.cookies, watch, stack)
            page = place(
                people,
                self.demo,
                viewport=look.size,
                color_scheme=look.scheme,
                reduced_motion="reduce",
            )
            yield page
            # Some places hold requests back; nobody answers them any more.
            page.unroute_all(behavior="ignoreErrors")
        watch.complain()


@contextmanager
def set_up() -> Iterator[Camera]:
    """Start a demo on free ports in a folder that is thrown away."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        prepared = PreparedDemo(Path(folder) / "prepared")
        prepared.prepare()
        demo = start_demo(prepared.copy_to(Path(folder) / "instance"))
        try:
            yield Camera(launch(playwright), demo, prepared)
        finally:
            demo.stop()


def turn_to(page: Page, look: Look) -> None:
    """Show an open page in another look."""
    page.emulate_media(color_scheme=look.scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    page.set_viewport_size(look.size)


def take_all(page: Page, path: Path, look: Look) -> None:
    """Write the whole page as a PNG."""
    turn_to(page, look)
    # A window as high as the page: what sticks to its lower edge hides nothing then.
    height = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({"width": look.width, "height": height})
    path.write_bytes(take(page))


def take(page: Page) -> bytes:
    """Return what the window shows as a PNG, standing still."""
    return page.screenshot(animations="disabled", caret="hide")
