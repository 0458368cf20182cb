"""The strip that tells admins, on every page, of a daily report that did not arrive."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.orm import Session

from models import DeliveryState, ReportRecipient
from tests.blueprints.report_rows import add_recipients, deliver
from tests.blueprints.support import Browser, text_of
from tests.factories import NOW, make_report_settings

WAITS: dict[str, Any] = {
    "state": DeliveryState.DUE,
    "answer_text": "The mail server did not answer.",
    "attempts": 3,
    "due_at": NOW - timedelta(hours=2),
    "ended_at": None,
    "next_attempt_at": NOW + timedelta(minutes=5),
}
REFUSED: dict[str, Any] = {
    "state": DeliveryState.REFUSED,
    "answer_text": "The mail server refused it. Mailbox full",
    "ended_at": NOW - timedelta(hours=2),
}


@pytest.fixture
def recipients(session: Session, people: SimpleNamespace) -> list[ReportRecipient]:
    make_report_settings(session, people.company)
    return add_recipients(session, people)


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        ("/customers", ""),
        ("/reports", "The mail server did not answer. "),
        ("/settings/reports", "The mail server did not answer. "),
    ],
)
def test_reports_that_wait_are_told_on_every_page_of_an_admin(
    ada: Browser, session: Session, recipients: list[ReportRecipient], page: str, reason: str
) -> None:
    for recipient in recipients:
        deliver(session, recipient, **WAITS)

    answer = ada.get(page)

    assert (
        "The daily report waits to be mailed: 2 recipients, since today 07:00. "
        f"{reason}See the deliveries" in text_of(answer)
    )
    assert 'href="/reports#deliveries"' in answer.text


def test_only_the_pages_of_the_report_name_who_never_got_it_and_why(
    ada: Browser, session: Session, recipients: list[ReportRecipient]
) -> None:
    deliver(session, recipients[0], **REFUSED)
    deliver(session, recipients[1])

    report, diagnostics = ada.get("/reports"), ada.get("/settings/diagnostics")

    assert (
        "The daily report did not arrive: olu@example.com, today 07:00. "
        "The mail server refused it. Mailbox full See the deliveries" in text_of(report)
    )
    text = text_of(diagnostics)
    assert "did not arrive: 1 recipient, today 07:00. See the deliveries" in text
    assert "olu@" not in diagnostics.text
    assert "Mailbox" not in diagnostics.text


def test_all_is_well_without_a_word(
    ada: Browser, session: Session, recipients: list[ReportRecipient]
) -> None:
    for recipient in recipients:
        deliver(session, recipient)

    assert "report-strip" not in ada.get("/customers").text


def test_only_admins_of_the_company_are_told(
    mel: Browser, zoe: Browser, session: Session, recipients: list[ReportRecipient]
) -> None:
    deliver(session, recipients[0], **WAITS)

    assert "report-strip" not in mel.get("/customers").text
    assert "report-strip" not in zoe.get("/customers").text
