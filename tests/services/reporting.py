"""What the tests of the daily report share: a company that is mailed, and a look at its rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from models import Company, DeliveryState, ReportDelivery, ReportRecipient
from services.local_days import moment
from services.runtime import Runtime
from tests.conftest import Clock
from tests.factories import (
    NOW,
    make_company,
    make_customer,
    make_report_recipient,
    make_report_settings,
)
from tests.fakes import Outbox

#: The morning after NOW's local day in New York, at the report's hour.
MORNING = datetime.fromisoformat("2026-11-21T12:00:00+00:00")
DAY = date(2026, 11, 20)
LINK_KEY = "a key for tests"
SENDER = "clerk@example.com"


@dataclass(frozen=True)
class Desk:
    """One company whose report is on, with its outbox and a clock."""

    runtime: Runtime
    outbox: Outbox
    clock: Clock
    company_id: int

    def add_recipients(self, *addresses: str, **overrides: Any) -> None:
        with self.runtime.sessions() as session:
            company = session.get_one(Company, self.company_id)
            for address in addresses:
                make_report_recipient(session, company, address=address, **overrides)

    def add_signups(self, count: int = 1, **overrides: Any) -> None:
        with self.runtime.sessions() as session:
            company = session.get_one(Company, self.company_id)
            for _ in range(count):
                make_customer(session, company, **overrides)

    def change(self, table: Any, **values: Any) -> None:
        """Change every row of a table."""
        with self.runtime.sessions() as session:
            for row in session.scalars(select(table)):
                for name, value in values.items():
                    setattr(row, name, value)
            session.commit()

    def rows(self) -> Sequence[ReportDelivery]:
        with self.runtime.sessions() as session:
            return session.scalars(select(ReportDelivery).order_by(ReportDelivery.id)).all()

    def row(self) -> ReportDelivery:
        (row,) = self.rows()
        return row

    def states(self) -> dict[str, DeliveryState]:
        """Return the state of each recipient's last delivery."""
        with self.runtime.sessions() as session:
            found = session.execute(
                select(ReportRecipient.address, ReportDelivery.state)
                .join(ReportDelivery, ReportDelivery.recipient_id == ReportRecipient.id)
                .order_by(ReportDelivery.id)
            )
            return {address: state for address, state in found}

    def mails(self) -> list[EmailMessage]:
        return [read_mail(lines) for lines in self.outbox.received]

    def subjects(self) -> list[str]:
        return [mail["Subject"] for mail in self.mails()]


def make_desk(runtime: Runtime, clock: Clock, *addresses: str, **settings: Any) -> Desk:
    """A company whose report is on at seven in New York, with somebody who signed up on DAY."""
    outbox = Outbox()
    runtime = replace(runtime, mailer=outbox, mail_from=SENDER, link_key=LINK_KEY)
    zone = settings.pop("zone", "America/New_York")
    with runtime.sessions() as session:
        company = make_company(session, zone=zone, name="Harbor Heating & Air")
        make_report_settings(
            session, company, **{"reported_from_at": day_start(DAY, zone), **settings}
        )
        make_customer(session, company, name="Nell Harrow", email="nell@example.com")
        company_id = company.id
    desk = Desk(runtime, outbox, clock, company_id)
    desk.add_recipients(
        *(addresses or ("ada@example.com",)), reported_from_at=NOW - timedelta(days=999)
    )
    clock.now = MORNING
    return desk


def day_start(day: date, zone: str = "America/New_York") -> datetime:
    return moment(ZoneInfo(zone), day)


def read_mail(lines: bytes) -> EmailMessage:
    message = message_from_bytes(lines, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def decoded(mail: EmailMessage) -> dict[str, str]:
    """Return every part of a mail as a reader sees it, and all headers as one more."""
    parts = {"headers": "\n".join(f"{name}: {value}" for name, value in mail.items())}
    for part in mail.walk():
        if not part.is_multipart():
            parts[part.get_content_type()] = part.get_content()
    return parts


def visible(html: str) -> str:
    """Return the words of a mail's HTML as they are read."""
    body = re.sub(r"<style.*?</style>|<title.*?</title>|<div class=\"preview\".*?</div>", "", html)
    body = body[body.index("<body") :]
    text = re.sub(r"<[^>]*>", " ", body)
    for name, letter in (("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"), ("&nbsp;", " ")):
        text = text.replace(name, letter)
    return " ".join(text.split())
