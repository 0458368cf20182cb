"""Sending a day's report once more: asked before everybody gets it, and told how it goes."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import DeliveryState, ReportDelivery, ReportKind, ReportRecipient, SkipReason
from services.report_delivery import DELIVERY_JOB
from tests.blueprints.report_rows import add_recipients, deliver
from tests.blueprints.support import Browser, htmx_headers, text_of
from tests.conftest import WakeUps
from tests.factories import NOW, make_report_settings
from tests.fakes import Outbox

DAY = "/reports/2026-11-19"
FAILED: dict[str, Any] = {
    "state": DeliveryState.FAILED,
    "answer_text": "The mail server did not answer.",
    "attempts": 26,
}


@pytest.fixture
def recipients(session: Session, people: SimpleNamespace) -> list[ReportRecipient]:
    make_report_settings(session, people.company)
    return add_recipients(session, people)


@pytest.fixture
def with_mail(app: Flask) -> None:
    app.extensions["runtime"] = replace(app.extensions["runtime"], mailer=Outbox())


def _rows(session: Session) -> list[tuple[ReportKind, DeliveryState]]:
    session.expire_all()
    rows = session.scalars(select(ReportDelivery).order_by(ReportDelivery.id))
    return [(row.kind, row.state) for row in rows]


def test_whoever_lacks_it_is_sent_it_by_one_click(
    ada: Browser, session: Session, recipients: list[ReportRecipient], wake_ups: WakeUps
) -> None:
    deliver(session, recipients[0])
    failed = deliver(session, recipients[1], **FAILED)

    page = ada.get("/reports")
    answer = ada.post(f"{DAY}/send", {"to": "missing"})

    assert ">Send to 1</button>" in page.text
    assert (answer.status_code, answer.location) == (303, DAY)
    assert _rows(session)[1] == (ReportKind.DAILY, DeliveryState.DUE)
    assert (DELIVERY_JOB, failed.id) in wake_ups.rows
    assert "1 mail is on the way." in text_of(ada.get(DAY))


def test_a_day_that_nobody_got_is_sent_now(
    ada: Browser, session: Session, recipients: list[ReportRecipient]
) -> None:
    for recipient in recipients:
        deliver(session, recipient, **FAILED)

    page = ada.get("/reports")
    ada.post(f"{DAY}/send", {"to": "missing"})

    assert ">Send now</button>" in page.text
    assert {state for _, state in _rows(session)} == {DeliveryState.DUE}


def test_sending_again_asks_first_and_says_to_whom(
    ada: Browser, session: Session, recipients: list[ReportRecipient]
) -> None:
    for recipient in recipients:
        deliver(session, recipient)

    page, question = ada.get("/reports"), ada.get(f"{DAY}/again")

    assert f'href="{DAY}/again"' in page.text
    assert f'action="{DAY}/send"' not in page.text
    text = text_of(question)
    assert "Send the report of 19 Nov again?" in text
    assert "olu@example.com Delivered today 07:00" in text
    assert "Send to 2 again" in text
    assert len(_rows(session)) == 2


def test_the_question_counts_only_whoever_would_be_mailed(
    ada: Browser, session: Session, recipients: list[ReportRecipient]
) -> None:
    for recipient in recipients:
        deliver(session, recipient)
    recipients[0].unsubscribed_at = NOW
    session.commit()

    one = ada.get(f"{DAY}/again")
    recipients[1].removed_at = NOW
    session.commit()
    nobody = ada.get(f"{DAY}/again")

    assert "Send to 1 again" in text_of(one)
    assert len(_rows(session)) == 2
    assert (nobody.status_code, nobody.location) == (303, DAY)
    assert "Nothing can be sent. " in text_of(ada.get(DAY))


def test_saying_yes_sends_copies(
    ada: Browser, session: Session, recipients: list[ReportRecipient], wake_ups: WakeUps
) -> None:
    for recipient in recipients:
        deliver(session, recipient)

    ada.post(f"{DAY}/send", {"to": "all"})

    assert _rows(session)[2:] == [(ReportKind.COPY, DeliveryState.DUE)] * 2
    assert len(wake_ups.rows) == 2
    day = text_of(ada.get(DAY))
    assert "2 copies are on the way. Mail is not set up, so nothing goes out for now." in day
    assert "olu@example.com Copy Waiting" in day
    assert "Delivered 2 copies wait." in text_of(ada.get("/reports"))


def test_a_second_click_says_so_and_sends_nothing(
    ada: Browser, session: Session, recipients: list[ReportRecipient]
) -> None:
    deliver(session, recipients[0])

    for _ in range(2):
        ada.post(f"{DAY}/send", {"to": "all"})

    assert len(_rows(session)) == 2
    assert "Nothing was sent. This was asked for a moment ago." in text_of(ada.get(DAY))


def test_whoever_has_it_gets_no_second_one_by_the_click_for_the_others(
    ada: Browser, session: Session, recipients: list[ReportRecipient]
) -> None:
    deliver(session, recipients[0])

    ada.post(f"{DAY}/send", {"to": "missing"})
    ada.post(f"{DAY}/send")

    assert len(_rows(session)) == 1
    assert "Nothing was sent. Everybody on the list has it" in text_of(ada.get(DAY))


@pytest.mark.parametrize(
    "values",
    [
        {"state": DeliveryState.SKIPPED, "skip_reason": SkipReason.NOBODY_SIGNED_UP},
        {"state": DeliveryState.SENT, "kind": ReportKind.COPY},
    ],
)
def test_where_nothing_can_be_sent_again_nothing_is_offered(
    ada: Browser, session: Session, recipients: list[ReportRecipient], values: dict[str, Any]
) -> None:
    deliver(session, recipients[0], **values)

    text = ada.get("/reports").text

    assert f"{DAY}/send" not in text
    assert f"{DAY}/again" not in text


def test_a_day_without_a_mail_cannot_be_sent_again(
    ada: Browser, session: Session, recipients: list[ReportRecipient]
) -> None:
    deliver(session, recipients[0])

    for answer in (ada.get("/reports/2026-11-18/again"), ada.post("/reports/2026-11-18/send")):
        assert answer.status_code == 404
        assert "Nothing was mailed about that day" in text_of(answer)


def test_the_deliveries_are_looked_at_until_they_have_ended(
    ada: Browser, session: Session, recipients: list[ReportRecipient], with_mail: None
) -> None:
    row = deliver(session, recipients[0], state=DeliveryState.CLAIMED, ended_at=None)
    headers = htmx_headers(DAY)

    waiting = ada.client.get(f"{DAY}/deliveries", headers=headers)
    row.state = DeliveryState.SENT
    session.commit()
    ended = ada.client.get(f"{DAY}/deliveries", headers=headers)

    assert f'hx-get="{DAY}/deliveries?wait=' in waiting.text
    assert waiting.text.lstrip().startswith('<article id="deliveries"')
    assert "hx-get" not in ended.text
    assert ada.get(f"{DAY}/deliveries").location == DAY


def test_a_mail_that_waits_for_long_is_not_watched(
    ada: Browser, session: Session, recipients: list[ReportRecipient], with_mail: None
) -> None:
    later = NOW.replace(hour=23)
    deliver(session, recipients[0], state=DeliveryState.DUE, ended_at=None, next_attempt_at=later)

    assert "hx-trigger" not in ada.get(DAY).text


def test_all_deliveries_are_a_file(
    ada: Browser, session: Session, recipients: list[ReportRecipient]
) -> None:
    deliver(session, recipients[0])
    deliver(session, recipients[1], state=DeliveryState.REFUSED, answer_code=552)

    answer = ada.get("/reports/deliveries.csv")

    assert answer.mimetype == "text/csv"
    assert 'filename="report-deliveries-2026-11-20.csv"' in answer.headers["Content-Disposition"]
    lines = answer.text.splitlines()
    assert len(lines) == 3
    assert "olu@example.com" in lines[1]
    assert "552" in lines[2]


def test_members_and_zoe_send_nothing(
    mel: Browser, zoe: Browser, session: Session, recipients: list[ReportRecipient]
) -> None:
    deliver(session, recipients[0], **FAILED)

    member = [
        mel.post(f"{DAY}/send"),
        mel.get(f"{DAY}/again"),
        mel.get(f"{DAY}/deliveries"),
        mel.get("/reports/deliveries.csv"),
    ]
    other = [zoe.post(f"{DAY}/send"), zoe.get(f"{DAY}/again")]

    assert [answer.status_code for answer in member] == [403] * 4
    assert [answer.status_code for answer in other] == [404] * 2
    assert "Send" not in text_of(mel.get("/reports"))
    assert "olu@" not in zoe.get("/reports/deliveries.csv").text
    assert _rows(session) == [(ReportKind.DAILY, DeliveryState.FAILED)]
