"""The report as pages: the chart, what was mailed, and a day's sum that adds up."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.orm import Session

from models import (
    CustomerOrigin,
    DeliveryState,
    ReportDelivery,
    ReportRecipient,
    SkipReason,
)
from tests.blueprints.support import Browser, text_of
from tests.factories import (
    NOW,
    make_customer,
    make_report_recipient,
    make_report_settings,
)

YESTERDAY = NOW - timedelta(days=1)
PLACEHOLDER = "quickbooks-0123456789abcdef@placeholder.local"


def _deliver(session: Session, recipient: ReportRecipient, **overrides: Any) -> ReportDelivery:
    """A delivery of yesterday's report that went out this morning."""
    values = {
        "company_id": recipient.company_id,
        "recipient_id": recipient.id,
        "first_day_on": date(2026, 11, 19),
        "day_on": date(2026, 11, 19),
        "window_start_at": datetime(2026, 11, 19, 5, tzinfo=UTC),
        "window_end_at": datetime(2026, 11, 20, 5, tzinfo=UTC),
        "message_id": "<one@example.com>",
        "state": DeliveryState.SENT,
        "next_attempt_at": NOW,
        "due_at": NOW,
        "ended_at": NOW - timedelta(hours=2),
    }
    row = ReportDelivery(**values | overrides)
    session.add(row)
    session.commit()
    return row


@pytest.fixture
def recipients(session: Session, people: SimpleNamespace) -> list[ReportRecipient]:
    return [
        make_report_recipient(session, people.company, address=f"{name}@example.com")
        for name in ("olu", "ada")
    ]


def _signups(session: Session, people: SimpleNamespace, *, listed: int, filtered: int) -> None:
    for number in range(listed):
        make_customer(
            session,
            people.company,
            name=f"Real {number}",
            email=f"real-{number}@example.com",
            created_at=YESTERDAY,
        )
    for number in range(filtered):
        make_customer(
            session,
            people.company,
            name=f"Nameless {number}",
            email=f"hand-{number:016}@placeholder.local",
            is_placeholder_email=True,
            created_at=YESTERDAY,
        )


def test_a_member_reads_the_last_thirty_days(
    mel: Browser, session: Session, people: SimpleNamespace
) -> None:
    _signups(session, people, listed=9, filtered=5)

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
    _signups(session, people, listed=9, filtered=5)

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
    assert "Nothing has been mailed yet." in text_of(answer)


def test_what_was_delivered_is_told_in_words(
    ada: Browser, session: Session, recipients: list[ReportRecipient]
) -> None:
    for recipient in recipients:
        _deliver(session, recipient)

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
    _deliver(session, recipients[0])
    _deliver(session, recipients[1], **values)

    text = text_of(ada.get("/reports"))

    assert "1 of 2" in text
    assert words in text


def test_an_empty_day_is_said_once_for_all(
    ada: Browser, session: Session, recipients: list[ReportRecipient]
) -> None:
    for recipient in recipients:
        _deliver(
            session,
            recipient,
            state=DeliveryState.SKIPPED,
            skip_reason=SkipReason.NOBODY_SIGNED_UP,
        )

    text = text_of(ada.get("/reports"))

    assert "Skipped Nobody signed up." in text
    assert text.count("Nobody signed up.") == 1


def test_several_days_in_one_mail_are_one_row(
    ada: Browser, session: Session, recipients: list[ReportRecipient]
) -> None:
    _deliver(session, recipients[0], first_day_on=date(2026, 11, 17))

    assert "17 Nov – 19 Nov today 07:00 1 of 1 Delivered 3 days in one mail." in text_of(
        ada.get("/reports")
    )


def test_a_member_reads_no_recipients(
    mel: Browser, session: Session, recipients: list[ReportRecipient]
) -> None:
    _deliver(session, recipients[0])
    _deliver(session, recipients[1], state=DeliveryState.REFUSED, answer_text="Mailbox full.")

    answer = mel.get("/reports")

    assert "1 refused Mailbox full." in text_of(answer)
    assert "olu@" not in answer.text
    assert "/settings/reports" not in answer.text


def test_the_next_mail_is_announced(
    mel: Browser, session: Session, people: SimpleNamespace, recipients: list[ReportRecipient]
) -> None:
    make_report_settings(session, people.company, local_hour=7)

    assert "Next on 21 Nov at 07:00" in text_of(mel.get("/reports"))


def test_the_sum_of_a_day_adds_up(mel: Browser, session: Session, people: SimpleNamespace) -> None:
    _signups(session, people, listed=9, filtered=5)

    text = text_of(mel.get("/reports/2026-11-19"))

    assert "Thursday, 19 November 2026" in text
    assert "14 new · 9 with real e-mail listed · 5 placeholder addresses filtered" in text
    assert "Real 0 real-0@example.com Added by hand 09:00" in text


