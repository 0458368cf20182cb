"""The doctor says how everything stands, in one line each, and never a secret."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask_migrate import upgrade

from app import create_app
from config import load_settings
from extensions import db
from services.doctor import Verdict, examine_scheduler
from services.heartbeat import DELIVERY, TICK, note_beat, note_worker
from services.providers import reachability
from services.providers.contract import ProviderUnavailable
from services.runtime import Runtime
from tests.commands.conftest import invoke, settings_in
from tests.conftest import Clock
from tests.services.mail_servers import Behaviour, mail_server
from tests.services.support import make_place


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, logger="mail.log")


@pytest.fixture
def open_app(new_app: Flask) -> Iterator[list[Flask]]:
    """Applications to dispose of; the first has its tables."""
    with new_app.app_context():
        upgrade()
    opened = [new_app]
    yield opened
    for app in opened:
        with app.app_context():
            db.engine.dispose()


def _examine(
    opened: list[Flask],
    folder: Path,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    **settings: str,
) -> tuple[int, dict[str, str], str]:
    """Return the exit code, the line of each part, and everything that was printed."""
    values = settings_in(folder, **settings)
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    opened.append(create_app(load_settings(values), clock=clock))
    result = invoke(opened[-1], "doctor")
    lines = result.output.splitlines()
    return result.exit_code, {line[11:27].strip(): line for line in lines}, result.output


def _beat(app: Flask, clock: Clock) -> None:
    runtime: Runtime = app.extensions["runtime"]
    with runtime.sessions() as session:
        note_beat(session, name=TICK, now=clock.now)
        note_beat(session, name=DELIVERY, now=clock.now)


def test_where_everything_stands_all_is_well_and_no_mail_goes_out(
    open_app: list[Flask], tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    _beat(open_app[0], clock)
    tmp_path.chmod(0o700)
    behaviour = Behaviour()
    monkeypatch.setattr(reachability, "look_at", lambda *_: ("identity.xero.com",))

    with mail_server(behaviour) as server:
        code, told, _ = _examine(
            open_app,
            tmp_path,
            clock,
            monkeypatch,
            SMTP_URL=f"smtp://{server.host}:{server.port}?tls=none",
            XERO_CLIENT_ID="id",
            XERO_CLIENT_SECRET="secret",
        )

    assert code == 0
    assert {part: told[part].split()[0] for part in ("database", "scheduler", "mail", "Xero")} == {
        "database": "ok",
        "scheduler": "ok",
        "mail": "ok",
        "Xero": "ok",
    }
    assert told["database file"].endswith("mode 0600.")
    assert "not set up" in told["QuickBooks"]
    assert behaviour.received == []


def test_what_is_broken_is_told_with_what_to_do_and_without_a_secret(
    open_app: list[Flask], tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    _beat(open_app[0], clock)
    make_place(open_app[0].extensions["runtime"])
    clock.advance(minutes=20)

    def unreachable(*_: object) -> None:
        raise ProviderUnavailable("api.freshbooks.com could not be reached")

    monkeypatch.setattr(reachability, "look_at", unreachable)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]

    code, told, output = _examine(
        open_app,
        tmp_path,
        clock,
        monkeypatch,
        SMTP_URL=f"smtp://canary-user:canary-word@127.0.0.1:{port}",
        SECRET_KEY="canary-" * 6,
        TOKEN_KEYS="Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2E=",
        FRESHBOOKS_CLIENT_ID="canary",
        FRESHBOOKS_CLIENT_SECRET="canary",
        QUICKBOOKS_CLIENT_ID="canary",
    )

    assert code == 1
    for part, words in {
        "scheduler": "silent since 20 minutes ago. Start or restart the server.",
        "mail": "could not be reached. Check BLUECLERK_SMTP_URL.",
        "FreshBooks": "could not be reached. Check the network",
        "QuickBooks": "only one of client id and secret is set. Set BLUECLERK_QUICKBOOKS_CLIENT_ID",
        "token keys": "2 stored tokens belong to no key of BLUECLERK_TOKEN_KEYS.",
    }.items():
        assert told[part].startswith("broken") and words in told[part]
    assert "canary" not in output and "Y2Fu" not in output
    assert "BLUECLERK_SMTP_URL                     set\n" in output
    assert "BLUECLERK_SANDBOX_URL                  not set\n" in output
    assert "BLUECLERK_ENV                          set: demo\n" in output


def test_tables_of_another_release_are_broken(
    app: Flask, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = [app]
    code, told, _ = _examine(opened, tmp_path, clock, monkeypatch)
    with opened[-1].app_context():
        db.engine.dispose()

    assert code == 1
    assert "Run: flask --app app db upgrade" in told["database"]
    assert told["mail"].startswith("attention")


def test_workers_are_counted_and_a_missing_one_is_told_with_its_command(
    open_app: list[Flask], clock: Clock
) -> None:
    _beat(open_app[0], clock)
    runtime = replace(open_app[0].extensions["runtime"], has_workers=True)

    without = examine_scheduler(runtime)
    for worker in ("one", "two"):
        with runtime.sessions() as session:
            note_worker(session, worker, now=clock.now)
    found = examine_scheduler(runtime)

    assert (without.verdict, without.words) == (Verdict.BROKEN, "no worker lives")
    assert without.help == "Start one: flask --app app jobs worker"
    assert (found.verdict, found.words) == (
        Verdict.OK,
        "beat less than a minute ago, 2 workers live",
    )
