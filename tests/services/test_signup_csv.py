"""The file of a day: everybody, by the company's clock, nothing a spreadsheet would execute."""

from __future__ import annotations

import csv
from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from models import Company, CustomerOrigin
from services.signup_csv import write_day
from tests.factories import NOW, make_company, make_customer

DAY = date(2026, 11, 20)
HEADINGS = ["Name", "Company", "E-mail", "Phone", "Came by", "Signed up (America/New_York)"]


@pytest.fixture
def company(session: Session) -> Company:
    return make_company(session)


def _lines(session: Session, company: Company, *, with_filtered: bool) -> list[list[str]]:
    text = "".join(write_day(session, company.id, day=DAY, with_filtered=with_filtered))
    assert text.startswith("\ufeff")
    return list(csv.reader(text.removeprefix("\ufeff").splitlines()))


def test_a_line_says_who_how_and_when(session: Session, company: Company) -> None:
    make_customer(
        session,
        company,
        name="Nell Harrow",
        company_name="Harrow & Co",
        email="nell@example.com",
        phone="814 555 0117",
        origin=CustomerOrigin.JOIN,
    )
    make_customer(session, company, created_at=NOW - timedelta(days=1))
    make_customer(session, make_company(session))

    lines = _lines(session, company, with_filtered=False)

    nell = ["Nell Harrow", "Harrow & Co", "nell@example.com", "814 555 0117"]
    assert lines == [HEADINGS, [*nell, "Web form", "2026-11-20 09:00"]]


@pytest.mark.parametrize("email", ["x@placeholder.local", "A <X@Placeholder.Local.>"])
@pytest.mark.parametrize("is_flagged", [True, False])
def test_placeholders_stand_in_it_only_when_asked_for_and_without_their_address(
    session: Session, company: Company, email: str, is_flagged: bool
) -> None:
    make_customer(session, company, name="Nell", email="nell@example.com")
    make_customer(
        session, company, name="Hidden", email=email, is_placeholder_email=is_flagged, phone="1"
    )

    listed = _lines(session, company, with_filtered=False)
    everybody = _lines(session, company, with_filtered=True)

    assert [line[0] for line in listed] == ["Name", "Nell"]
    assert [(line[0], line[2], line[-1]) for line in everybody] == [
        ("Name", "E-mail", "In the mail"),
        ("Nell", "nell@example.com", "listed"),
        ("Hidden", "", "placeholder address, filtered"),
    ]


def test_it_does_not_end_where_page_and_mail_do(session: Session, company: Company) -> None:
    for number in range(205):
        make_customer(session, company, name=f"C{number}", email=f"c{number}@example.com")

    assert len(_lines(session, company, with_filtered=False)) == 1 + 205


def test_no_cell_is_a_formula(session: Session, company: Company) -> None:
    formula = "=HYPERLINK(1)"
    make_customer(session, company, name=formula, company_name="+1", phone="-1", email="@a")

    (_, cells) = _lines(session, company, with_filtered=True)

    assert cells[:4] == ["'=HYPERLINK(1)", "'+1", "'@a", "'-1"]
