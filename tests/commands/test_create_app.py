"""What create_app leaves on the disk, and the migrations that make its tables."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask_migrate import upgrade

from app import create_app
from config import SettingsError, load_settings
from extensions import db
from models import Company
from tests.commands.conftest import settings_in
from tests.factories import make_company


@pytest.fixture(autouse=True)
def _careless_umask() -> Iterator[None]:
    """Files are readable by everybody unless somebody says otherwise."""
    before = os.umask(0)
    yield
    os.umask(before)


def _modes(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.glob("*.db*")}


def test_the_database_and_its_journals_are_the_owners_only(new_app: Flask, tmp_path: Path) -> None:
    with new_app.app_context():
        upgrade()
        with db.engine.connect() as connection, connection.begin():
            modes = _modes(tmp_path)
        db.engine.dispose()

    assert {"blueclerk.db", "blueclerk.db-wal", "blueclerk.db-shm"} == set(modes)
    assert set(modes.values()) == {0o600}


def test_a_database_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    path = tmp_path / "blueclerk.db"
    path.touch(mode=0o644)

    create_app(load_settings(settings_in(tmp_path)))

    assert _modes(tmp_path) == {"blueclerk.db": 0o600}


def test_a_database_that_cannot_be_opened_is_a_wrong_setting(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    settings = settings_in(tmp_path, DATABASE_URL=f"sqlite:///{tmp_path}/file/clerk.db")

    with pytest.raises(SettingsError, match="BLUECLERK_DATABASE_URL"):
        create_app(load_settings(settings))


def test_migrating_twice_keeps_the_rows(new_app: Flask) -> None:
    with new_app.app_context():
        upgrade()
        with new_app.extensions["runtime"].sessions() as session:
            company_id = make_company(session).id

        upgrade()

        with new_app.extensions["runtime"].sessions() as session:
            assert session.get(Company, company_id) is not None


def test_the_cookie_is_safe_where_the_site_is_https(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, PUBLIC_BASE_URL="https://app.example.com")

    config = create_app(load_settings(settings)).config

    assert config["SESSION_COOKIE_NAME"].startswith("__Host-")
    assert config["SESSION_COOKIE_SECURE"] and config["SESSION_COOKIE_HTTPONLY"]
    assert config["SESSION_COOKIE_SAMESITE"] == "Lax"


def test_making_the_application_starts_no_job(new_app: Flask) -> None:
    assert new_app.extensions["jobs"]._scheduler is None