def test_one_placeholder_address_is_one(
    mel: Browser, session: Session, people: SimpleNamespace
) -> None:
    _signups(session, people, listed=0, filtered=1)

    text = text_of(mel.get("/reports/2026-11-19"))

    assert "1 new · 0 with real e-mail listed · 1 placeholder address filtered" in text
    assert "Nobody to list" in text


def test_only_admins_see_what_was_filtered(
    ada: Browser, mel: Browser, session: Session, people: SimpleNamespace
) -> None:
    _signups(session, people, listed=1, filtered=1)

    admin, member = ada.get("/reports/2026-11-19"), mel.get("/reports/2026-11-19")

    assert "<code>hand-0000000000000000@placeholder.local</code>" in admin.text
    assert "Nameless 0" in text_of(admin)
    assert "placeholder.local" not in member.text
    assert "Nameless 0" not in member.text


def test_an_address_that_only_looks_like_a_placeholder_is_real(
    mel: Browser, session: Session, people: SimpleNamespace
) -> None:
    make_customer(
        session,
        people.company,
        email="x@placeholder.local.example.com",
        created_at=YESTERDAY,
    )

    text = text_of(mel.get("/reports/2026-11-19"))

    assert "1 with real e-mail listed · 0 placeholder addresses filtered" in text


def test_a_day_is_the_companys_own(mel: Browser, session: Session, people: SimpleNamespace) -> None:
    for hour, name in ((4, "Before midnight"), (6, "After midnight")):
        at = datetime(2026, 11, 20, hour, tzinfo=UTC)
        make_customer(session, people.company, name=name, created_at=at)

    before, after = mel.get("/reports/2026-11-19"), mel.get("/reports/2026-11-20")

    assert "Before midnight" in text_of(before)
    assert "After midnight" not in text_of(before)
    assert "After midnight" in text_of(after)


def test_today_is_not_over(mel: Browser, session: Session, people: SimpleNamespace) -> None:
    make_customer(session, people.company, origin=CustomerOrigin.JOIN)

    answer = mel.get("/reports/2026-11-20")

    assert "the day is not over yet in New York" in text_of(answer)
    assert "Web form 09:00" in text_of(answer)
    assert 'href="/reports/2026-11-19"' in answer.text
    assert 'href="/reports/2026-11-21"' not in answer.text


def test_a_day_says_when_it_was_mailed(
    mel: Browser, session: Session, recipients: list[ReportRecipient]
) -> None:
    _deliver(session, recipients[0])

    assert "Mailed today 07:00" in text_of(mel.get("/reports/2026-11-19"))
    assert "Not mailed" in text_of(mel.get("/reports/2026-11-18"))


@pytest.mark.parametrize("day", ["2026-11-21", "2999-01-01", "9999-12-31"])
def test_a_day_to_come_is_told_kindly(mel: Browser, day: str) -> None:
    answer = mel.get(f"/reports/{day}")

    assert answer.status_code == 200
    assert "has not come yet" in text_of(answer)
    assert 'href="/reports/2026-11-20"' in answer.text


@pytest.mark.parametrize(
    "day",
    [
        "yesterday",
        "2026-02-30",
        "2026-13-01",
        "2026-1-1",
        "20261119",
        "2026-W47-4",
        "0000-00-00",
        "0001-01-01",
        "1999-12-31",
        "٢٠٢٦-١١-١٩",
        "2026-11-19 ",
        "%00",
        "x" * 5000,
    ],
)
def test_a_day_that_is_none_is_no_page(mel: Browser, day: str) -> None:
    assert mel.get(f"/reports/{day}").status_code == 404


def test_a_busy_day_lists_its_beginning(
    ada: Browser, session: Session, people: SimpleNamespace
) -> None:
    _signups(session, people, listed=201, filtered=201)

    text = text_of(ada.get("/reports/2026-11-19"))

    assert "402 new · 201 with real e-mail listed · 201 placeholder addresses filtered" in text
    assert text.count("The first 200 of 201.") == 2


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "\u202eevil", "x" * 500])
def test_a_hostile_name_is_only_a_name(
    ada: Browser, session: Session, people: SimpleNamespace, name: str
) -> None:
    make_customer(session, people.company, name=name, company_name=name, created_at=YESTERDAY)
    make_customer(
        session,
        people.company,
        name=name,
        email=PLACEHOLDER,
        is_placeholder_email=True,
        created_at=YESTERDAY,
    )

    answer = ada.get("/reports/2026-11-19")

    assert answer.status_code == 200
    assert "<script>alert" not in answer.text
    assert "\u202e" not in answer.text


def test_zoe_sees_her_own_empty_days(
    zoe: Browser,
    session: Session,
    people: SimpleNamespace,
    recipients: list[ReportRecipient],
) -> None:
    _signups(session, people, listed=2, filtered=1)
    _deliver(session, recipients[0])

    chart, day = zoe.get("/reports"), zoe.get("/reports/2026-11-19")

    assert "0 with real e-mail" in text_of(chart)
    assert "Delivered" not in text_of(chart)
    assert "0 new" in text_of(day)
    assert "Real 0" not in day.text
