"""What the tests of mailed links share: harbor with ada and mel, an outbox, and its links."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from email.message import EmailMessage
from typing import Any

from sqlalchemy import URL, select
from sqlalchemy.orm import Session

from jobs.tasks import JOBS
from models import LinkPurpose, OneTimeLink, Role, User
from services.invitations import invite
from services.one_time_links import LINK_JOB
from services.runtime import Runtime
from services.sign_ins import SignedIn
from tests.conftest import Clock, WakeUps
from tests.factories import make_company, make_signed_in, make_user
from tests.fakes import Outbox
from tests.services.reporting import LINK_KEY, SENDER, decoded, read_mail
from tests.services.support import refuse_open_transactions

ADA, MEL, KIM = "ada@example.com", "mel@example.com", "kim@example.org"
PASSWORD = "quiet harbour lamps"


@dataclass(frozen=True)
class Office:
    """One company, its mail, and who asks for it."""

    runtime: Runtime
    outbox: Outbox
    clock: Clock
    wake_ups: WakeUps
    ada: SignedIn
    mel: SignedIn

    def now(self) -> dict[str, Any]:
        """Return what services are told of the moment and of jobs."""
        return {"wake": self.runtime.wake, "now": self.clock.now}

    def opened(self) -> dict[str, Any]:
        """Return what services need for a link that was opened."""
        return {"link_key": LINK_KEY, "now": self.clock.now}

    def session(self) -> Session:
        return self.runtime.sessions()

    def invite(self, email: str = KIM, role: Role = Role.MEMBER) -> str:
        with self.session() as session:
            return invite(session, self.ada, email=email, role=role, **self.now())

    def send(self) -> None:
        """Carry out the jobs that were woken, as the engine would."""
        woken = list(self.wake_ups.rows)
        self.wake_ups.rows.clear()
        for job, row_id in woken:
            assert job == LINK_JOB
            JOBS[job](self.runtime, row_id)

    def mails(self) -> list[EmailMessage]:
        return [read_mail(lines) for lines in self.outbox.received]

    def last_token(self) -> str:
        """Return the token of the last mail that has a link."""
        texts = [decoded(mail)["text/plain"] for mail in self.mails()]
        links = [text.partition(SENT_FROM)[2].split()[0] for text in texts if SENT_FROM in text]
        return [link.partition("/")[2] for link in links if "/" in link][-1]

    def links(self, purpose: LinkPurpose | None = None) -> Sequence[OneTimeLink]:
        query = select(OneTimeLink).order_by(OneTimeLink.id)
        with self.session() as session:
            return session.scalars(
                query if purpose is None else query.where(OneTimeLink.purpose == purpose)
            ).all()

    def link(self) -> OneTimeLink:
        (link,) = self.links()
        return link

    def user(self, email: str) -> User:
        with self.session() as session:
            return session.scalars(select(User).where(User.email == email)).one()

    def change_user(self, user_id: int, **values: Any) -> None:
        with self.session() as session:
            user = session.get_one(User, user_id)
            for name, value in values.items():
                setattr(user, name, value)
            session.commit()


SENT_FROM = "https://clerk.example.com/"


def make_office(runtime: Runtime, clock: Clock, wake_ups: WakeUps, database_url: URL) -> Office:
    """Harbor with ada and mel; nothing is said to its mail server while a transaction is open."""
    outbox = Outbox(meanwhile=refuse_open_transactions(database_url))
    runtime = replace(
        runtime,
        mailer=outbox,
        mail_from=SENDER,
        link_key=LINK_KEY,
        public_base_url=SENT_FROM.rstrip("/"),
    )
    with runtime.sessions() as session:
        company = make_company(session, name="Harbor Heating & Air", slug="harbor")
        ada = make_user(session, company, email=ADA, name="Ada Brandt")
        mel = make_user(session, company, email=MEL, name="Mel Osei", role=Role.MEMBER)
        signed_in = [make_signed_in(session, user) for user in (ada, mel)]
    return Office(runtime, outbox, clock, wake_ups, *signed_in)
