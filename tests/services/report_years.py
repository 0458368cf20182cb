"""Years of the daily report in a zone: a tick every hour, every minute near a change of clocks.

Six workers take turns in a drawn order. Some are killed with a delivery in their hands, and now
and then all of them are down for days. A tick is really run when the due day or week is another
one than at the tick before, while anything waits, and one time in IDLE else: what it reads is
then what the tick before has read, which found nothing to do.

Rows are always made by the real code. Days without a change of the clocks around them are mostly
marked as sent without the steps of a delivery, which know nothing of zones.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import chain
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select, update

from models import Base, DeliveryState, Frequency, ReportDelivery, ReportRecipient
from services.local_days import last_due_day, last_due_sunday, moment
from services.mail import ServerAnswer
from services.report_delivery import deliver_due
from services.report_due import make_due
from services.report_mail import Addressee, Envelope
from services.runtime import Runtime
from tests.conftest import Clock
from tests.factories import make_company, make_report_recipient, make_report_settings
from tests.services.workers import open_runtime

HOUR, MINUTE, DAY = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)
NEAR = timedelta(hours=3)
WORKERS = 6
#: How likely a delivery's worker is killed, others tick in the same minute, and all are down.
KILLED, CROWDED, DOWN = 0.08, 0.02, 0.0002
DOWN_DAYS = (1, 5)
IDLE = 1_000
#: How near a change of the clocks every delivery is really sent, and how many of the others.
NEAR_DAYS, SENT = 4, 0.08
#: Rows that were looked at are put away, so that the tenth year costs what the first did.
PUT_AWAY_EVERY, PUT_AWAY_AFTER = 60 * DAY, 20 * DAY


class Killed(BaseException):
    """Ends a worker at this point, as far as our own code can tell."""


@dataclass(frozen=True)
class Mail:
    """What stands for a message; `is_marked` says that it may be a repeat."""

    address: str
    message_id: str
    is_marked: bool


@dataclass
class MailServer:
    """A Mailer at which workers die: before the handover, after it, after the mail was kept."""

    chance: random.Random
    kept: list[Mail] = field(default_factory=list)
    left_before: int = 0
    left_handed_over: set[str] = field(default_factory=set)
    left_kept: set[str] = field(default_factory=set)

    def send(self, message: Any, *, before_final_dot: Callable[[], None]) -> ServerAnswer:
        """Keep the message, unless its worker is killed first."""
        # A repeat is let through: killed twice in the handover, a delivery stops and says so.
        moment_of_death = self.chance.random() / KILLED if not message.is_marked else 1.0
        if moment_of_death < 0.4:
            self.left_before += 1
            raise Killed
        before_final_dot()
        if moment_of_death < 0.7:
            self.left_handed_over.add(message.message_id)
            raise Killed
        self.kept.append(message)
        if moment_of_death < 1.0:
            self.left_kept.add(message.message_id)
            raise Killed
        return ServerAnswer(250, "kept")


@dataclass
class Years:
    """One company in its zone, mailed at its hour to a daily and a weekly recipient."""

    zone: ZoneInfo
    hour: int
    clock: Clock
    workers: list[Runtime]
    server: MailServer
    chance: random.Random
    starts_at: datetime
    rows: list[ReportDelivery] = field(default_factory=list)
    ticks: int = 0
    run: int = 0

    def live(self, until: datetime) -> None:
        """Tick from the start on, until then; each tick at its own minute."""
        last_due, is_waiting = None, False
        up_at, put_away_at = self.starts_at, self.starts_at + PUT_AWAY_EVERY
        changes = find_changes(self.zone, self.starts_at, until)
        near = {at.date() + n * DAY for at in changes for n in range(-NEAR_DAYS, NEAR_DAYS + 1)}
        for now in ticks(changes, self.starts_at, until):
            self.ticks += 1
            if now < up_at:
                continue
            if self.chance.random() < DOWN:
                up_at = now + self.chance.uniform(*DOWN_DAYS) * DAY
                continue
            due = self._due(now)
            if due == last_due and not is_waiting and self.chance.randrange(IDLE):
                continue
            self.clock.now, last_due = now, due
            if is_waiting or now.date() in near or self.chance.random() < SENT:
                # Nothing but a kill leaves anything behind.
                is_waiting = (self._tick() or is_waiting) and self._is_waiting()
            else:
                self._tick_plainly()
            if now >= put_away_at and not is_waiting:
                self._put_away(now)
                put_away_at = now + PUT_AWAY_EVERY
        self._settle()

    def rows_of(self, frequency: Frequency) -> list[ReportDelivery]:
        """Return the recipient's rows in the order of their windows."""
        found = [row for row in self.rows if row.recipient.frequency is frequency]
        return sorted(found, key=lambda row: row.window_start_at)

    def _due(self, now: datetime) -> tuple[date, date]:
        return (
            last_due_day(self.zone, hour=self.hour, now=now),
            last_due_sunday(self.zone, hour=self.hour, now=now),
        )

    def _tick(self) -> bool:
        """Let one worker do its beat, sometimes all six in the same minute; say if one died."""
        is_anybody_dead = False
        number = WORKERS if self.chance.random() < CROWDED else 1
        for worker in self.chance.sample(self.workers, number):
            self.run += 1
            try:
                deliver_due(worker)
            except Killed:
                is_anybody_dead = True
        return is_anybody_dead

    def _tick_plainly(self) -> None:
        """Make what is due, and let it be sent."""
        self.run += 1
        make_due(self.workers[0])
        with self.workers[0].sessions() as session:
            sent = session.scalars(
                update(ReportDelivery)
                .where(ReportDelivery.state == DeliveryState.DUE)
                .values(state=DeliveryState.SENT, ended_at=self.clock.now)
                .returning(ReportDelivery.message_id)
            )
            self.server.kept += [Mail("", message_id, is_marked=False) for message_id in sent]
            session.commit()

    def _settle(self) -> None:
        """Let those who are left finish what was in the hands of the dead."""
        is_waiting = True
        while is_waiting:
            self.clock.now += HOUR
            self._tick()
            is_waiting = self._is_waiting()
        self._put_away(self.clock.now + 999 * DAY)

    def _is_waiting(self) -> bool:
        with self.workers[0].sessions() as session:
            is_open = ReportDelivery.ended_at.is_(None)
            return session.scalar(select(ReportDelivery.id).where(is_open).limit(1)) is not None

    def _put_away(self, now: datetime) -> None:
        """Keep the older rows here and let the recipients begin where they end."""
        with self.workers[0].sessions() as session:
            for recipient in session.scalars(select(ReportRecipient)):
                query = select(ReportDelivery).where(
                    ReportDelivery.recipient_id == recipient.id,
                    ReportDelivery.window_end_at < now - PUT_AWAY_AFTER,
                )
                found = session.scalars(query).all()
                if not found:
                    continue
                for row in found:
                    row.recipient = recipient
                self.rows += found
                recipient.reported_from_at = max(row.window_end_at for row in found)
                session.flush()
                ids = [row.id for row in found]
                session.execute(delete(ReportDelivery).where(ReportDelivery.id.in_(ids)))
                session.expunge_all()
            session.commit()


