"""The report as pages: the chart of the last days, and what was mailed, in words."""

from __future__ import annotations

import re
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.orm import Session

from models import DeliveryState, ReportRecipient, SkipReason
from tests.blueprints.report_rows import add_recipients, add_signups, deliver
from tests.blueprints.support import Browser, text_of
from tests.factories import NOW, make_customer, make_report_recipient, make_report_settings


@pytest.fixture
def recipients(session: Session, people: SimpleNamespace) -> list[ReportRecipient]:
    return add_recipients(session, people)


def test_a_member_reads_the_last_thirty_days(
    mel: Browser, session: Session, people: SimpleNamespace
) -> None:
    add_signups(session, people, listed=9, filtered=5)

    answer = mel.get("/reports")

    text = text_of(answer)
    assert "9 with real e-mail" in text
    assert "5 placeholder addresses, filtered" in text
    assert "19 Nov 9 5 14" in text
    assert answer.text.count('<tr><th scope="row">') == 30
    assert 'href="/reports/2026-11-19"' in answer.text


def test_the_chart_says_in_words_what_it_shows(
    mel: Browser, session: Session, people: SimpleNamespace
) -> None:
    add_signups(session, people, listed=9, filtered=5)

    text = mel.get("/reports").text

    title = re.search(r'<title id="chart-title">(.*?)</title>', text)
    desc = re.search(r'<desc id="chart-desc">(.*?)</desc>', text)
    assert title and desc
    first, last = "Wednesday, 21 October 2026", "Thursday, 19 November 2026"
    assert title[1] == f"New customers per day, {first} to {last}"
    assert "9 sign-ups with a real e-mail, 5 without" in desc[1]
    assert 'aria-labelledby="chart-title chart-desc"' in text


def test_an_empty_chart_is_a_chart(mel: Browser) -> None:
    answer = mel.get("/reports")

    assert "0 with real e-mail" in text_of(answer)
    assert "<rect" not in answer.text
    assert "No report has gone out yet." in text_of(answer)


def test_what_was_delivered_is_told_in_words(
    ada: Browser, session: Session, recipients: list[ReportRecipient]
) -> None:
    for recipient in recipients:
        deliver(session, recipient)

    assert "19 Nov today 07:00 2 of 2 Delivered" in text_of(ada.get("/reports"))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (
            {"state": DeliveryState.REFUSED, "answer_text": "Mailbox full."},
            "1 delivered 1 refused ada@example.com: Mailbox full.",
        ),
        (
            {"state": DeliveryState.FAILED, "answer_text": "The server did not answer."},
            "1 delivered 1 failed ada@example.com: The server did not answer.",
        ),
        (
            {"state": DeliveryState.SKIPPED, "skip_reason": SkipReason.UNSUBSCRIBED},
            "1 delivered 1 skipped ada@example.com: The recipient has unsubscribed.",
        ),
        (
            {
                "state": DeliveryState.DUE,
                "answer_text": "The server did not answer.",
                "next_attempt_at": NOW + timedelta(minutes=5),
            },
            "1 delivered 1 waiting ada@example.com: The server did not answer. "
            "Next attempt in 5 min.",
        ),
    ],
)
def test_what_one_recipient_did_not_get_has_a_reason(
    ada: Browser,
    session: Session,
    recipients: list[ReportRecipient],
    values: dict[str, Any],
    words: str,
) -> None:
    deliver(session, recipients[0])
    deliver(session, recipients[1], **values)

    text = text_of(ada.get("/reports"))

    assert "1 of 2" in text
    assert words in text


def test_an_empty_day_is_said_once_for_all(
    ada: Browser, session: Session, recipients: list[ReportRecipient]
) -> None:
    for recipient in recipients:
        deliver(
            session,
            recipient,
            state=DeliveryState.SKIPPED,
            skip_reason=SkipReason.NOBODY_SIGNED_UP,
        )

    text = text_of(ada.get("/reports"))

    assert "Skipped Nobody signed up." in text
    assert text.count("Nobody signed up.") == 1


def test_a_reason_of_several_is_said_once_and_each_on_a_line_of_its_own(
    ada: Browser,
    session: Session,
    people: SimpleNamespace,
    recipients: list[ReportRecipient],
) -> None:
    eve = make_report_recipient(session, people.company, address="eve@example.com")
    full: dict[str, Any] = {"state": DeliveryState.REFUSED, "answer_text": "Mailbox full"}
    deliver(session, recipients[0], **full)
    deliver(session, recipients[1], state=DeliveryState.REFUSED, answer_text="No such user")
    deliver(session, eve, **full)

    html = ada.get("/reports").text

    assert "<br><small><bdi>2 recipients: Mailbox full</bdi></small>" in html
    assert "<br><small><bdi>ada@example.com: No such user</bdi></small>" in html
    assert "olu@example.com: " not in html


