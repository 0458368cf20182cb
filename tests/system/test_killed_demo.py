"""A demo that was killed says the same number again."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import update

from models import Reading, ReadingState
from tests.system.asking import SENTENCE, check_again, followed, number_in, open_alert, open_page
from tests.system.demo import Demo, start_demo, wait_until
from tests.system.prepared import PreparedDemo

pytestmark = pytest.mark.full
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


class Demos:
    """The demo of a test, before and after it was killed; the last one is stopped."""

    def __init__(self, folder: Path) -> None:
        self.running = start_demo(folder)

    def start_again(self) -> Demo:
        self.running = start_demo(self.running.folder, again=self.running)
        return self.running


@pytest.fixture
def demos(folder: Path) -> Iterator[Demos]:
    demos = Demos(folder)
    yield demos
    demos.running.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of a killed parent")
def test_its_parts_end_when_the_demo_is_killed(folder: Path) -> None:
    demo = start_demo(folder)

    demo.kill()

    demo.wait_for_free_ports()


def test_it_shows_the_same_number_after_changes_and_a_power_cut(
    demos: Demos, prepared: PreparedDemo
) -> None:
    before = demos.running
    client = prepared.client("ada")
    before.change(create=5)
    number = number_in(client, before.url, check_again(client, before.url))
    assert SENTENCE.format("187", "1,209") in number
    before.cut_power()

    after = demos.start_again()

    assert after.counted() == 1209
    for answer in (open_alert(client, after.url), check_again(client, after.url)):
        assert SENTENCE.format("187", "1,209") in number_in(client, after.url, answer)
    client.close()


def test_a_reading_that_was_cut_off_is_told_and_read_anew(
    demos: Demos, prepared: PreparedDemo
) -> None:
    client = prepared.client("ada")
    demos.running.fault("delay", seconds=60)
    cut_off = followed(open_alert(client, demos.running.url))
    wait_until(lambda: demos.running.calls() == 1, "the reading has asked QuickBooks")
    demos.running.cut_power()

    demo = demos.start_again()
    page = open_page(client, demo.url)
    with demo.database() as database:
        running = update(Reading).where(Reading.state == ReadingState.RUNNING)
        database.execute(running.values(lease_until_at=LONG_AGO))
    told = open_alert(client, demo.url, reading=cut_off)
    number = number_in(client, demo.url, open_alert(client, demo.url))

    assert "Last checked" in page
    assert told.status_code == 503
    assert "The reading was interrupted." in told.text
    assert "182 of 1,204 are not yet imported" in told.text
    assert SENTENCE.format("182", "1,204") in number
    assert demo.calls() == 1
    client.close()