@contextmanager
def open_years(zone_name: str, *, hour: int, first_day: date, seed: str = "1") -> Iterator[Years]:
    """Set up a company in memory whose report begins with that day."""
    zone = ZoneInfo(zone_name)
    starts_at = moment(zone, first_day)
    clock = Clock(starts_at)
    chance = random.Random(f"{seed}-{zone_name}")
    server = MailServer(chance)
    runtime = replace(open_runtime("sqlite://"), clock=clock, mailer=server)
    engine = runtime.sessions.kw["bind"]
    Base.metadata.create_all(engine)
    with runtime.sessions() as session:
        company = make_company(session, zone=zone_name)
        make_report_settings(session, company, local_hour=hour, reported_from_at=starts_at)
        for frequency in (Frequency.DAILY, Frequency.WEEKLY):
            make_report_recipient(
                session,
                company,
                address=f"{frequency.value}@example.com",
                reported_from_at=starts_at,
                frequency=frequency,
                confirmed_at=starts_at,
            )
    workers = [replace(runtime) for _ in range(WORKERS)]
    yield Years(zone, hour, clock, workers, server, chance, starts_at)
    engine.dispose()


def no_report(_session: Any, _company_id: int, *, window: Any, now: datetime) -> Any:
    """Stand for a report that lists somebody; what it says is tested elsewhere."""
    return SimpleNamespace(count=1, window=window, at=now)


def no_message(_report: Any, addressee: Addressee, *, envelope: Envelope) -> Mail:
    """Stand for the message."""
    return Mail(addressee.address, envelope.message_id, envelope.is_repeat)


def find_changes(zone: ZoneInfo, start: datetime, end: datetime) -> list[datetime]:
    """Return the minutes from which on the zone's clocks show something else."""
    changes = []
    for hour in _steps(start, end, HOUR):
        if hour.astimezone(zone).utcoffset() == (hour + HOUR).astimezone(zone).utcoffset():
            continue
        before = hour.astimezone(zone).utcoffset()
        minutes = _steps(hour, hour + HOUR + MINUTE, MINUTE)
        changes.append(next(at for at in minutes if at.astimezone(zone).utcoffset() != before))
    return changes


def ticks(changes: Sequence[datetime], start: datetime, end: datetime) -> Sequence[datetime]:
    """Return every hour, and every minute within three hours of a change of the clocks."""
    near = (_steps(at - NEAR, at + NEAR + MINUTE, MINUTE) for at in changes)
    wanted = set(chain(_steps(start, end, HOUR), *near))
    return sorted(at for at in wanted if start <= at < end)


def _steps(start: datetime, end: datetime, step: timedelta) -> Iterator[datetime]:
    while start < end:
        yield start
        start += step
