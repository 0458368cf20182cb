"""Pages behind the links of mails, for the tests that look at every page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.sync_api import Page, expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import LinkPurpose, ReportRecipient, User
from services.env_file import read_env_file
from services.link_mail import PATHS
from services.one_time_links import add_link, link_token
from services.unsubscription import unsubscribe_token
from tests.browser.people import Opener, press
from tests.system.demo import Demo

INVITATION, RESET, CHANGE = PATHS


def _link(demo: Demo, purpose: LinkPurpose, age: timedelta) -> str:
    """Return the address of a link that mel, or whoever is invited, was mailed that long ago."""
    with demo.database() as database, Session(database) as session:
        mel = session.scalars(select(User).where(User.email == "mel@example.com")).one()
        link = add_link(
            session,
            company_id=mel.company_id,
            purpose=purpose,
            email="mel@example.com" if purpose is RESET else "kim@example.org",
            user_id=None if purpose is INVITATION else mel.id,
            created_by_id=mel.id,
            now=datetime.now(UTC) - age,
        )
        # The mail is not wanted here, and a later link would end this one.
        link.next_attempt_at = None
        token = link_token(_secret_key(demo), link)
        session.commit()
    return PATHS[purpose] + token


def _secret_key(demo: Demo) -> str:
    return read_env_file(demo.folder / "demo.env")["BLUECLERK_SECRET_KEY"]


def _behind(
    person: str | None, purpose: LinkPurpose, age: timedelta = timedelta(0)
) -> Callable[..., Page]:
    def go(people: Opener, demo: Demo, **options: Any) -> Page:
        return people.open(person, _link(demo, purpose, age), **options)

    return go


def _asked_for_password(people: Opener, _demo: Demo, **options: Any) -> Page:
    page = people.open(None, "/password", **options)
    page.get_by_label("E-mail").fill("nobody@example.com")
    press(page, "Mail me a link")
    expect(page.locator("h1")).to_have_text("Look into your mail")
    return page


def _no_confirmation(people: Opener, _demo: Demo, **options: Any) -> Page:
    return people.open(None, "/confirm/nobody", **options)


def _unsubscribing(people: Opener, demo: Demo, **options: Any) -> Page:
    with demo.database() as database:
        address_is = ReportRecipient.address == "ada@example.com"
        recipient = database.execute(
            select(ReportRecipient.public_id).where(address_is)
        ).scalar_one()
    token = unsubscribe_token(_secret_key(demo), recipient)
    return people.open(None, f"/unsubscribe/{token}", **options)


def _unsubscribed(people: Opener, demo: Demo, **options: Any) -> Page:
    page = _unsubscribing(people, demo, **options)
    page.locator("main button").click()
    expect(page.locator("h1")).to_have_text("Unsubscribed")
    return page


LINK_PAGES: Mapping[str, Callable[..., Page]] = {
    "no confirmation": _no_confirmation,
    "asked for password": _asked_for_password,
    "invitation": _behind(None, INVITATION),
    "invitation of another": _behind("zoe", INVITATION),
    "new password": _behind(None, RESET),
    "ended link": _behind(None, RESET, timedelta(hours=1)),
    "other e-mail": _behind("mel", CHANGE),
    "unsubscribe": _unsubscribing,
    "unsubscribed": _unsubscribed,
}
