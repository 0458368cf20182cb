"""How the server stands that a company works on: clock, jobs, mail, database, release."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import Select, case, func, select
from sqlalchemy.orm import Session

from models import Company, DeliveryState, ReportDelivery
from services.delivery_words import WAITING
from services.heartbeat import LONGEST_SILENCE, TICK, Workers, find_workers, last_beat_at
from services.report_settings import view_report_settings
from services.schema import current_schema, newest_schema

PROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"
#: The engine that needs workers.
DISTRIBUTED = "procrastinate"
DATABASES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """The process and what it stands on; of the mail only what is the company's own.

    `workers` is None where jobs run in the serving process.
    """

    beat_at: datetime | None
    is_beating: bool
    jobs_engine: str
    workers: Workers | None
    has_mail_server: bool
    is_report_on: bool
    last_sent_at: datetime | None
    next_send_at: datetime | None
    waiting_count: int
    waiting_since_at: datetime | None
    database: str
    schema: str
    expected_schema: str
    version: str
    zone: str
    now: datetime

    @property
    def is_schema_expected(self) -> bool:
        return self.schema == self.expected_schema


def view_server(
    session: Session, company: Company, *, jobs_engine: str, has_mail_server: bool, now: datetime
) -> ServerFacts:
    """Return how the server stands. Seven statements, eight where there are workers."""
    beat_at = last_beat_at(session, name=TICK)
    report = view_report_settings(session, company.id, now=now)
    last_sent_at, waiting_count, waiting_since_at = session.execute(_mail(company.id)).one()
    schema = current_schema(session)
    return ServerFacts(
        beat_at=beat_at,
        is_beating=beat_at is not None and now - beat_at <= LONGEST_SILENCE,
        jobs_engine=jobs_engine,
        workers=find_workers(session, now=now) if jobs_engine == DISTRIBUTED else None,
        has_mail_server=has_mail_server,
        is_report_on=report.is_on,
        last_sent_at=last_sent_at,
        next_send_at=report.next_send_at,
        waiting_count=waiting_count,
        waiting_since_at=waiting_since_at,
        database=_database(session),
        schema=schema or "none",
        expected_schema=newest_schema() or "none",
        version=release_version(),
        zone=company.zone,
        now=now,
    )


@lru_cache(maxsize=1)
def release_version() -> str:
    """Return the release that this code is."""
    version: str = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["version"]
    return version


def _mail(company_id: int) -> Select[Any, int, Any]:
    is_sent = ReportDelivery.state == DeliveryState.SENT
    is_waiting = ReportDelivery.state.in_(WAITING)
    return select(
        func.max(case((is_sent, ReportDelivery.ended_at))),
        func.count(case((is_waiting, 1))),
        func.min(case((is_waiting, ReportDelivery.due_at))),
    ).where(ReportDelivery.company_id == company_id)


def _database(session: Session) -> str:
    dialect = session.get_bind().dialect
    version = getattr(dialect, "server_version_info", None) or ()
    name = DATABASES.get(dialect.name, dialect.name)
    return " ".join(filter(None, (name, ".".join(map(str, version)))))
