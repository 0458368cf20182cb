"""The mail of an ended permission as its readers get it: both parts alike, exact, harmless."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import URL, update

from models import Company, Connection, ReconnectReason, RemoteAccount, User
from services.reconnect_mail import tell_admins
from services.runtime import Runtime
from tests.fakes import Outbox
from tests.services.noticing import end_permission, sent_mails, silent_while_writing, with_mailer
from tests.services.reporting import SENDER, decoded
from tests.services.support import Place, one

HOSTILE = [
    "Harbor\r\nBcc: zoe@example.com\r\n\r\nHello",
    "\u202egnitaeH robraH\u2066",
    "<img src=x onerror=alert(1)></p><h1>Paid</h1>",
    "{{ 7 * 7 }}{happened}",
    "Nu\x00ll\x1b[2J",
    "x" * 500,
]
SUBJECT = "QuickBooks needs to be reconnected. Nothing is lost."
PAGE = "http://127.0.0.1:5000/settings/integrations/quickbooks"


@pytest.fixture
def outbox(database_url: URL) -> Outbox:
    return silent_while_writing(database_url)


@pytest.fixture
def office(runtime: Runtime, outbox: Outbox) -> Runtime:
    return with_mailer(runtime, outbox)


def _rename(runtime: Runtime, table: Any, row_id: int, name: str) -> None:
    with runtime.sessions() as session:
        session.execute(update(table).where(table.id == row_id).values(name=name))
        session.commit()


def _words(html: str) -> str:
    body = html[html.index("<body") :]
    text = re.sub(r"<[^>]*>", " ", body)
    for name, letter in (("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"), ("&nbsp;", " ")):
        text = text.replace(name, letter)
    return " ".join(text.split())


def test_the_mail_is_marked_as_a_notice_of_a_program(
    office: Runtime, outbox: Outbox, harbor: Place
) -> None:
    end_permission(office, harbor)

    tell_admins(office)

    (mail,) = sent_mails(outbox)
    assert mail["Subject"] == SUBJECT
    assert mail["From"].addresses[0].addr_spec == SENDER
    assert mail["Date"] == "Fri, 20 Nov 2026 14:00:00 +0000"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Unsubscribe"] is None
    connection = one(office.sessions, Connection, harbor.connection_id)
    admin = one(office.sessions, User, harbor.admin.user_id)
    said = f"reconnect.{connection.public_id}.20261120140000.{admin.public_id}"
    assert mail["Message-ID"] == f"<{said}@example.com>"


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        (None, "QuickBooks has ended our permission to read your customers."),
        (ReconnectReason.ENDED, "QuickBooks has ended our permission to read your customers."),
        (
            ReconnectReason.SCOPE_MISSING,
            "The connection may no longer read customers in QuickBooks.",
        ),
        (
            ReconnectReason.ACCOUNT_GONE,
            "Your company is no longer shared with us in QuickBooks.",
        ),
        (
            ReconnectReason.OTHER_INSTALLATION,
            "The connection to QuickBooks was made at https://clerk.example.org.",
        ),
    ],
)
def test_text_and_html_say_what_happened_what_we_did_and_what_to_do(
    office: Runtime, outbox: Outbox, harbor: Place, reason: ReconnectReason | None, sentence: str
) -> None:
    end_permission(
        office, harbor, reconnect_reason=reason, installation="https://clerk.example.org"
    )
    _rename(office, Company, harbor.company_id, "Harbor & Sons")

    tell_admins(office)

    parts = decoded(sent_mails(outbox)[0])
    text, visible = " ".join(parts["text/plain"].split()), _words(parts["text/html"])
    for words in (
        sentence,
        "We noticed on Friday, 20 November 2026 at 09:00 (New York).",
        "Nothing is lost: your links and ignored customers stay as they are.",
        "Until QuickBooks is reconnected, nothing is read there.",
        "the same QuickBooks company: Harbor Heating & Air LLC.",
        "Reconnect QuickBooks",
        "Sent once to ada@example.com and every other admin of Harbor & Sons.",
    ):
        assert words in text, words
        assert words in visible, words
    assert f"Reconnect QuickBooks: {PAGE}" in text
    assert re.findall(r'href="([^"]*)"', parts["text/html"]) == [PAGE]
    # Everything said in the one is said in the other, but for the button's address.
    assert set(text.replace(f": {PAGE}", "").split()) <= set(visible.split())


def test_a_copy_elsewhere_names_both_addresses(
    office: Runtime, outbox: Outbox, harbor: Place
) -> None:
    there = "https://clerk.example.org"
    end_permission(office, harbor, ReconnectReason.OTHER_INSTALLATION, installation=there)

    tell_admins(office)

    text = decoded(sent_mails(outbox)[0])["text/plain"]
    assert f"was made at {there}." in text
    assert "Reconnect only if you want to use it at http://127.0.0.1:5000." in text


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_only_text(
    office: Runtime, outbox: Outbox, harbor: Place, name: str
) -> None:
    _rename(office, RemoteAccount, harbor.account_id, name)
    _rename(office, Company, harbor.company_id, name[:200])
    end_permission(office, harbor, installation=name[:200], reconnect_reason="other_installation")

    tell_admins(office)

    (mail,) = sent_mails(outbox)
    parts = decoded(mail)
    assert outbox.recipients == ["ada@example.com"]
    assert (mail["Subject"], mail["Bcc"]) == (SUBJECT, None)
    assert re.findall(r"<img|<h1[^>]*>Paid", parts["text/html"]) == []
    assert (
        re.findall(
            r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]",
            "".join(parts.values()),
        )
        == []
    )
    assert not any(line.startswith("Bcc") for line in parts["text/plain"].splitlines())
