"""Many people open the alert in the same moment, in two processes on one database."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.system.asking import SENTENCE, open_alert
from tests.system.demo import Demo, wait_until
from tests.system.prepared import PreparedDemo

PEOPLE = 100
COUNTED = SENTENCE.format("182", "1,204")
CHECKING = "Reading customers from QuickBooks"


@pytest.mark.full
def test_a_hundred_openings_in_two_processes_make_one_reading(
    demo: Demo, prepared: PreparedDemo
) -> None:
    urls = [demo.url, demo.serve_once_more()]
    readings = demo.count("SELECT count(*) FROM reading")
    demo.fault("delay", seconds=0.5)
    all_are_here = threading.Barrier(PEOPLE)

    def open_it(number: int) -> tuple[int, str]:
        with prepared.client("ada") as client:
            all_are_here.wait(timeout=30)
            answer = open_alert(client, urls[number % 2])
        return answer.status_code, answer.text

    with ThreadPoolExecutor(PEOPLE) as pool:
        answers = list(pool.map(open_it, range(PEOPLE)))
    wait_until(lambda: not demo.is_reading(), "the reading has ended")

    assert {status for status, _ in answers} == {200}
    assert all(COUNTED in text or CHECKING in text for _, text in answers)
    assert any(CHECKING in text for _, text in answers)
    assert demo.count("SELECT count(*) FROM reading") == readings + 1
    assert demo.calls() == 1
    with prepared.client("ada") as client:
        assert COUNTED in open_alert(client, urls[1]).text
