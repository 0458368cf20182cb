"""An application of its own for each test of a command."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from app import create_app
from config import load_settings
from extensions import db
from services.providers import registry
from services.runtime import Runtime
from tests.conftest import TOKEN_KEY, Clock
from tests.fakes import FakeAccountingClient

Run = Callable[..., Result]


def settings_in(folder: Path, **settings: str) -> dict[str, str]:
    """The environment of an application whose instance folder is this one."""
    return {
        "BLUECLERK_INSTANCE_FOLDER": str(folder),
        "BLUECLERK_ENV": "demo",
        "BLUECLERK_SECRET_KEY": "s" * 40,
        "BLUECLERK_TOKEN_KEYS": base64.urlsafe_b64encode(TOKEN_KEY).decode(),
        **{f"BLUECLERK_{name}": value for name, value in settings.items()},
    }


def invoke(app: Flask, *arguments: str, answers: str = "") -> Result:
    """Run a command inside the application, as the `flask` program does."""
    with app.app_context():
        return app.test_cli_runner().invoke(args=list(arguments), input=answers)


@pytest.fixture
def app(tmp_path: Path, empty_database: Path, clock: Clock) -> Iterator[Flask]:
    """The real application over a database that has its tables and no rows."""
    shutil.copy(empty_database, tmp_path / "blueclerk.db")
    yield from _opened(tmp_path, clock)


@pytest.fixture
def new_app(tmp_path: Path, clock: Clock) -> Iterator[Flask]:
    """The real application on a machine where nothing was prepared."""
    yield from _opened(tmp_path, clock)


def _opened(folder: Path, clock: Clock) -> Iterator[Flask]:
    app = create_app(load_settings(settings_in(folder)), clock=clock)
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def runtime(app: Flask) -> Runtime:
    runtime: Runtime = app.extensions["runtime"]
    return runtime


@pytest.fixture
def run(app: Flask) -> Run:
    """Run a command as `flask --app app …` does."""

    return partial(invoke, app)


@pytest.fixture
def books(monkeypatch: pytest.MonkeyPatch) -> FakeAccountingClient:
    """The provider's customers; `records` is what the next reading finds."""
    fake = FakeAccountingClient()
    monkeypatch.setattr(registry, "open_accounting_client", lambda *_args, **_options: fake)
    return fake
