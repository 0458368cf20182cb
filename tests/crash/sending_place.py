"""Where mails are sent: companies whose reports are due, and the addresses they go to.

All that is said here about days is reckoned anew, without the services that are tested.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from flask_migrate import upgrade
from sqlalchemy.orm import Session

from app import create_app
from config import load_settings
from extensions import db
from models import Company, Frequency
from services.runtime import Runtime, utc_now
from tests.crash.databases import Database
from tests.crash.keeping_server import Kept, read_kept, serve
from tests.crash.processes import Running, start
from tests.factories import make_company, make_customer, make_report_recipient, make_report_settings

DUE = "due"
#: Where the nights are far apart, so that hardly ever a day ends in the middle of a round.
ZONES = ("America/New_York", "Asia/Kathmandu", "Pacific/Auckland")
#: Since how many days each daily recipient is mailed: a mail of one day, and of days missed.
DAILY = (1, 1, 2, 5)
WEEKLY_SINCE_DAYS = 30
SIGNUPS_A_DAY = 2
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Expected:
    """What one recipient has to be mailed: `[start_at, end_at)` and the names that lie in it."""

    address: str
    start_at: datetime
    end_at: datetime
    names: frozenset[str]


class MailRoom:
    """A mail server that outlives every round, and what it has kept since the last one began."""

    def __init__(self, folder: Path, seed: str) -> None:
        self.path = folder / "kept.txt"
        log = folder / "mail-server.log"
        self.process: Running = start(serve, {}, str(self.path), seed, log=log, is_quick=False)
        assert self.process.pipe.poll(60), "the mail server did not begin"
        self.port: int = self.process.pipe.recv()

    def clear(self) -> None:
        """Forget what earlier rounds have sent."""
        self.path.unlink(missing_ok=True)

    def kept(self) -> list[Kept]:
        return list(read_kept(self.path))

    def close(self) -> None:
        self.process.kill()


def environment(
    folder: Path, database: Database, smtp_port: int, keys: Mapping[str, str]
) -> dict[str, str]:
    """Return the settings of a process that sends from the database."""
    return {
        **keys,
        "BLUECLERK_ENV": "demo",
        "BLUECLERK_INSTANCE_FOLDER": str(folder),
        "BLUECLERK_DATABASE_URL": database.url.render_as_string(hide_password=False),
        "BLUECLERK_PUBLIC_BASE_URL": "http://127.0.0.1:5000",
        "BLUECLERK_SMTP_URL": f"smtp://127.0.0.1:{smtp_port}?tls=none",
        "BLUECLERK_MAIL_FROM": "clerk@example.com",
    }


def prepare(environ: Mapping[str, str], database: Database) -> tuple[Expected, ...]:
    """Fill the database with companies whose reports are due; return what they have to send."""
    app = create_app(load_settings(environ))
    runtime: Runtime = app.extensions["runtime"]
    now = utc_now()
    expected: list[Expected] = []
    with app.app_context():
        upgrade()
        with runtime.sessions() as session:
            for zone in ZONES:
                expected += _make_company(session, ZoneInfo(zone), now=now)
        db.engine.dispose()
    database.save(DUE)
    return tuple(expected)


def _make_company(session: Session, zone: ZoneInfo, *, now: datetime) -> list[Expected]:
    company = make_company(session, zone=zone.key, created_at=now - 99 * DAY)
    today = now.astimezone(zone).date()
    make_report_settings(
        session, company, local_hour=0, reported_from_at=_midnight(zone, today, -99)
    )
    signups = _make_signups(session, company, zone, now=now)
    since = [(Frequency.DAILY, days) for days in DAILY] + [(Frequency.WEEKLY, WEEKLY_SINCE_DAYS)]
    expected = []
    for number, (frequency, days) in enumerate(since):
        address = f"{frequency.value}-{number}@{company.slug}.example.com"
        start_at = _midnight(zone, today, -days)
        weekday = today.weekday() if frequency is Frequency.WEEKLY else 0
        make_report_recipient(
            session,
            company,
            address=address,
            reported_from_at=start_at,
            frequency=frequency,
            confirmed_at=start_at,
        )
        end_at = _midnight(zone, today, -weekday)
        names = frozenset(name for name, at in signups.items() if start_at <= at < end_at)
        expected.append(Expected(address, start_at, end_at, names))
    return expected


def _make_signups(
    session: Session, company: Company, zone: ZoneInfo, *, now: datetime
) -> dict[str, datetime]:
    """Let some people sign up on each day; return when, by their names."""
    today = now.astimezone(zone).date()
    signups = {}
    for days in range(1, WEEKLY_SINCE_DAYS + 1):
        for number in range(SIGNUPS_A_DAY):
            name = f"{company.slug} minus {days} number {number} end"
            at = _midnight(zone, today, -days) + timedelta(hours=3 + number)
            email = f"{name.replace(' ', '-')}@example.com"
            make_customer(session, company, name=name, email=email, created_at=at)
            signups[name] = at
    return signups


def _midnight(zone: ZoneInfo, today: date, days: int) -> datetime:
    return datetime.combine(today + days * DAY, time(), tzinfo=zone).astimezone(UTC)
