"""The real server with more workers than it should have, started again and again: one mail."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from services.heartbeat import TICK, last_beat_at
from services.local_days import DAY, SETTLING
from services.runtime import utc_now
from tests.factories import (
    make_company,
    make_customer,
    make_report_recipient,
    make_report_settings,
)
from tests.services.mail_servers import Behaviour, mail_server
from tests.system.demo import wait_until

pytestmark = pytest.mark.full
PROJECT = Path(__file__).resolve().parents[2]
ADDRESSES = ["ada@example.com", "mel@example.com"]
#: Every worker has looked for due reports twice by then.
TWO_BEATS_S = 2.5


@pytest.fixture(autouse=True)
def quiet_server(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, logger="mail.log")


@contextmanager
def _serving(database_path: Path, smtp_url: str, folder: Path) -> Iterator[None]:
    environment = {
        "PATH": os.environ["PATH"],
        "BLUECLERK_ENV": "development",
        "BLUECLERK_DATABASE_URL": f"sqlite:///{database_path}",
        "BLUECLERK_INSTANCE_FOLDER": str(folder),
        "BLUECLERK_SMTP_URL": smtp_url,
        "BLUECLERK_MAIL_FROM": "clerk@example.com",
        "BLUECLERK_BIND": f"unix:{folder / 'server.sock'}",
    }
    command = [sys.executable, "-m", "gunicorn", "--config", "tests/system/quick_server.py"]
    with (folder / "server.log").open("a") as log:
        server = subprocess.Popen(
            [*command, "--preload", "--workers", "4", "app:create_app()"],
            cwd=PROJECT,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        yield
    finally:
        server.terminate()
        server.wait(120)


def _make_due(session: Session) -> None:
    """A company whose last report is due since soon after midnight."""
    today = (utc_now() - SETTLING).replace(hour=0, minute=0, second=0, microsecond=0)
    company = make_company(session, zone="UTC")
    make_report_settings(session, company, local_hour=0, reported_from_at=today - DAY)
    for address in ADDRESSES:
        make_report_recipient(
            session, company, address=address, reported_from_at=today - timedelta(days=9)
        )
    make_customer(session, company, created_at=today - timedelta(hours=12))


def test_four_forked_workers_and_three_starts_make_one_mail_for_each_recipient(
    session: Session, database_path: Path, tmp_path: Path
) -> None:
    _make_due(session)
    behaviour = Behaviour()
    with mail_server(behaviour) as server:
        for _ in range(3):
            has_beaten = partial(_has_beaten, session, since=utc_now())
            url = f"smtp://{server.host}:{server.port}?tls=none"
            with _serving(database_path, url, tmp_path):
                wait_until(has_beaten, "a worker beats", limit_s=60)
                threading.Event().wait(TWO_BEATS_S)

    assert sorted(recipient for mail in behaviour.received for recipient in mail[1]) == ADDRESSES


def _has_beaten(session: Session, *, since: datetime) -> bool:
    session.rollback()
    beat_at = last_beat_at(session, name=TICK)
    session.rollback()
    return beat_at is not None and beat_at > since
