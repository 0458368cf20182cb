"""Whoever has an address at the placeholder domain changes no byte of any mail; others stand in it.

Customers are written into the table by hand here, past every check, with any flag.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert
from sqlalchemy.orm import Session

from models import Company, Customer, CustomerOrigin, Frequency
from services.local_days import Window, day_window
from services.mail import wire_bytes
from services.placeholder_email import is_placeholder_email, names_placeholder
from services.report_mail import Addressee, Envelope, compose_report
from services.signup_counts import days_window
from services.signup_report import collect_report, view_day
from tests.factories import NOW, make_company, make_customer
from tests.services.reporting import decoded, read_mail

NEW_YORK = ZoneInfo("America/New_York")
TODAY = date(2026, 11, 20)
ADDRESS = "https://clerk.example.com"
MAILS: tuple[tuple[Window, Addressee], ...] = (
    (
        day_window(NEW_YORK, TODAY),
        Addressee("ada@example.com", ADDRESS, unsubscribe_token="t", local_hour=7),
    ),
    (
        days_window(NEW_YORK, TODAY - timedelta(days=6), TODAY),
        Addressee("ada@example.com", ADDRESS, local_hour=7, frequency=Frequency.WEEKLY),
    ),
    (
        day_window(NEW_YORK, TODAY),
        Addressee("ada@example.com", ADDRESS, is_copy=True, is_partial=True),
    ),
)
MARK = "MARK"


def _spelled(text: str) -> st.SearchStrategy[str]:
    """Any of the letters may be a capital."""
    return st.lists(st.booleans(), min_size=len(text), max_size=len(text)).map(
        lambda capitals: "".join(
            letter.upper() if capital else letter
            for letter, capital in zip(text, capitals, strict=True)
        )
    )


DOMAINS = st.one_of(
    _spelled("placeholder.local"),
    st.sampled_from(["placeholder.local.", "PLACEHOLDER.LOCAL..", "place\u200bholder.local"]),
    st.sampled_from(["ｐｌａｃｅｈｏｌｄｅｒ.local", "placeholder．local", "placeholder。local"]),
    st.sampled_from(["placeholder\u2024local", "PLACEHOLDER﹒LOCAL", "placeholder.lo㎈"]),
)
SIGNS = st.sampled_from(["@", "@", "@", "＠", "﹫", "%40"])
#: "{}" is where the address stands; each of these names it, so the customer is not listed.
AROUND = st.sampled_from(
    [
        *(
            "{}",
            " {}",
            "{} ",
            "\t{}\n",
            " {} ",
            "<{}>",
            "mailto:{}",
            '"{}"',
            "({})",
            "{}?subject=x",
        ),
        *("real@example.com, {}", "{};real@example.com", "real@example.com {}", "{}|a@example.com"),
        *("A Real Name <{}>", "{} <real@example.com>", "a@example.com,{},b@example.com", "{}, "),
    ]
)
#: All of these can be reached, however they look.
REAL = st.sampled_from(
    [
        *("MARK@example.com", "MARK@placeholder.local.example.com", "MARK@sub.placeholder.local"),
        *("MARK.placeholder.local@example.com", "MARK@notplaceholder.local"),
        *("MARK@placeholder-local.example.com", "MARK@PLACEHOLDER.LOCAL.EXAMPLE.COM"),
        *("a@example.com, MARK@placeholder.local.example.com", "MARK@placeholder.example.com"),
        *("MARK@placeholder。local.example.com", "MARK%40placeholder.local@example.com"),
        *("MARK@placeholder.localhost", '"MARK@placeholder.local"@example.com'),
    ]
)
#: How whoever wrote the row by hand made the column that is searched.
KEYS = st.sampled_from([str.casefold, str.lower, str, lambda text: text.strip().lower()])
#: In any other field an address at the domain is masked, and its customer stays.
FIELDS = st.one_of(
    st.sampled_from(["", "MARK", "Ann & Ben MARK"]),
    st.builds(
        lambda words, domain: words.format(f"elsewhere@{domain}"),
        st.sampled_from(["{}", "MARK {}", "Ann ({}) MARK", "call:{}", "{}/MARK"]),
        DOMAINS,
    ),
)


@dataclass(frozen=True)
class Written:
    """How a row is written by hand; `mark` stands in it and in no other row."""

    email: str
    key: Callable[[str], str]
    fields: tuple[str, str, str]
    is_flagged: bool
    origin: CustomerOrigin
    days: int
    minutes: int

    @property
    def is_todays(self) -> bool:
        return self.days == 0

    def values(self, mark: str) -> dict[str, object]:
        email = self.email.replace(MARK, mark)
        name, company_name, phone = (field.replace(MARK, mark) for field in self.fields)
        return {
            "public_id": f"{mark:0>16}",
            "name": name,
            "sort_key": "",
            "company_name": company_name,
            "email": email,
            "email_key": self.key(email),
            "is_placeholder_email": self.is_flagged,
            "phone": phone,
            "origin": self.origin,
            "created_at": NOW - timedelta(days=self.days, minutes=self.minutes),
        }


def _rows(*, hidden: bool) -> st.SearchStrategy[Written]:
    placeholders = st.builds(
        lambda around, at, domain: around.format(f"{MARK}{at}{domain}"), AROUND, SIGNS, DOMAINS
    )
    return st.builds(
        Written,
        email=placeholders if hidden else REAL,
        key=KEYS,
        fields=st.tuples(FIELDS, FIELDS, FIELDS),
        is_flagged=st.booleans() if hidden else st.just(False),
        origin=st.sampled_from(CustomerOrigin),
        days=st.sampled_from([0, 0, 0, 1, 2, 6, 7, 13, 14, 21, 28, 56, 63]),
        minutes=st.integers(0, 120),
    )


def _marked(rows: list[Written], kind: str) -> dict[str, Written]:
    return {f"{kind}{number}z": row for number, row in enumerate(rows)}


def _mails(session: Session, company: Company) -> Iterator[dict[str, str]]:
    envelope = Envelope(
        "clerk@example.com", "<report.1@example.com>", datetime(2026, 1, 1, tzinfo=UTC)
    )
    for window, addressee in MAILS:
        report = collect_report(session, company.id, window=window, now=NOW)
        message = compose_report(report, addressee, envelope=envelope)
        message.set_boundary("between the parts")
        yield decoded(read_mail(wire_bytes(message)))


def _write(session: Session, company: Company, rows: dict[str, Written]) -> None:
    if rows:
        values = [row.values(mark) | {"company_id": company.id} for mark, row in rows.items()]
        session.execute(insert(Customer), values)


CUSTOMERS = {
    "hidden": st.lists(_rows(hidden=True), min_size=1, max_size=6),
    "real": st.lists(_rows(hidden=False), max_size=6),
    "age_days": st.sampled_from([0, 10, 30, 99]),
}
ONE_DATABASE = [HealthCheck.function_scoped_fixture]


@given(**CUSTOMERS)
@settings(max_examples=20, suppress_health_check=ONE_DATABASE)
def test_no_placeholder_changes_a_byte_and_everybody_else_is_named(
    session: Session, hidden: list[Written], real: list[Written], age_days: int
) -> None:
    _mail_without_and_with(session, hidden=hidden, real=real, age_days=age_days)


@pytest.mark.full
@given(**CUSTOMERS)
@settings(max_examples=80, suppress_health_check=ONE_DATABASE)
def test_none_of_many_placeholders_changes_a_byte(
    session: Session, hidden: list[Written], real: list[Written], age_days: int
) -> None:
    _mail_without_and_with(session, hidden=hidden, real=real, age_days=age_days)


def _mail_without_and_with(
    session: Session, *, hidden: list[Written], real: list[Written], age_days: int
) -> None:
    session.execute(delete(Customer))
    company = make_company(session, created_at=NOW - timedelta(days=age_days))
    shown, kept = _marked(real, "seen"), _marked(hidden, "kept")
    _write(session, company, shown)
    without = list(_mails(session, company))
    _write(session, company, kept)

    mails = list(_mails(session, company))

    assert mails == without
    for parts in mails:
        whole = "\n".join(parts.values())
        assert not any(mark in whole for mark in kept)
        assert "elsewhere" not in whole
        for mark in (mark for mark, row in shown.items() if row.is_todays):
            assert mark in parts["text/plain"]
            assert mark in parts["text/html"]
    _adds_up(session, company, real=real, hidden=hidden)


def _adds_up(
    session: Session, company: Company, *, real: list[Written], hidden: list[Written]
) -> None:
    view = view_day(session, company.id, day=TODAY, now=NOW)
    numbers = tuple(sum(row.is_todays for row in rows) for rows in (real, hidden))
    assert (view.count.listed, view.count.filtered) == numbers
    assert (len(view.listed), len(view.filtered)) == numbers


@pytest.mark.both_databases
@pytest.mark.parametrize("address", ["x＠placeholder.local", "x%40placeholder.local"])
def test_other_signs_are_counted_as_they_are_listed(session: Session, address: str) -> None:
    company = make_company(session)
    make_customer(session, company, email=address, email_key=address, created_at=NOW)
    make_customer(session, company, email="jürgen@example.com", created_at=NOW)

    view = view_day(session, company.id, day=TODAY, now=NOW)

    assert (view.count.listed, view.count.filtered) == (1, 1)
    assert [signup.email for signup in view.listed] == ["jürgen@example.com"]


@given(st.text(st.sampled_from('ab@@.,;< >"placeholder.local\u200b\n%40＠﹫。．Ａ\u0301㎈')))
def test_a_text_that_is_a_placeholder_also_names_one(text: str) -> None:
    assert names_placeholder(text) or not is_placeholder_email(text)
    assert names_placeholder(f"{text} x@placeholder.local")
