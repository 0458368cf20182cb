"""What a mail calls itself and its days, and that it stays small; without a database."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from models import Frequency, Role
from services.mail import wire_bytes
from services.report_mail import Addressee, Envelope, compose_report, render_report
from services.signup_counts import Comparison, days_window
from services.signup_report import DayBar, SignupReport
from services.signup_rows import Signup
from tests.factories import NOW
from tests.services.reporting import DAY, decoded, visible

SITE = "https://clerk.example.com"


@pytest.mark.parametrize("is_copy", [False, True])
def test_whoever_cannot_sign_in_gets_no_link_that_ends_at_a_sign_in(is_copy: bool) -> None:
    at = NOW.astimezone(ZoneInfo("America/New_York"))
    signup = Signup("ab" * 8, "Nell Harrow", "", "nell@example.com", "", "By hand", at)
    report = replace(_report(DAY, DAY), signups=(signup,), new_lines=("3 new in QuickBooks",))
    mails = {
        role: render_report(
            report,
            Addressee("olu@example.com", SITE, "token", 7, role=role, is_copy=is_copy),
        )
        for role in (None, Role.MEMBER, Role.ADMIN)
    }

    found = {
        role: [
            set(re.findall(rf"{SITE}/(\w+(?:/[a-z]+)?)", part)) for part in (mail.text, mail.html)
        ]
        for role, mail in mails.items()
    }

    outside = {"unsubscribe/token"}
    member = outside | {"customers/abababababababab", "reports"}
    admin = member | {"settings/reports", "settings/integrations"}
    assert found == {None: [outside] * 2, Role.MEMBER: [member] * 2, Role.ADMIN: [admin] * 2}
    for part in (mails[None].text, visible(mails[None].html)):
        assert "3 new in QuickBooks." in part
        assert "and 8 more" in part
        assert ("This report is sent again, as a copy." in part) is is_copy
        assert "Open" not in part
        assert "your team" not in part


@pytest.mark.parametrize(
    ("frequency", "days", "is_told"),
    [
        (Frequency.DAILY, 1, False),
        (Frequency.DAILY, 3, True),
        (Frequency.WEEKLY, 7, False),
        (Frequency.WEEKLY, 14, True),
    ],
)
def test_a_mail_of_more_days_than_usual_says_why(
    frequency: Frequency, days: int, is_told: bool
) -> None:
    report = _report(DAY - timedelta(days=days - 1), DAY)

    mail = render_report(report, Addressee("ada@example.com", SITE, frequency=frequency))

    why = f"{days} days in one mail: the earlier ones had not been mailed yet."
    assert [why in part for part in (mail.text, visible(mail.html))] == [is_told] * 2


@pytest.mark.parametrize(
    ("addressee", "subject", "sentence"),
    [
        ({"is_copy": True}, "Copy: 9 new customers on Friday, 20 November", "A copy that somebody"),
        (
            {"is_copy": True, "is_partial": True},
            "9 new customers so far on Friday, 20 November",
            "This day is not over yet.",
        ),
        ({"is_test": True}, "Test: 9 new customers on Friday, 20 November", "9 new customers"),
        (
            {"local_hour": 7, "frequency": Frequency.WEEKLY},
            "9 new customers on Friday, 20 November",
            "Sent to ada@example.com every Monday at 07:00.",
        ),
    ],
)
def test_a_mail_says_what_it_is(addressee: dict[str, Any], subject: str, sentence: str) -> None:
    mail = render_report(
        _report(DAY, DAY), Addressee("ada@example.com", "https://clerk.example.com", **addressee)
    )

    assert mail.subject == subject
    assert sentence in mail.text
    assert sentence in visible(mail.html)


@pytest.mark.parametrize(
    ("first_day", "last_day", "subject"),
    [
        (date(2026, 11, 16), date(2026, 11, 22), "9 new customers in the week of 16 November"),
        (
            date(2026, 11, 17),
            date(2026, 11, 23),
            "9 new customers from Tuesday, 17 November to Monday, 23 November",
        ),
        (
            date(2026, 11, 16),
            date(2026, 11, 29),
            "9 new customers from Monday, 16 November to Sunday, 29 November",
        ),
    ],
)
def test_several_days_are_named_and_lead_to_all_days(
    first_day: date, last_day: date, subject: str
) -> None:
    addressee = Addressee("ada@example.com", "https://clerk.example.com")

    mail = render_report(_report(first_day, last_day), addressee)

    assert mail.subject == subject
    assert "28 in the 7 days before" in mail.text
    assert "and 9 more: https://clerk.example.com/reports\n" in mail.text
    assert 'href="https://clerk.example.com/reports"' in mail.html


def _report(first_day: date, last_day: date) -> SignupReport:
    is_day = first_day == last_day
    return SignupReport(
        company_name="Harbor Heating & Air",
        zone_label="New York",
        window=days_window(ZoneInfo("America/New_York"), first_day, last_day),
        signups=(),
        count=9,
        comparison=Comparison(6, 1, 7.5, "Friday") if is_day else Comparison(28, 7, None, ""),
        bars=(DayBar(last_day, 9),),
    )


@pytest.mark.parametrize(
    "text", ["Wolfeschlegelsteinhausenbergerdorff and Sons " * 3, "&<>\"'" * 9, "園田 É" * 30]
)
@pytest.mark.parametrize("length", [0, 60])
def test_long_names_and_a_long_address_stay_under_100_kb(text: str, length: int) -> None:
    at = NOW.astimezone(ZoneInfo("America/New_York"))
    signup = Signup("ab" * 8, text[:120], text[:119], "a" * 50 + "@example.com", "1" * 40, "By", at)
    report = replace(_report(DAY, DAY), signups=(signup,) * 200, count=512)
    addressee = Addressee("ada@example.com", f"https://{'clerk' * (length // 5)}.example.com")
    envelope = Envelope("clerk@example.com", "<report.1@example.com>", NOW)

    mail = compose_report(report, addressee, envelope=envelope)

    size = len(wire_bytes(mail))
    text_part = decoded(mail)["text/plain"]
    named = text_part.count("/customers/")
    assert 60_000 < size < 100_000
    assert f"and {512 - named} more: " in text_part
