"""The test of the daily report that somebody sends to themselves, and waits for before a page.

It holds one of the server's few threads while it is under way.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from models import Attempt, Company
from services.mail import ServerAnswer
from services.report_sending import SendingError, send_test
from services.runtime import Runtime
from services.sign_ins import SignedIn
from services.throttle import allow, hash_key

UNDER_WAY, ASKED_FOR = "test_mail_now", "test_mail"
TESTS_AN_HOUR = 10
HOUR = timedelta(hours=1)
#: A process that was killed in between takes nothing back, and blocks no longer than this.
LONGEST_TEST = timedelta(minutes=2)


class AnotherTestUnderWay(SendingError):
    pass


class TooManyTests(SendingError):
    pass


def send_own_test(runtime: Runtime, who: SignedIn) -> ServerAnswer:
    """Send yesterday's report to whoever asks, one at a time for each company. Commits.

    Calls the network, and gives up sooner than the daily report does. Raises as `send_test`
    does, AnotherTestUnderWay or TooManyTests.
    """
    quick = replace(runtime, mailer=runtime.quick_mailer or runtime.mailer)
    with _one_at_a_time(runtime, who.company_id):
        return send_test(quick, who.company_id, address=who.email)


@contextmanager
def _one_at_a_time(runtime: Runtime, company_id: int) -> Iterator[None]:
    key_hash = hash_key(runtime.link_key, str(company_id))
    with runtime.sessions() as session:
        _begin(session, company_id, key_hash, runtime=runtime)
        session.commit()
    try:
        yield
    finally:
        with runtime.sessions() as session:
            is_it = (Attempt.kind == UNDER_WAY, Attempt.key_hash == key_hash)
            session.execute(delete(Attempt).where(*is_it))
            session.commit()


def _begin(session: Session, company_id: int, key_hash: str, *, runtime: Runtime) -> None:
    now = runtime.clock()
    # Two who look at the same time would both find no test under way.
    session.get_one(Company, company_id, with_for_update=True)
    if not allow(session, kind=UNDER_WAY, key_hash=key_hash, limit=1, window=LONGEST_TEST, now=now):
        raise AnotherTestUnderWay("Another test is under way. Wait until it has ended.")
    if not allow(
        session, kind=ASKED_FOR, key_hash=key_hash, limit=TESTS_AN_HOUR, window=HOUR, now=now
    ):
        raise TooManyTests(
            f"{TESTS_AN_HOUR} tests went to the mail server within an hour. Try again later."
        )
