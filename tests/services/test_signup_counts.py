"""What a day is compared with, and that its numbers come out of indexes alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from models import Company
from models.customer import IS_SUSPECT
from services.local_days import DAY as ONE_DAY
from services.local_days import Window, day_window, moment
from services.placeholder_email import sql_patterns
from services.signup_counts import Comparison, comparison_words, days_window
from services.signup_report import collect_report, view_day, view_last_days
from tests.factories import NOW, make_company, make_customer

NEW_YORK = ZoneInfo("America/New_York")
#: A Friday.
DAY = date(2026, 11, 20)
WEEK = timedelta(days=7)


@pytest.fixture
def company(session: Session) -> Company:
    return make_company(session, created_at=NOW - timedelta(days=999))


def _sign_up(
    session: Session, company: Company, *days: timedelta, count: int = 1, **overrides: object
) -> None:
    for day in days:
        for _ in range(count):
            make_customer(session, company, created_at=NOW - day, **overrides)


def _comparison(session: Session, company: Company, window: Window | None = None) -> Comparison:
    window = window or day_window(ZoneInfo(company.zone), DAY)
    return collect_report(session, company.id, window=window, now=NOW).comparison


@pytest.mark.parametrize(
    ("comparison", "words"),
    [
        (Comparison(6, 1, 7.5, "Thursday"), "6 the day before · Thursdays average 7.5"),
        (Comparison(1_204, 1, 8.0, "Friday"), "1,204 the day before · Fridays average 8"),
        (Comparison(0, 1, 0.04, "Sunday"), "none the day before · Sundays average 0"),
        (Comparison(6, 1, None, ""), "6 the day before"),
        (Comparison(28, 7, None, ""), "28 in the 7 days before"),
        (Comparison(0, 2, None, ""), "none in the 2 days before"),
    ],
)
def test_a_comparison_reads_as_people_say_it(comparison: Comparison, words: str) -> None:
    assert comparison_words(comparison) == words


def test_a_day_is_held_against_the_day_before_and_its_weekdays(
    session: Session, company: Company
) -> None:
    _sign_up(session, company, ONE_DAY, count=6)
    _sign_up(session, company, *(weeks * WEEK for weeks in range(1, 9)), count=2)
    _sign_up(session, company, 8 * WEEK, 9 * WEEK, 2 * WEEK + ONE_DAY, count=4)

    comparison = _comparison(session, company)

    assert comparison == Comparison(6, 1, 2.5, "Friday")
    assert view_day(session, company.id, day=DAY, now=NOW).comparison == comparison


@pytest.mark.parametrize(
    ("age", "average"),
    [(timedelta(0), None), (WEEK - ONE_DAY, None), (WEEK, 3.0), (2 * WEEK, 1.5), (9 * WEEK, 0.375)],
)
def test_a_week_before_the_company_counts_for_no_average(
    session: Session, age: timedelta, average: float | None
) -> None:
    company = make_company(session, created_at=NOW - age)
    if average:
        _sign_up(session, company, WEEK, count=3)

    comparison = _comparison(session, company)

    assert comparison.average == average
    assert comparison.weekday == ("Friday" if average else "")


def test_a_company_begins_with_its_first_listed_signup(session: Session) -> None:
    company = make_company(session)
    _sign_up(session, company, 4 * WEEK, count=2)
    _sign_up(session, company, 7 * WEEK, email="x@placeholder.local", is_placeholder_email=True)
    _sign_up(session, company, 6 * WEEK, email="X@Placeholder.Local")

    assert _comparison(session, company).average == 0.5


def test_several_days_are_held_against_as_many_before(session: Session, company: Company) -> None:
    _sign_up(session, company, *(days * ONE_DAY for days in range(7)))
    _sign_up(session, company, 7 * ONE_DAY, 13 * ONE_DAY, count=5)
    _sign_up(session, company, 14 * ONE_DAY, count=9)
    window = days_window(NEW_YORK, DAY - 6 * ONE_DAY, DAY)

    comparison = _comparison(session, company, window)

    assert comparison == Comparison(10, 7, None, "")


def test_a_weekday_that_a_zone_left_out_is_no_day_without_signups(session: Session) -> None:
    # Samoa went from Thursday the 29th to Saturday the 31st of December 2011.
    apia = ZoneInfo("Pacific/Apia")
    first_friday = date(2011, 12, 23)
    company = make_company(session, zone=apia.key, created_at=moment(apia, first_friday))
    make_customer(session, company, created_at=moment(apia, first_friday, hour=12))
    window = day_window(apia, date(2012, 1, 6))

    assert _comparison(session, company, window).average == 1


@pytest.mark.parametrize(
    "email", ["x@placeholder.local", "X@PLACEHOLDER.LOCAL.", "a@example.com;b@Placeholder.local "]
)
@pytest.mark.parametrize("is_flagged", [True, False])
def test_placeholders_change_no_comparison_and_no_bar(
    session: Session, company: Company, email: str, is_flagged: bool
) -> None:
    days = [days * ONE_DAY for days in range(70)]
    _sign_up(session, company, *days[::3])
    window = day_window(NEW_YORK, DAY)
    before = collect_report(session, company.id, window=window, now=NOW)
    _sign_up(session, company, *days, email=email, is_placeholder_email=is_flagged)

    after = collect_report(session, company.id, window=window, now=NOW)

    assert after == before
    days_counted = view_last_days(session, company.id, days=30, now=NOW)
    assert {(count.listed, count.filtered) for count in days_counted} == {(0, 1), (1, 1)}


def test_an_address_that_only_looks_like_one_is_counted(session: Session, company: Company) -> None:
    email = "x@placeholder.local.example.com"
    _sign_up(session, company, timedelta(0), ONE_DAY, WEEK, email=email)

    report = collect_report(session, company.id, window=day_window(NEW_YORK, DAY), now=NOW)

    assert report.comparison == Comparison(1, 1, 0.125, "Friday")
    assert (report.count, report.bars_count) == (1, 3)


@pytest.mark.sqlite_only
@pytest.mark.parametrize("has_statistics", [False, True])
def test_days_are_counted_in_one_statement_from_indexes_alone(
    session: Session, company: Company, has_statistics: bool
) -> None:
    _sign_up(session, company, *(days * ONE_DAY for days in range(100)))
    if has_statistics:
        session.execute(text("ANALYZE"))
        session.commit()
    asked = _recorded(session)

    view_last_days(session, company.id, days=90, now=NOW)
    collect_report(session, company.id, window=day_window(NEW_YORK, DAY), now=NOW)

    counting = [statement for statement in asked.copy() if "count(*)" in statement[0]]
    assert len(counting) == 2
    plans = [_plan(session, *statement) for statement in counting]
    # For each day the total, the flagged, the suspects: its range, and the table is not opened.
    indexes = ("ix_customer_signup", "ix_customer_signup", "ix_customer_suspect")
    assert plans == 2 * [
        [
            f"SEARCH customer USING COVERING INDEX {index} "
            "(company_id=? AND created_at>? AND created_at<?)"
            for index in indexes
        ]
    ]


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_the_index_of_suspects_looks_for_what_can_be_a_placeholder(database: str) -> None:
    words = str(IS_SUSPECT[database])

    assert tuple(re.findall("LIKE '(.*?)'", words)) == sql_patterns()


@pytest.mark.sqlite_only
def test_only_the_rows_of_the_window_are_read(session: Session, company: Company) -> None:
    _sign_up(session, company, timedelta(0), ONE_DAY)
    asked = _recorded(session)

    view_day(session, company.id, day=DAY, now=NOW)

    plans = [_plan(session, *one) for one in asked.copy() if "customer.phone" in one[0]]
    assert len(plans) == 2
    for plan in plans:
        assert any("ix_customer_signup" in step for step in plan)
        assert not any(step.startswith("SCAN customer") for step in plan)


def _recorded(session: Session) -> list[tuple[str, Sequence[datetime]]]:
    asked: list[tuple[str, Sequence[datetime]]] = []

    def note(
        _connection: object, _cursor: object, statement: str, values: Sequence[datetime], *_: object
    ) -> None:
        asked.append((statement, values))

    event.listen(session.get_bind(), "before_cursor_execute", note)
    return asked


def _plan(session: Session, statement: str, values: Sequence[datetime]) -> list[str]:
    """Return each step of SQLite's that reads customers."""
    rows = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", tuple(values))
    return [row[3] for row in rows if " customer " in row[3]]
