"""The mails with links, and the notices: what they say, where they lead, what they never hold."""

from __future__ import annotations

import re
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from models import LinkPurpose, Role
from services.link_mail import LinkMail, compose_link_mail, render_link_mail
from tests.factories import NOW
from tests.services.reporting import decoded, visible

HERE = "https://clerk.example.com"


def _mail(purpose: LinkPurpose = LinkPurpose.INVITATION, **overrides: object) -> LinkMail:
    values: dict[str, object] = {
        "link_public_id": "0123456789abcdef",
        "purpose": purpose,
        "address": "kim@example.org",
        "company_name": "Harbor <b>& Air",
        "invited_by": "Ada Brandt",
        "role": Role.ADMIN,
        "zone": ZoneInfo("America/New_York"),
        "token": "" if purpose.value.endswith("notice") else "the.token",
        "made_at": NOW,
        "expires_at": NOW + timedelta(hours=1),
    }
    return LinkMail(**values | overrides)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("purpose", "words", "url"),
    [
        (
            LinkPurpose.INVITATION,
            "Ada Brandt of Harbor <b>& Air would like you to work with them in BlueClerk, as an "
            "admin.",
            f"{HERE}/invitation/the.token",
        ),
        (
            LinkPurpose.PASSWORD_RESET,
            "Somebody asked for a new password for kim@example.org.",
            f"{HERE}/password/the.token",
        ),
        (
            LinkPurpose.EMAIL_CHANGE,
            "Ada Brandt of Harbor <b>& Air would like to sign in to BlueClerk as kim@example.org",
            f"{HERE}/email/the.token",
        ),
        (
            LinkPurpose.PASSWORD_NOTICE,
            "On Friday, 20 November 2026 at 09:00 (New York), by the link of a mail or by somebody",
            f"{HERE}/password",
        ),
        (
            LinkPurpose.EMAIL_ASKED_NOTICE,
            "asked on Friday, 20 November 2026 at 09:00 (New York) to sign in with another address",
            f"{HERE}/password",
        ),
        (
            LinkPurpose.EMAIL_CHANGED_NOTICE,
            "another address took the place of kim@example.org",
            "",
        ),
    ],
)
def test_both_parts_say_the_same_and_lead_to_the_same_place(
    purpose: LinkPurpose, words: str, url: str
) -> None:
    mail = render_link_mail(_mail(purpose), public_base_url=HERE)

    assert words in mail.text
    assert words in visible(mail.html)
    assert set(re.findall(r"https?://\S+", mail.text)) == ({url} - {""})
    assert set(re.findall(r'(?:href|src)="([^"]*)"', mail.html)) == ({url} - {""})
    assert "url(" not in mail.html
    assert "<b>" not in mail.html


@pytest.mark.parametrize("purpose", [*LinkPurpose])
def test_no_subject_holds_what_somebody_wrote(purpose: LinkPurpose) -> None:
    message = compose_link_mail(
        _mail(purpose, company_name="Zebra", invited_by="Zebra"),
        sender="clerk@example.com",
        public_base_url=HERE,
    )

    assert "Zebra" not in message["Subject"]
    assert "BlueClerk" in message["Subject"]


def test_a_link_says_until_when_it_works() -> None:
    mail = render_link_mail(_mail(LinkPurpose.PASSWORD_RESET), public_base_url=HERE)

    assert "once, until Friday, 20 November 2026 at 10:00 (New York)." in mail.text


def test_names_cannot_be_taken_for_links() -> None:
    mail = render_link_mail(
        _mail(company_name="http://evil.example.com", invited_by="www.evil.example.com/win"),
        public_base_url=HERE,
    )

    assert "evil.example" not in mail.text + mail.html


def test_a_mail_that_is_sent_again_keeps_its_id() -> None:
    messages = [
        compose_link_mail(_mail(), sender="clerk@example.com", public_base_url=HERE)
        for _ in range(2)
    ]

    ids = {message["Message-ID"] for message in messages}
    assert ids == {"<invitation.0123456789abcdef@example.com>"}
    assert "the.token" not in decoded(messages[0])["headers"]