def test_several_days_in_one_mail_are_one_row(
    ada: Browser, session: Session, recipients: list[ReportRecipient]
) -> None:
    deliver(session, recipients[0], first_day_on=date(2026, 11, 17))

    assert "17–19 Nov today 07:00 1 of 1 Delivered 3 days in one mail." in text_of(
        ada.get("/reports")
    )


def test_a_member_reads_no_recipients(
    mel: Browser, session: Session, recipients: list[ReportRecipient]
) -> None:
    deliver(session, recipients[0])
    deliver(session, recipients[1], state=DeliveryState.REFUSED, answer_text="Mailbox full.")

    answer = mel.get("/reports")

    assert "1 refused Mailbox full." in text_of(answer)
    assert "olu@" not in answer.text
    assert "/settings/reports" not in answer.text


def test_the_next_mail_is_announced(
    mel: Browser, session: Session, people: SimpleNamespace, recipients: list[ReportRecipient]
) -> None:
    make_report_settings(session, people.company, local_hour=7)

    text = text_of(mel.get("/reports"))
    assert "Next Sat 21 Nov, 07:00 (12:00 UTC)" in text
    assert "Recipients 2 daily" in text


def test_zoe_sees_her_own_empty_days(
    zoe: Browser,
    session: Session,
    people: SimpleNamespace,
    recipients: list[ReportRecipient],
) -> None:
    add_signups(session, people, listed=2, filtered=1)
    deliver(session, recipients[0])

    chart, day = zoe.get("/reports"), zoe.get("/reports/2026-11-19")

    assert "0 with real e-mail" in text_of(chart)
    assert "Delivered" not in text_of(chart)
    assert "0 new" in text_of(day)
    assert "Real 0" not in day.text


def test_ninety_days_are_a_link_away(
    mel: Browser, session: Session, people: SimpleNamespace
) -> None:
    make_customer(session, people.company, created_at=NOW - timedelta(days=60))

    short, long = mel.get("/reports"), mel.get("/reports?days=90")

    assert 'href="/reports?days=90">Show 90 days' in short.text
    assert "0 with real e-mail" in text_of(short)
    assert "Last 90 days" in text_of(long)
    assert "1 with real e-mail" in text_of(long)
    assert long.text.count('<tr><th scope="row"><a') == 90
    assert 'href="/reports">Show 30 days' in long.text


@pytest.mark.parametrize("query", ["days=91", "days=-1", "days=x", "before=x", "before=2026-02-30"])
def test_what_nobody_offers_shows_the_newest(mel: Browser, query: str) -> None:
    answer = mel.get(f"/reports?{query}")

    assert answer.status_code == 200
    assert "Last 30 days" in text_of(answer)


def test_older_deliveries_follow_page_by_page(
    mel: Browser, session: Session, recipients: list[ReportRecipient]
) -> None:
    days = [date(2026, 11, 19) - timedelta(days=number) for number in range(31)]
    for day in days:
        deliver(session, recipients[0], first_day_on=day, day_on=day)
    seen: list[str] = []
    address: str | None = "/reports?days=90"

    while address:
        text = mel.get(address).text
        seen += re.findall(r'class="nowrap"><a href="/reports/([0-9-]+)"', text)
        older = re.search(r'href="([^"]+)#deliveries">Older', text)
        address = older[1].replace("&amp;", "&") if older else None
        assert address is None or "days=90" in address

    assert seen == [day.isoformat() for day in days]


def test_a_weekly_mail_and_the_daily_one_of_its_last_day_are_two_rows_with_one_action(
    ada: Browser, session: Session, recipients: list[ReportRecipient]
) -> None:
    deliver(session, recipients[0], first_day_on=date(2026, 11, 13))
    deliver(session, recipients[1])

    answer = ada.get("/reports")

    text = text_of(answer)
    assert "13–19 Nov today 07:00 1 of 1 Delivered 7 days in one mail." in text
    assert " 19 Nov today 07:00 1 of 1 Delivered" in text
    assert answer.text.count('href="/reports/2026-11-19/again"') == 1
