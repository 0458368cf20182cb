"""The test somebody mails to themselves: one at a time, some an hour, and given up early."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask

from services.report_test import TESTS_AN_HOUR
from tests.blueprints.support import Browser, text_of
from tests.conftest import Clock
from tests.fakes import Outbox

PAGE = "/settings/reports"


@pytest.fixture
def outbox(app: Flask) -> Outbox:
    outbox = Outbox()
    app.extensions["runtime"] = replace(app.extensions["runtime"], mailer=outbox)
    return outbox


def test_a_second_test_waits_for_the_first(ada: Browser, outbox: Outbox) -> None:
    meanwhile = []

    def click() -> None:
        outbox.meanwhile = lambda: None
        meanwhile.append(ada.post(f"{PAGE}/test"))

    outbox.meanwhile = click
    first = ada.post(f"{PAGE}/test")

    assert [answer.status_code for answer in (first, *meanwhile)] == [303, 409]
    assert "The test did not go out. Another test is under way." in text_of(meanwhile[0])
    assert outbox.recipients == ["ada@example.com"]


def test_some_tests_an_hour_are_enough(ada: Browser, outbox: Outbox, clock: Clock) -> None:
    for _ in range(TESTS_AN_HOUR):
        ada.post(f"{PAGE}/test")

    answer = ada.htmx_post(f"{PAGE}/test", page=PAGE)
    clock.advance(hours=1)
    later = ada.post(f"{PAGE}/test")

    assert answer.status_code == 409
    assert "10 tests went to the mail server within an hour. Try again later." in text_of(answer)
    assert later.status_code == 303


def test_who_waits_before_a_page_is_answered_by_the_mailer_that_gives_up_early(
    app: Flask, ada: Browser, outbox: Outbox
) -> None:
    quick = Outbox()
    app.extensions["runtime"] = replace(app.extensions["runtime"], quick_mailer=quick)

    ada.post(f"{PAGE}/test")

    assert (quick.recipients, outbox.recipients) == (["ada@example.com"], [])
