"""Whatever admins, recipients, clocks and mail servers do: no day is mailed twice, none is lost."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from jobs.tasks import deliver_reports
from models import (
    Company,
    DeliveryState,
    EmptyDay,
    Frequency,
    ReportDelivery,
    ReportRecipient,
    ReportSettings,
    SkipReason,
    User,
)
from services.local_days import day_window, find_zone, last_due_day, last_due_sunday, start_of_today
from services.mail import MessageRefused, ServerTrouble, TryLater, UncertainOutcome
from services.recipient_confirmation import LINK_LIVES, confirm, confirmation_token
from services.report_recipients import RecipientState, RecipientWish, list_recipients
from services.report_settings import NoRecipientChosen, ReportWish, change_report_settings
from services.runtime import Runtime
from services.sign_ins import SignedIn
from services.unsubscription import resubscribe, unsubscribe, unsubscribe_token
from tests.conftest import Clock
from tests.factories import make_company, make_signed_in, make_user
from tests.fakes import Outbox
from tests.services.reporting import LINK_KEY, SENDER, read_mail

ADA, MEL, OLU = "ada@example.com", "mel@example.com", "olu@example.org"
#: A week before the clocks of Berlin and New York change.
START = datetime.fromisoformat("2026-10-20T09:00:00+00:00")
ZONES = (
    "America/New_York",
    "Europe/Berlin",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "Asia/Kathmandu",
)
TROUBLES = {
    "none": {},
    "down": {"errors": ServerTrouble("The mail server could not be reached.")},
    "busy": {"errors": TryLater("The mail server asked us to try again later.")},
    "refuses": {"errors": MessageRefused("Refused.")},
    "drops": {"late_errors": UncertainOutcome("No answer came back.")},
}
STEP_HOURS = 4
WHO = st.sampled_from((ADA, MEL, OLU))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("run"), st.integers(1, 60)),
        st.tuples(st.just("stand_still"), st.integers(1, 90)),
        st.tuples(st.just("choose_rhythm"), WHO, st.sampled_from(Frequency)),
        st.tuples(st.just("choose_hour"), st.sampled_from((0, 2, 7, 18, 23))),
        st.tuples(st.just("choose_zone"), st.sampled_from(ZONES)),
        st.tuples(st.just("switch"), st.booleans()),
        st.tuples(st.just("confirm")),
        st.tuples(st.just("unsubscribe"), WHO),
        st.tuples(st.just("resubscribe"), WHO),
        st.tuples(st.just("meet"), WHO, st.sampled_from(tuple(TROUBLES))),
        st.tuples(st.just("disable_mel")),
    ),
    min_size=3,
    max_size=24,
)


@dataclass
class History:
    """One company and its clock. `starts` are the moments from which somebody is wanted anew."""

    runtime: Runtime
    outbox: Outbox
    clock: Clock
    admin: SignedIn
    wish: ReportWish
    starts: set[datetime] = field(default_factory=set)
    confirmed_at: datetime | None = None

    def run(self, hours: int, *, step_hours: int = STEP_HOURS) -> None:
        for _ in range(0, hours, step_hours):
            self.clock.advance(hours=step_hours)
            deliver_reports(self.runtime)

    def stand_still(self, hours: int) -> None:
        self.clock.advance(hours=hours)

    def choose_rhythm(self, address: str, frequency: Frequency) -> None:
        wishes = {each.address: each for each in self.wish.recipients}
        wishes[address] = RecipientWish(address, frequency)
        self._save(recipients=list(wishes.values()))

    def choose_hour(self, hour: int) -> None:
        self._save(local_hour=hour)

    def choose_zone(self, zone: str) -> None:
        self._save(zone=zone)

    def switch(self, is_on: bool) -> None:
        self._save(is_on=is_on)

    def confirm(self) -> None:
        token = confirmation_token(
            LINK_KEY, self._public_id(OLU), expires_at=self.clock.now + LINK_LIVES
        )
        with self.runtime.sessions() as session:
            confirm(session, token, link_key=LINK_KEY, now=self.clock.now)
        self.confirmed_at = self.confirmed_at or self.clock.now
        self._begin_today()

    def unsubscribe(self, address: str) -> None:
        token = unsubscribe_token(LINK_KEY, self._public_id(address))
        with self.runtime.sessions() as session:
            unsubscribe(session, token, link_key=LINK_KEY, now=self.clock.now)

    def resubscribe(self, address: str) -> None:
        token = unsubscribe_token(LINK_KEY, self._public_id(address))
        with self.runtime.sessions() as session:
            resubscribe(session, token, link_key=LINK_KEY, now=self.clock.now)
        self._begin_today()

    def meet(self, address: str, trouble: str) -> None:
        """Change how the mail server treats an address; what is down is down for all."""
        for name in ("errors", "late_errors"):
            getattr(self.outbox, name).pop(address, None)
            if name in TROUBLES[trouble]:
                getattr(self.outbox, name)[address] = TROUBLES[trouble][name]

    def disable_mel(self) -> None:
        with self.runtime.sessions() as session:
            session.scalars(select(User).where(User.email == MEL)).one().is_disabled = True
            session.commit()

    def calm_down(self) -> None:
        """Let everything work for as long as the slowest mail needs."""
        for address in (ADA, MEL, OLU):
            self.meet(address, "none")
        self._save(is_on=True)
        self.run(15 * 24, step_hours=12)

    def rows(self, address: str) -> list[ReportDelivery]:
        with self.runtime.sessions() as session:
            return list(
                session.scalars(
                    select(ReportDelivery)
                    .join(ReportRecipient)
                    .where(ReportRecipient.address == address)
                    .order_by(ReportDelivery.window_start_at)
                )
            )

    def mails(self, address: str) -> list[str]:
        """Return the Message-IDs of the reports that arrived, in the order of their coming."""
        pairs = zip(self.outbox.recipients, self.outbox.received, strict=True)
        found = [str(read_mail(lines)["Message-ID"]) for to, lines in pairs if to == address]
        return [each for each in found if not each.startswith("<confirm.")]

    def _save(self, **changes: Any) -> None:
        wish = replace(self.wish, **changes)
        try:
            with self.runtime.sessions() as session:
                change_report_settings(session, self.admin, wish=wish, now=self.clock.now)
        except NoRecipientChosen:
            return
        self.wish = wish
        self._begin_today()

    def _begin_today(self) -> None:
        self.starts.add(start_of_today(find_zone(self.wish.zone), now=self.clock.now))

    def _public_id(self, address: str) -> str:
        query = select(ReportRecipient.public_id).where(ReportRecipient.address == address)
        with self.runtime.sessions() as session:
            return session.scalars(query).one()


def _begin(runtime: Runtime, clock: Clock) -> History:
    """Put ada, mel and olu on the list; olu is no user and has not agreed."""
    outbox, clock.now = Outbox(), START
    runtime = replace(runtime, mailer=outbox, mail_from=SENDER, link_key=LINK_KEY)
    with runtime.sessions() as session:
        for gone in session.scalars(select(Company)):
            session.delete(gone)
        session.commit()
        company = make_company(session, zone=ZONES[0])
        make_user(session, company, email=MEL)
        admin = make_signed_in(session, make_user(session, company, email=ADA))
    wish = ReportWish(
        is_on=True,
        local_hour=7,
        zone=ZONES[0],
        on_empty_day=EmptyDay.SEND,
        recipients=[RecipientWish(address, Frequency.DAILY) for address in (ADA, MEL, OLU)],
    )
    history = History(runtime, outbox, clock, admin, wish)
    history.switch(True)
    return history


def _live(history: History, steps: list[tuple[Any, ...]]) -> None:
    for name, *arguments in steps:
        getattr(history, name)(*arguments)
    history.calm_down()


def _check(history: History, address: str) -> None:
    """Each report of a recipient is another one, none overlaps, and only pauses leave a gap."""
    rows, mails = history.rows(address), history.mails(address)
    arrived = [row for row in rows if row.message_id in mails]
    settled = [
        row
        for row in rows
        if row in arrived or row.skip_reason not in (None, SkipReason.CARRIED_OVER)
    ]
    assert {row.message_id for row in arrived} == set(mails)
    assert all(mails.count(each) <= 2 for each in mails)
    assert all(left.window_end_at <= right.window_start_at for left, right in pairwise(arrived))
    reach = None
    for row in settled:
        if reach is None or row.window_start_at > reach:
            assert row.window_start_at in history.starts
        reach = max(reach or row.window_end_at, row.window_end_at)


def _check_reach(history: History) -> None:
    """In the end, whoever is mailed has been told of every day that is due."""
    with history.runtime.sessions() as session:
        views = list_recipients(session, history.admin.company_id)
        hour = session.scalars(select(ReportSettings.local_hour)).one()
    zone = find_zone(history.wish.zone)
    for view in views:
        if view.state is not RecipientState.MAILED:
            continue
        last = last_due_sunday if view.frequency is Frequency.WEEKLY else last_due_day
        day = last(zone, hour=hour, now=history.clock.now)
        final = history.rows(view.address)[-1]
        assert final.state is DeliveryState.SENT
        assert final.window_end_at == day_window(zone, day).end_at


def _live_and_check(runtime: Runtime, clock: Clock, steps: list[tuple[Any, ...]]) -> None:
    history = _begin(runtime, clock)

    _live(history, steps)

    for address in (ADA, MEL, OLU):
        _check(history, address)
    _check_reach(history)
    of_olu = history.rows(OLU)
    assert not of_olu or history.confirmed_at is not None
    assert all(row.due_at >= history.confirmed_at for row in of_olu if history.confirmed_at)


#: Reports that wait, are given up, refused, or lose their answer.
TROUBLED: list[tuple[Any, ...]] = [
    ("run", 8),
    ("meet", ADA, "busy"),
    ("meet", MEL, "drops"),
    ("confirm",),
    ("run", 24),
    ("meet", ADA, "none"),
    ("stand_still", 30),
    ("meet", MEL, "refuses"),
    ("choose_rhythm", OLU, Frequency.WEEKLY),
    ("run", 40),
    ("meet", ADA, "busy"),
    ("run", 52),
]
SLOW = (HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large)
AS_DRAWN = (Phase.explicit, Phase.generate)


@pytest.mark.both_databases
@settings(max_examples=1, phases=AS_DRAWN, suppress_health_check=SLOW)
@given(steps=STEPS)
@example(steps=TROUBLED)
def test_no_day_is_mailed_twice_and_none_is_lost(
    runtime: Runtime, clock: Clock, steps: list[tuple[Any, ...]]
) -> None:
    _live_and_check(runtime, clock, steps)


@pytest.mark.full
@pytest.mark.sqlite_only
@settings(max_examples=20, phases=AS_DRAWN, suppress_health_check=SLOW)
@given(steps=STEPS)
def test_in_many_more_histories_no_day_is_mailed_twice(
    runtime: Runtime, clock: Clock, steps: list[tuple[Any, ...]]
) -> None:
    _live_and_check(runtime, clock, steps)
