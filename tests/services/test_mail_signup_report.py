"""The daily mail as its readers get it: both parts alike, small, harmless, without a trace."""

from __future__ import annotations

import re
from datetime import timedelta
from email.message import EmailMessage

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models import Company, Customer, EmptyDay, ReportDelivery, ReportSettings, User
from services.report_delivery import deliver_due
from services.report_mail import delivery_message_id
from services.runtime import Runtime
from tests.conftest import Clock
from tests.factories import (
    make_account,
    make_connection,
    make_reading,
    make_remote_customer,
    make_user,
)
from tests.services.reporting import (
    DAY,
    LINK_KEY,
    MORNING,
    NOW,
    Desk,
    decoded,
    make_desk,
    read_mail,
    visible,
)

HOSTILE = [
    "Nell\r\nBcc: mel@example.com\r\n\r\nHello",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</td></tr></table><h1>9,999 new customers</h1>",
    "{{ 7 * 7 }}{% raw %}",
    "\u202emoc.elpmaxe@lleN\u2066",
    "Nu\x00ll\x1b[2J",
    "x" * 10_000,
    "=?utf-8?q?=42?=",
    ".\r\n.\r\nQUIT",
    "-- \nUnsubscribe: https://evil.example",
    "園田 Ünïcødé 👩\u200d🔧",
]
HEADERS = (
    "From",
    "To",
    "Subject",
    "Date",
    "Reply-To",
    "Message-ID",
    "Auto-Submitted",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "MIME-Version",
    "Content-Type",
)


@pytest.fixture
def desk(runtime: Runtime, clock: Clock) -> Desk:
    """A company whose only recipient is its admin, so that the mail has all its links."""
    desk = make_desk(runtime, clock)
    with runtime.sessions() as session:
        make_user(session, session.get_one(Company, desk.company_id), email="ada@example.com")
    return desk


def test_to_whoever_is_no_user_no_link_leads_to_a_sign_in(desk: Desk) -> None:
    desk.change(User, email="olu@example.com")

    parts = decoded(_mail(desk))

    for part in parts.values():
        assert set(re.findall(r"5000/([a-z]+)", part)) == {"unsubscribe"}


def _mail(desk: Desk) -> EmailMessage:
    deliver_due(desk.runtime)
    (mail,) = desk.mails()
    return mail


def test_the_mail_is_marked_and_can_be_stopped(desk: Desk) -> None:
    mail = _mail(desk)

    assert mail["Subject"] == "1 new customer on Friday, 20 November"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"] == "Sat, 21 Nov 2026 12:00:00 +0000"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = mail["List-Unsubscribe"].strip("<>")
    assert link.startswith("http://127.0.0.1:5000/unsubscribe/")
    assert link in decoded(mail)["text/plain"]
    assert f'href="{link}"' in decoded(mail)["text/html"]
    assert LINK_KEY not in str(mail)


def test_the_message_id_is_the_same_for_the_same_delivery_and_dot_atom(desk: Desk) -> None:
    mail = _mail(desk)

    assert re.fullmatch(r"<[a-z0-9.-]+@example\.com>", mail["Message-ID"])
    line = next(line for line in desk.outbox.received[0].split(b"\r\n") if b"Message-ID" in line)
    assert line == f"Message-ID: {desk.row().message_id}".encode()
    again = delivery_message_id(DAY, recipient_public_id="ab" * 8, sender="Clerk@Example.com")
    assert again == "<signup-report.20261120.abababababababab@example.com>"


def test_text_and_html_say_the_same(desk: Desk) -> None:
    desk.add_signups(name="Tegan & Sons", company_name="Roofing <Ltd>", phone="814 555 0117")

    parts = decoded(_mail(desk))

    shown = visible(parts["text/html"])
    for words in (
        "2 new customers",
        "none the day before",
        "Friday, 20 November 2026 (New York)",
        "Nell Harrow",
        "nell@example.com",
        "Tegan & Sons",
        "Roofing <Ltd>",
        "814 555 0117",
        "Added by hand",
        "09:00",
        "Last 14 days: 2",
        "Sent to ada@example.com every day at 07:00.",
    ):
        assert words in parts["text/plain"], words
        assert words in shown, words


def test_both_parts_hold_the_same_rows_links_and_bars(desk: Desk) -> None:
    for days, count in ((1, 3), (5, 1), (13, 2)):
        desk.add_signups(count, created_at=NOW - timedelta(days=days))
    desk.add_signups(60, name="Tegan & Sons", company_name="Roofing Ltd", phone="814 555 0117")

    parts = decoded(_mail(desk))

    text, html = parts["text/plain"], parts["text/html"]
    address = r"http://127\.0\.0\.1:5000/[a-z]+[a-zA-Z0-9/._-]*"
    assert sorted(re.findall(address, text)) == sorted(set(re.findall(address, html)))
    assert len(re.findall(r"/customers/[0-9a-f]{16}", text)) == 61
    for words in (r"Tegan & Sons", r"Roofing Ltd", r"814 555 0117", r"customer-\d+@example.com"):
        assert len(re.findall(words, text)) == len(re.findall(words, visible(html))), words
    bars = [(day.strip(), number) for day, number in re.findall(r"  ([A-Z]\w\w \d+) +(\d+)", text)]
    assert len(bars) == 14
    assert "Last 14 days: 67 " + " ".join(f"{day} {number}" for day, number in bars) in (
        visible(html)
    )


