"""What the tests of asking share: a company that wants to mail a stranger."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage

from sqlalchemy import select

from jobs.tasks import deliver_reports
from models import ReportRecipient
from services.recipient_confirmation import ask_again, confirm
from services.runtime import Runtime
from tests.conftest import Clock
from tests.services.reporting import LINK_KEY, MORNING, Desk, decoded, make_desk
from tests.services.support import Place

OLU, KIM = "olu@example.org", "kim@example.org"
#: Before the report's hour, so that the day's report is still to come.
NIGHT = MORNING - timedelta(hours=6)


def make_asking_desk(runtime: Runtime, clock: Clock) -> Desk:
    """A company that wants to mail olu, who was not asked yet."""
    desk = make_desk(runtime, clock, OLU)
    desk.change(ReportRecipient, confirmed_at=None)
    clock.now = NIGHT
    return desk


def questions(desk: Desk) -> list[EmailMessage]:
    return [mail for mail in desk.mails() if str(mail["Message-ID"]).startswith("<confirm.")]


def last_token(desk: Desk) -> str:
    """Return the token of the last question."""
    text = decoded(questions(desk)[-1])["text/plain"]
    return text.partition("/confirm/")[2].split()[0]


def confirm_by(desk: Desk) -> None:
    with desk.runtime.sessions() as session:
        confirm(session, last_token(desk), link_key=LINK_KEY, now=desk.clock.now)


def recipient_of(desk: Desk, address: str = OLU) -> ReportRecipient:
    with desk.runtime.sessions() as session:
        query = select(ReportRecipient).where(ReportRecipient.address == address)
        return session.scalars(query).one()


def ask_again_by(desk: Desk, place: Place, public_id: str) -> str:
    """Ask as an admin of the desk's company."""
    who = replace(place.admin, company_id=desk.company_id)
    with desk.runtime.sessions() as session:
        return ask_again(session, who, public_id, now=desk.clock.now)


def run_hours(desk: Desk, count: int) -> None:
    for _ in range(count * 4):
        desk.clock.advance(minutes=15)
        deliver_reports(desk.runtime)
