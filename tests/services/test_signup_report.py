"""Who a day's report names, and what its sum counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.orm import Session

from models import Company, CustomerOrigin
from services.local_days import Window, day_window
from services.signup_report import (
    NAMELESS,
    collect_report,
    view_day,
    view_last_days,
)
from tests.factories import (
    NOW,
    make_account,
    make_company,
    make_connection,
    make_customer,
    make_link,
    make_reading,
    make_remote_customer,
)

NEW_YORK = ZoneInfo("America/New_York")
DAY = date(2026, 11, 20)
WINDOW = day_window(NEW_YORK, DAY)


@pytest.fixture
def company(session: Session) -> Company:
    return make_company(session, name="Harbor Heating & Air")


def _names(session: Session, company: Company, window: Window = WINDOW) -> list[str]:
    return [
        signup.name
        for signup in collect_report(session, company.id, window=window, now=NOW).signups
    ]


def test_the_report_names_the_days_signups_oldest_first(session: Session, company: Company) -> None:
    for name, at in (
        ("the day before", WINDOW.start_at - timedelta(microseconds=1)),
        ("last", WINDOW.end_at - timedelta(microseconds=1)),
        ("first", WINDOW.start_at),
        ("the day after", WINDOW.end_at),
    ):
        make_customer(session, company, name=name, created_at=at)

    assert _names(session, company) == ["first", "last"]


def test_a_signup_says_who_how_and_when(session: Session, company: Company) -> None:
    customer = make_customer(
        session,
        company,
        name="Nell Harrow",
        company_name="Harrow & Co",
        email="nell@example.com",
        phone="814 555 0117",
        origin=CustomerOrigin.JOIN,
    )

    report = collect_report(session, company.id, window=WINDOW, now=NOW)

    (signup,) = report.signups
    assert (signup.name, signup.company_name) == ("Nell Harrow", "Harrow & Co")
    assert (signup.email, signup.phone) == ("nell@example.com", "814 555 0117")
    assert (signup.came_by, f"{signup.at:%H:%M}") == ("Web form", "09:00")
    assert signup.public_id == customer.public_id
    assert (report.company_name, report.zone_label) == ("Harbor Heating & Air", "New York")


def test_an_imported_signup_says_from_where(session: Session, company: Company) -> None:
    reading = make_reading(session, make_connection(session, make_account(session, company)))
    imported = make_customer(session, company, origin=CustomerOrigin.IMPORT)
    make_link(session, make_remote_customer(session, reading), imported)
    make_link(session, make_remote_customer(session, reading), imported)
    make_customer(session, company, origin=CustomerOrigin.IMPORT)
    make_customer(session, company, origin=CustomerOrigin.HAND)

    report = collect_report(session, company.id, window=WINDOW, now=NOW)

    came_by = [signup.came_by for signup in report.signups]
    assert came_by == ["QuickBooks", "Imported", "Added by hand"]


def test_another_companys_signups_are_nowhere(session: Session, company: Company) -> None:
    make_customer(session, make_company(session))

    report = collect_report(session, company.id, window=WINDOW, now=NOW)

    assert (report.signups, report.count, report.bars_count) == ((), 0, 0)


@pytest.mark.parametrize(
    ("email", "is_flagged"),
    [
        ("quickbooks-1@placeholder.local", True),
        ("real-looking@example.com", True),
        ("x@placeholder.local", False),
        ("X@PLACEHOLDER.LOCAL", False),
        ("x@placeholder.local.", False),
    ],
)
def test_a_placeholder_leaves_no_trace(
    session: Session, company: Company, email: str, is_flagged: bool
) -> None:
    make_customer(session, company, email=email, is_placeholder_email=is_flagged)
    make_customer(session, company, name="Nell")

    report = collect_report(session, company.id, window=WINDOW, now=NOW)

    assert [signup.name for signup in report.signups] == ["Nell"]
    assert (report.count, report.bars_count) == (1, 1)
    assert "laceholder" not in repr(report).lower()


@pytest.mark.parametrize(
    "email", ["a@example.com, x@placeholder.local", "x@Placeholder.Local <a@example.com>"]
)
def test_a_field_that_hides_a_placeholder_is_not_shown(
    session: Session, company: Company, email: str
) -> None:
    make_customer(session, company, email=email)

    assert _names(session, company) == []


@pytest.mark.parametrize(
    "email", ["x@placeholder.local.example.com", "placeholder.local@example.com"]
)
def test_an_address_that_only_looks_like_one_is_real(
    session: Session, company: Company, email: str
) -> None:
    make_customer(session, company, name="Real", email=email)

    assert _names(session, company) == ["Real"]


def test_the_page_adds_up(session: Session, company: Company) -> None:
    for number in range(9):
        make_customer(session, company, name=f"Real {number}")
    for number in range(5):
        email = f"quickbooks-{number}@placeholder.local"
        make_customer(session, company, email=email, is_placeholder_email=True)

    view = view_day(session, company.id, day=DAY, now=NOW)

    assert (view.count.total, view.count.listed, view.count.filtered) == (14, 9, 5)
    assert (len(view.listed), len(view.filtered)) == (9, 5)
    assert not view.is_over


def test_bars_are_the_fourteen_days_up_to_the_last(session: Session, company: Company) -> None:
    for days, count in ((0, 3), (1, 1), (13, 2), (14, 5)):
        for _ in range(count):
            make_customer(session, company, created_at=NOW - timedelta(days=days))

    report = collect_report(session, company.id, window=WINDOW, now=NOW)

    assert [bar.count for bar in report.bars] == [2, *[0] * 11, 1, 3]
    assert (report.bars[0].day, report.bars[-1].day) == (DAY - timedelta(days=13), DAY)


def test_counts_of_days_follow_the_clocks(session: Session) -> None:
    company = make_company(session, zone="Asia/Beirut")
    midnight = datetime.fromisoformat("2026-03-28T22:00:00+00:00")
    for minutes in (-1, 0, 1):
        make_customer(session, company, created_at=midnight + timedelta(minutes=minutes))

    counts = view_last_days(session, company.id, days=3, now=midnight + timedelta(days=1, hours=8))

    assert [(count.day.day, count.listed) for count in counts] == [(27, 0), (28, 1), (29, 2)]


def test_two_hundred_are_named_and_the_others_counted(session: Session, company: Company) -> None:
    for number in range(205):
        make_customer(session, company, name=f"C{number}", email=f"c{number}@example.com")

    report = collect_report(session, company.id, window=WINDOW, now=NOW)

    assert (len(report.signups), report.count, report.further_count) == (200, 205, 5)


@pytest.mark.sqlite_only
@pytest.mark.sqlite_only  # PostgreSQL holds no such text
def test_long_fields_take_fewer_rows_not_more_room(session: Session, company: Company) -> None:
    for _ in range(150):
        make_customer(session, company, name="園" * 10_000, company_name="é" * 10_000)

    report = collect_report(session, company.id, window=WINDOW, now=NOW)

    assert 0 < len(report.signups) < 30
    assert report.count == 150
    assert len(report.signups[0].name) == 120


@pytest.mark.sqlite_only
@pytest.mark.sqlite_only  # PostgreSQL holds no such text
def test_a_name_that_shows_nothing_gets_a_word(session: Session, company: Company) -> None:
    make_customer(session, company, name="\u200b\u202e\x00")

    assert _names(session, company) == [NAMELESS]


@pytest.mark.sqlite_only
@pytest.mark.sqlite_only  # PostgreSQL holds no such text
@pytest.mark.parametrize(
    "text",
    [
        "foo-1@placeholder.local",
        "Ann (foo-1@PLACEHOLDER.local.)",
        "foo-1@place\u200bholder.local",
        "mailto:foo-1@placeholder.local!",
        "x" * 100 + " foo-1@placeholder.local",
    ],
)
def test_a_text_that_names_a_placeholder_is_masked(
    session: Session, company: Company, text: str
) -> None:
    make_customer(session, company, name=text, company_name=text, phone=text)

    (mailed,) = collect_report(session, company.id, window=WINDOW, now=NOW).signups
    (shown,) = view_day(session, company.id, day=DAY, now=NOW).listed

    assert (mailed.name, mailed.company_name, mailed.phone) == (NAMELESS, "", "")
    assert shown == mailed


def test_several_days_are_one_list(session: Session, company: Company) -> None:
    for days in range(3):
        make_customer(session, company, created_at=NOW - timedelta(days=days))
    first = day_window(NEW_YORK, DAY - timedelta(days=2))
    window = replace(WINDOW, first_day=first.first_day, start_at=first.start_at)

    report = collect_report(session, company.id, window=window, now=NOW)

    assert report.count == 3