def test_a_day_without_anybody_says_so_in_both_parts(desk: Desk) -> None:
    desk.change(Customer, created_at=NOW - timedelta(days=40))
    desk.change(ReportSettings, on_empty_day=EmptyDay.SEND)

    mail = _mail(desk)

    assert mail["Subject"] == "No new customers on Friday, 20 November"
    assert "No new customers" in decoded(mail)["text/plain"]
    assert "No new customers" in visible(decoded(mail)["text/html"])


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_only_text(desk: Desk, name: str) -> None:
    desk.change(Customer, name=name, company_name=name, phone=name)
    desk.change(Company, name=name)

    mail = _mail(desk)

    parts = decoded(mail)
    assert sorted(mail.keys()) == sorted(HEADERS)
    assert mail["Subject"] == "1 new customer on Friday, 20 November"
    assert re.findall(r"<(?:script|img|svg|iframe)|<h1[^>]*>9,999", parts["text/html"]) == []
    assert re.findall(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", str(parts)) == []
    assert not any(line.startswith(("Bcc", "QUIT")) for line in parts["text/plain"].splitlines())
    assert len(desk.outbox.received[0]) < 100_000


def test_two_hundred_signups_stay_under_100_kb(desk: Desk) -> None:
    for number in range(10):
        desk.add_signups(51, name=f"Étienne Harbour View {number}", phone="(814) 555-0117")

    mail = _mail(desk)

    parts = decoded(mail)
    assert mail["Subject"] == "511 new customers on Friday, 20 November"
    assert "and 311 more: http://127.0.0.1:5000/reports/2026-11-20" in parts["text/plain"]
    assert "311 more" in visible(parts["text/html"])
    assert len(desk.outbox.received[0]) < 100_000


def test_nothing_is_fetched_when_the_mail_is_opened(desk: Desk) -> None:
    html = decoded(_mail(desk))["text/html"]

    fetching = (
        r"\s(?:src|srcset|background|poster|data)=|url\(|@import|@font-face"
        r"|<(?:link|script|img|iframe|object|embed|base|meta http)"
    )
    assert re.findall(fetching, html, re.I) == []
    assert set(re.findall(r'href="(https?://[^/"]+)', html)) == {"http://127.0.0.1:5000"}
    assert "prefers-color-scheme: dark" in html


@pytest.mark.parametrize("count", [1, 5])
def test_placeholders_change_no_byte_of_the_report(
    runtime: Runtime, clock: Clock, count: int
) -> None:
    desk = make_desk(runtime, clock)
    for number in range(count):
        email = f"quickbooks-{number}@placeholder.local"
        desk.add_signups(name="Hidden Person", email=email, is_placeholder_email=True)
    desk.add_signups(name="Also Hidden", email="X@PLACEHOLDER.LOCAL")
    desk.add_signups(name="Real", email="x@placeholder.local.example.com")

    mail = _mail(desk)

    assert mail["Subject"] == "2 new customers on Friday, 20 November"
    for part in decoded(mail).values():
        assert "Hidden" not in part
        assert not re.search(r"placeholder\.local(?!\.example)", part, re.I)
        assert not re.search(r"placeholder(?!\.local\.example\.com)", part, re.I)
    assert "x@placeholder.local.example.com" in decoded(mail)["text/plain"]


@given(
    local=st.from_regex(r"[a-z0-9]{1,12}", fullmatch=True),
    spelling=st.sampled_from(
        ["placeholder.local", "PLACEHOLDER.LOCAL", "Placeholder.Local", "placeholder.local."]
    ),
    blanks=st.sampled_from(["{}", " {} ", "real@example.com, {}", "{};real@example.com"]),
)
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_spelling_of_a_placeholder_reaches_a_mail(
    desk: Desk, local: str, spelling: str, blanks: str
) -> None:
    with desk.runtime.sessions() as session:
        session.query(Customer).delete()
        session.commit()
    desk.add_signups(name="Hidden", email=blanks.format(f"{local}@{spelling}"))
    desk.add_signups(name="Real", email="real@example.com")
    with desk.runtime.sessions() as session:
        session.query(ReportDelivery).delete()
        session.commit()

    deliver_due(desk.runtime)

    parts = decoded(read_mail(desk.outbox.received[-1]))
    assert not any("placeholder" in part.lower() or "Hidden" in part for part in parts.values())
    assert all("Real" in parts[kind] for kind in ("text/plain", "text/html"))


def _connect(desk: Desk, *, new: int, **overrides: object) -> None:
    """Let an admin have looked on Monday, and a re-check have found so many new ones since."""
    with desk.runtime.sessions() as session:
        company = session.get_one(Company, desk.company_id)
        connection = make_connection(session, make_account(session, company), **overrides)
        connection.looked_at = MORNING - timedelta(days=5)
        connection.looked_reading_id = make_reading(session, connection).id
        reading = make_reading(session, connection)
        for _ in range(new):
            make_remote_customer(session, reading, name="Brand-new Barge Ltd")


def test_who_is_new_in_the_books_is_told_in_one_line_and_as_a_number(desk: Desk) -> None:
    _connect(desk, new=3, reports_new=True)

    parts = decoded(_mail(desk))

    line = "3 new in QuickBooks since Monday."
    address = "http://127.0.0.1:5000/settings/integrations"
    assert f"{line} Open Integrations: {address}\r\n" in parts["text/plain"]
    assert f"{line} Open Integrations Last 14 days" in visible(parts["text/html"])
    assert f'href="{address}"' in parts["text/html"]
    assert "Barge" not in parts["text/plain"] + parts["text/html"]


@pytest.mark.parametrize(("new", "reports_new"), [(3, False), (0, True)])
def test_without_the_wish_or_without_news_there_is_no_such_line(
    desk: Desk, new: int, reports_new: bool
) -> None:
    _connect(desk, new=new, reports_new=reports_new)

    parts = decoded(_mail(desk))

    assert "new in QuickBooks" not in parts["text/plain"] + parts["text/html"]
    assert "Open Integrations" not in parts["text/plain"] + parts["text/html"]
