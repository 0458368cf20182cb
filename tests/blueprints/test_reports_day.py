"""One local day on its page: the sum that adds up, and what only admins see."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy.orm import Session

from models import CustomerOrigin, DeliveryState, ReportRecipient, SkipReason
from tests.blueprints.report_rows import YESTERDAY, add_recipients, add_signups, deliver
from tests.blueprints.support import Browser, text_of
from tests.factories import NOW, make_customer

PLACEHOLDER = "quickbooks-0123456789abcdef@placeholder.local"


@pytest.fixture
def recipients(session: Session, people: SimpleNamespace) -> list[ReportRecipient]:
    return add_recipients(session, people)


def test_the_sum_of_a_day_adds_up(mel: Browser, session: Session, people: SimpleNamespace) -> None:
    add_signups(session, people, listed=9, filtered=5)

    text = text_of(mel.get("/reports/2026-11-19"))

    assert "Thursday, 19 November 2026" in text
    assert "14 new · 9 with real e-mail listed · 5 placeholder addresses filtered" in text
    assert "Real 0 real-0@example.com Added by hand 09:00" in text


def test_one_placeholder_address_is_one(
    mel: Browser, session: Session, people: SimpleNamespace
) -> None:
    add_signups(session, people, listed=0, filtered=1)

    text = text_of(mel.get("/reports/2026-11-19"))

    assert "1 new · 0 with real e-mail listed · 1 placeholder address filtered" in text
    assert "Nobody to list" in text


def test_only_admins_see_what_was_filtered(
    ada: Browser, mel: Browser, session: Session, people: SimpleNamespace
) -> None:
    add_signups(session, people, listed=1, filtered=1)

    admin, member = ada.get("/reports/2026-11-19"), mel.get("/reports/2026-11-19")

    assert "placeholder.local" not in admin.text
    assert "Nameless 0 Give a real e-mail" in text_of(admin)
    assert re.search(r'href="/customers/[0-9a-f]{16}/edit"', admin.text)
    assert 'href="/customers/without-email"' in admin.text
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
    deliver(session, recipients[0])

    assert "Mailed today 07:00" in text_of(mel.get("/reports/2026-11-19"))
    assert "Not mailed" in text_of(mel.get("/reports/2026-11-18"))


@pytest.mark.parametrize("day", ["2026-11-21", "2999-01-01", "9999-12-31"])
def test_a_day_to_come_is_told_kindly(mel: Browser, day: str) -> None:
    answer = mel.get(f"/reports/{day}")

    assert answer.status_code == 200
    assert "has not come yet" in text_of(answer)
    assert 'href="/reports/2026-11-20"' in answer.text


@pytest.mark.parametrize("day", ["2026-11-21", "9999-12-30", "9999-12-31"])
def test_a_day_to_come_has_no_other_page(ada: Browser, day: str) -> None:
    page = f"/reports/{day}"

    answers = [
        ada.get(f"{page}.csv"),
        ada.get(f"{page}/again"),
        ada.htmx_get(f"{page}/deliveries", page=page),
        ada.post(f"{page}/send", {"to": "all"}),
    ]

    assert [answer.status_code for answer in answers] == [404] * 4
    assert ada.get(f"{page}/mail").location == page
    assert ada.get(f"/reports?before={day}").status_code == 200


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
    add_signups(session, people, listed=201, filtered=201)

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


def test_a_day_is_held_against_the_day_before(
    mel: Browser, session: Session, people: SimpleNamespace
) -> None:
    add_signups(session, people, listed=2, filtered=3)
    for number in range(4):
        at = YESTERDAY - timedelta(days=1, minutes=number)
        make_customer(session, people.company, email=f"before-{number}@example.com", created_at=at)

    assert "Listed: 4 the day before" in text_of(mel.get("/reports/2026-11-19"))


def test_admins_read_how_each_mail_of_the_day_ended(
    ada: Browser, mel: Browser, session: Session, recipients: list[ReportRecipient]
) -> None:
    deliver(session, recipients[0], answer_code=250, attempts=1)
    refused = {"state": DeliveryState.REFUSED, "answer_text": "Mailbox full.", "answer_code": 552}
    deliver(session, recipients[1], attempts=3, **refused)

    admin, member = ada.get("/reports/2026-11-19"), mel.get("/reports/2026-11-19")

    assert "olu@example.com Delivered today 07:00 1 taken (250) " in text_of(admin)
    assert "ada@example.com Refused today 07:00 3 552 Mailbox full. " in text_of(admin)
    assert "olu@example.com" not in member.text
    assert "Send" not in text_of(member)


def test_what_was_skipped_has_no_attempts(
    ada: Browser, session: Session, recipients: list[ReportRecipient]
) -> None:
    reason = SkipReason.NOT_CONFIRMED
    deliver(session, recipients[0], state=DeliveryState.SKIPPED, skip_reason=reason, attempts=1)

    text = text_of(ada.get("/reports/2026-11-19"))

    assert "Skipped today 07:00 Not a user, and has not confirmed yet." in text


def test_a_day_on_which_nobody_came_counts_nothing_but_nobody(mel: Browser) -> None:
    text = text_of(mel.get("/reports/2026-11-19"))

    assert "0 new Listed: " in text
    assert "Nobody signed up" in text


def test_only_admins_are_told_of_what_the_mail_leaves_out_and_may_always_take_the_file(
    ada: Browser,
    mel: Browser,
    session: Session,
    people: SimpleNamespace,
    recipients: list[ReportRecipient],
) -> None:
    add_signups(session, people, listed=0, filtered=2)
    deliver(session, recipients[0])

    admin, member = ada.get("/reports/2026-11-19"), mel.get("/reports/2026-11-19")

    assert "here with what the mail leaves out" in text_of(admin)
    assert "leaves out" not in text_of(member)
    assert 'href="/reports/2026-11-19.csv"' in admin.text
    assert ".csv" not in member.text


def test_the_mail_of_a_day_can_be_read_before_it_goes_out(
    mel: Browser, session: Session, people: SimpleNamespace
) -> None:
    add_signups(session, people, listed=2, filtered=3)

    answer = mel.get("/reports/2026-11-19/mail")

    text = text_of(answer)
    assert "2 new customers" in text
    assert "real-0@example.com" in text
    assert "placeholder" not in answer.text
    assert "Nameless" not in answer.text
    assert "not over yet" not in text
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert mel.get("/reports/2999-01-01/mail").location == "/reports/2999-01-01"


def test_the_mail_of_today_says_that_the_day_is_not_over(
    mel: Browser, session: Session, people: SimpleNamespace
) -> None:
    make_customer(session, people.company, email="nell@example.com", created_at=NOW)

    text = text_of(mel.get("/reports/2026-11-20/mail"))

    assert "1 new customer so far" in text
    assert "This day is not over yet." in text


def test_a_day_is_a_file_and_only_admins_get_the_filtered(
    ada: Browser, mel: Browser, session: Session, people: SimpleNamespace
) -> None:
    add_signups(session, people, listed=2, filtered=3)

    admin, member = (who.get("/reports/2026-11-19.csv") for who in (ada, mel))

    assert 'filename="sign-ups-2026-11-19.csv"' in admin.headers["Content-Disposition"]
    assert "Content-Length" not in admin.headers
    assert (len(admin.text.splitlines()), len(member.text.splitlines())) == (6, 3)
    assert "placeholder.local" not in admin.text
    assert "Nameless" not in member.text


@pytest.mark.parametrize("page", ["nobody.csv", "2026-02-30.csv", "nobody/mail", "nobody/again"])
def test_a_page_of_a_day_that_is_none_is_no_page(ada: Browser, page: str) -> None:
    assert ada.get(f"/reports/{page}").status_code == 404
