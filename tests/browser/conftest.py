"""Chromium, one running demo per worker that every test finds as it was prepared, and pages.

`make test-cluster` runs the same tests with the demo on PostgreSQL, in many processes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from tests.browser.chromium import CHROMIUM, MISSING, launch
from tests.browser.people import Opener
from tests.browser.watching import Watch
from tests.cluster.proxy import MISSING as NO_PROXY
from tests.cluster.proxy import NGINX
from tests.cluster.running import start_cluster
from tests.postgresql import run_server
from tests.system.demo import Demo, start_demo
from tests.system.prepared import PreparedDemo, find_prepared

ON_CLUSTER = os.environ.get("BLUECLERK_TEST_CLUSTER") == "1"


def pytest_itemcollected(item: pytest.Item) -> None:
    item.add_marker(pytest.mark.browser)


def pytest_runtest_setup() -> None:
    # Raised here and not by a mark, so that all of them are told in one line.
    if CHROMIUM is None:
        pytest.skip(MISSING)
    if ON_CLUSTER and NGINX is None:
        pytest.skip(NO_PROXY)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = yield
    if report.when == "call":
        item.stash[Watch.HAS_FAILED] = report.failed
    return report


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> PreparedDemo:
    return find_prepared(tmp_path_factory)


@pytest.fixture(scope="session")
def running_demo(
    prepared: PreparedDemo, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Demo]:
    folder = prepared.copy_to(tmp_path_factory.mktemp("browser") / "instance")
    with ExitStack() as stack:
        if ON_CLUSTER:
            demo: Demo = start_cluster(folder, stack.enter_context(run_server()))
        else:
            demo = start_demo(folder)
        yield demo
        demo.stop()
        assert demo.leaks() == []


@pytest.fixture
def demo(running_demo: Demo, prepared: PreparedDemo) -> Demo:
    """The running demo, as it was prepared: readings are two minutes old, no call was made."""
    prepared.restore(running_demo)
    return running_demo


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    browser = launch(playwright)
    yield browser
    browser.close()


@pytest.fixture
def people(
    chromium: Browser,
    demo: Demo,
    prepared: PreparedDemo,
    request: pytest.FixtureRequest,
    tmp_path: Path,
) -> Iterator[Opener]:
    """Opens pages for ada, mel, zoe or a visitor, and fails the test on what a page did wrong."""
    watch = Watch()
    with ExitStack() as stack:
        yield Opener(chromium, demo.url, prepared.cookies, watch, stack)
        if request.node.stash.get(Watch.HAS_FAILED, False):
            pictures = "\n".join(watch.take_pictures(tmp_path))
            request.node.add_report_section("teardown", "pictures", pictures)
    watch.complain()
