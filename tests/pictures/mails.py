"""Every mail as a page, for the pictures and for whoever looks at all screens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from playwright.sync_api import Page, expect

from models import Frequency, LinkPurpose, ReconnectReason, Role
from services.confirmation_mail import Question, render_question
from services.link_mail import LinkMail, render_link_mail
from services.mail import RenderedMail
from services.providers.contract import ProviderKey
from services.providers.registry import provider_profile
from services.reconnect_mail import Ending, render_notice
from tests.browser.people import Opener, press
from tests.system.demo import Demo

COMPANY = "Harbor Heating & Air"
HERE = "https://clerk.example.com"
ZONE = ZoneInfo("America/New_York")
MADE_AT = datetime(2026, 11, 20, 14, 14, tzinfo=UTC)


def _shown(mail: Callable[[], RenderedMail]) -> Callable[..., Page]:
    def go(people: Opener, _demo: Demo, **options: Any) -> Page:
        return _show(people, mail().html, **options)

    return go


def _show(people: Opener, html: str, **options: Any) -> Page:
    page = people.browser(None, **options).new_page()
    page.set_content(html)
    return page


def _link_mail(purpose: LinkPurpose) -> Callable[..., Page]:
    lasts = timedelta(days=7) if purpose is LinkPurpose.INVITATION else timedelta(hours=1)
    mail = LinkMail(
        link_public_id="a1",
        purpose=purpose,
        address="kim@example.org",
        company_name=COMPANY,
        invited_by="Ada Brandt",
        role=Role.MEMBER,
        zone=ZONE,
        token="example",
        made_at=MADE_AT,
        expires_at=MADE_AT + lasts,
    )
    return _shown(lambda: render_link_mail(mail, public_base_url=HERE))


def _question() -> RenderedMail:
    question = Question(
        recipient_public_id="a1",
        address="kim@example.org",
        company_name=COMPANY,
        asked_by="Ada Brandt",
        frequency=Frequency.DAILY,
        local_hour=7,
        zone=ZONE,
        asked_at=MADE_AT,
        expires_at=MADE_AT + timedelta(days=7),
    )
    return render_question(
        question, confirm_url=f"{HERE}/confirm/example", unsubscribe_url=f"{HERE}/u/example"
    )


def _ending() -> RenderedMail:
    ending = Ending(
        connection_public_id="a1",
        profile=provider_profile(ProviderKey.QUICKBOOKS),
        reason=ReconnectReason.ENDED,
        installation="",
        account_name="Harbor Heating & Air LLC",
        company_name=COMPANY,
        zone=ZONE.key,
        noticed_at=MADE_AT,
        told_at=MADE_AT,
        admins=(),
    )
    return render_notice(ending, "ada@example.com", public_base_url=HERE)


def _report(people: Opener, demo: Demo, **options: Any) -> Page:
    demo.control("DELETE", "outbox")
    settings = people.open("ada", "/settings/reports")
    press(settings, "Send test to me")
    expect(settings.locator("#report-test [role=status]:not(.busy)")).to_contain_text("@")
    [mail] = demo.control("GET", "outbox")["mails"]
    return _show(people, mail["html"], **options)


MAILS: Mapping[str, Callable[..., Page]] = {
    "mail signup report": _report,
    "mail confirm recipient": _shown(_question),
    "mail reconnect": _shown(_ending),
    **{f"mail {one}".replace("_", " "): _link_mail(one) for one in LinkPurpose},
}
