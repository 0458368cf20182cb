"""Numbers as people read them, on every page at once: one is one, and thousands are grouped."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from types import SimpleNamespace

import pytest
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from models import Connection
from tests.blueprints.many import fill_with
from tests.blueprints.support import Browser, text_of
from tests.conftest import Clock, WakeUps
from tests.fakes import Outbox
from tests.security.building import COOKIE
from tests.security.crawling import crawl
from tests.security.house import House, Plan
from tests.test_architecture import ROOT

STARTS = ["/", "/customers", "/reports", "/reports/2026-11-19", "/settings/diagnostics"]
#: Endings in s that no plural has.
SINGULAR = "s|is|was|has|does|address|business|copies|fits|waits|needs|looks|stays|counts"
MANY_FOR_ONE = re.compile(rf"(?<![\d,.:/-])1 (?!(?:{SINGULAR})\b)[a-z-]*(?:s|people)\b")
VERBS = "are|have|were|wait|fit|look|stay|need|do"
VERB_FOR_ONE = re.compile(rf"(?<![\d,.:/-])1 (?:[a-z-]+ )?(?:{VERBS})\b")
UNGROUPED = re.compile(r"(?<![\w.,:/#-])(?!20\d\d\b|00\d\d\b)\d{4,9}(?![\w:/-])")


def _house(app: Flask, ada: Browser, folder: Path, clock: Clock, wake_ups: WakeUps) -> House:
    cookie = ada.client.get_cookie(COOKIE)
    assert cookie
    plan = Plan(folder, {}, clock(), {}, {"ada": cookie.value})
    return House(app, clock, wake_ups, Outbox(), folder, plan)


def _words(answer: TestResponse) -> str:
    labels = " · ".join(re.findall(r'(?:aria-label|title|placeholder)="([^"]*)"', answer.text))
    return unescape(f"{text_of(answer)} · {labels}")


NOUNS = (
    "customers|contacts|clients|people|mails|days|addresses|calls|links|recipients|imports|fields|"
    "copies|browsers|sign-ups|rows|members|admins|minutes|hours|seconds|invitations|characters"
)
NAKED_NOUN = re.compile(rf"\{{\{{([^}}]*)\}}\}}(?:</[a-z]+>)? (?:new |more )?(?:{NOUNS})\b")
NAKED_COUNT = re.compile(r"(?<!=\")\{\{([^}]*(?:count|total|length|chosen|done))\s*\}\}")
#: Never one, and never a thousand.
FEW = {
    "span",
    "90 if span == 30 else 30",
    "(row.day - row.first_day).days + 1",
    "least",
    "bars | length",
}


@pytest.mark.parametrize("pattern", [NAKED_NOUN, NAKED_COUNT])
def test_templates_leave_counting_to_the_words(pattern: re.Pattern[str]) -> None:
    """`count_of` knows the noun of one, `number` groups; a plural behind a number knows neither."""
    found = {
        (found[1].strip(), str(path.relative_to(ROOT)))
        for path in (ROOT / "templates").rglob("*.*")
        for found in pattern.finditer(path.read_text("utf-8"))
    }

    assert [each for each in sorted(found) if each[0] not in FEW] == []


@pytest.mark.full
@pytest.mark.parametrize("number", [1, 1234])
def test_every_page_counts_in_words_that_fit(
    app: Flask,
    ada: Browser,
    session: Session,
    people: SimpleNamespace,
    connection: Connection,
    tmp_path: Path,
    clock: Clock,
    wake_ups: WakeUps,
    number: int,
) -> None:
    fill_with(session, people, connection, number=number)
    house = _house(app, ada, tmp_path, clock, wake_ups)
    wrong, pages = [], 0

    for seen in crawl(house, "ada", STARTS, alike=1):
        if seen.answer.mimetype != "text/html":
            continue
        assert seen.answer.status_code < 500, seen.address
        pages += 1
        words = _words(seen.answer)
        for pattern in (MANY_FOR_ONE, VERB_FOR_ONE, UNGROUPED):
            wrong += [
                f"{seen.address}: …{words[max(0, found.start() - 40) : found.end() + 20]}…"
                for found in pattern.finditer(words)
            ]

    assert pages > 40
    assert wrong == []
