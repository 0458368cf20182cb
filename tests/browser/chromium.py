"""The browser of this machine, and how it is started."""

from __future__ import annotations

import shutil

from playwright.sync_api import Browser, Playwright

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
MISSING = "Chromium is missing; get it with: apt-get install chromium"


def launch(playwright: Playwright) -> Browser:
    """Start Chromium so that nothing can leave this machine: no other name exists for it."""
    return playwright.chromium.launch(
        executable_path=CHROMIUM,
        args=[
            "--disable-dev-shm-usage",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        ],
    )
