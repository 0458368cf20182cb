"""Settings: a wrong one refuses to start, in one line that names it."""

from __future__ import annotations

import base64
import hashlib
import os
import stat
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import config
from config import (
    Environment,
    JobsEngine,
    Settings,
    SettingsError,
    development_keys,
    load_settings,
    new_keys,
)
from services import database_url
from services.env_file import read_env_file, write_env_file
from services.key_strength import is_guessable, is_monotonous
from services.retention_days import RetentionDays

GOOD = {
    "BLUECLERK_SECRET_KEY": "s" * 40,
    "BLUECLERK_TOKEN_KEYS": base64.urlsafe_b64encode(b"k" * 32).decode(),
}
PRODUCTION = new_keys() | {
    "BLUECLERK_ENV": "production",
    "BLUECLERK_PUBLIC_BASE_URL": "https://app.example.com",
    "BLUECLERK_SMTP_URL": "smtp://mail.example.com",
}
SHORT_KEY = base64.urlsafe_b64encode(b"k" * 31).decode()
GOOD_KEY = GOOD["BLUECLERK_TOKEN_KEYS"]


def _load(tmp_path: Path, values: dict[str, str]) -> Settings:
    return load_settings({"BLUECLERK_INSTANCE_FOLDER": str(tmp_path), **values})


def _refusal(tmp_path: Path, values: dict[str, str]) -> str:
    with pytest.raises(SettingsError) as caught:
        _load(tmp_path, values)
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ENV", "prod"),
        ("ENV", "Production"),
        ("SECRET_KEY", "short"),
        ("SECRET_KEY", ""),
        ("TOKEN_KEYS", ""),
        ("TOKEN_KEYS", "nonsense"),
        ("TOKEN_KEYS", SHORT_KEY),
        ("TOKEN_KEYS", f"{GOOD_KEY},{SHORT_KEY}"),
        ("TOKEN_KEYS", "é" * 43),
        ("DATABASE_URL", "mysql://x"),
        ("DATABASE_URL", "blueclerk.db"),
        ("DATABASE_URL", "sqlite:///:memory:"),
        ("DATABASE_URL", "sqlite:///"),
        ("DATABASE_URL", "postgresql://clerk:pass/word@db.example.com/blueclerk"),
        ("DATABASE_URL", "postgresql://clerk@db.example.com/blueclerk?password=word"),
        ("PUBLIC_BASE_URL", "app.example.com"),
        ("PUBLIC_BASE_URL", "ftp://app.example.com"),
        ("PUBLIC_BASE_URL", "https://"),
        ("PUBLIC_BASE_URL", "https://[::1"),
        ("PUBLIC_BASE_URL", "https://app.example.com:port"),
        ("PUBLIC_BASE_URL", "https://app.example.com:99999"),
        ("PUBLIC_BASE_URL", "https://app.example.com?x=1"),
        ("PUBLIC_BASE_URL", "https://app.example.com#x"),
        ("PUBLIC_BASE_URL", "https://user:password@app.example.com"),
        ("SANDBOX_URL", "127.0.0.1:5001"),
        ("PROXY_COUNT", "-1"),
        ("PROXY_COUNT", "one"),
        ("PROXY_COUNT", "1.5"),
        ("JOBS_ENGINE", "celery"),
        ("JOBS_ENGINE", "procrastinate"),
        ("QUICKBOOKS_ENVIRONMENT", "development"),
        ("XERO_ENVIRONMENT", "Sandbox"),
        ("SMTP_URL", "mail.example.com:25"),
        ("SMTP_URL", "smtp://mail.example.com?tls=perhaps"),
        ("MAIL_FROM", "nobody"),
        ("MAIL_FROM", "a@example.com\nBcc: b@example.com"),
        ("LOG_FORMAT", "xml"),
        ("KEEP_READINGS_DAYS", "-1"),
        ("KEEP_IMPORTS_DAYS", "30"),
        ("KEEP_DELIVERIES_DAYS", "1.5"),
        ("KEEP_AUDIT_DAYS", "40000"),
    ],
)
def test_a_wrong_setting_is_refused_in_one_line_that_names_it(
    tmp_path: Path, name: str, value: str
) -> None:
    sentence = _refusal(tmp_path, {"BLUECLERK_ENV": "demo", **GOOD, f"BLUECLERK_{name}": value})

    assert f"BLUECLERK_{name}" in sentence
    assert "\n" not in sentence


@pytest.mark.parametrize("name", ["SECRET_KEY", "TOKEN_KEYS", "SMTP_URL", "DATABASE_URL"])
def test_a_refusal_does_not_repeat_a_secret(tmp_path: Path, name: str) -> None:
    addresses = {
        "SMTP_URL": "smtp://me:canary@?",
        "DATABASE_URL": "postgresql://me:canary/word@db.example.com/blueclerk",
    }
    secret = addresses.get(name, "canary")

    sentence = _refusal(tmp_path, {"BLUECLERK_ENV": "demo", **GOOD, f"BLUECLERK_{name}": secret})

    assert "canary" not in sentence


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SANDBOX_URL", "http://127.0.0.1:5001"),
        ("PUBLIC_BASE_URL", "http://app.example.com"),
        ("PUBLIC_BASE_URL", ""),
        ("SMTP_URL", "smtp://mail.example.com?tls=none"),
        ("SECRET_KEY", ""),
        ("SECRET_KEY", "s" * 64),
        ("SECRET_KEY", "abcdefghijklmnopqrstuvwxyz0123456789"),
        ("SECRET_KEY", "Tr0ub4dor&3-xk" * 4),
        ("SECRET_KEY", "please-CHANGE_me-before-8f3a91c27d5e"),
        ("SECRET_KEY", "django-insecure-8f3a91c27d5eq0zx4vbn"),
        ("TOKEN_KEYS", ""),
        ("TOKEN_KEYS", GOOD_KEY),
        ("TOKEN_KEYS", base64.b64encode(bytes(range(32))).decode()),
    ],
)
def test_production_refuses_what_is_unsafe(tmp_path: Path, name: str, value: str) -> None:
    sentence = _refusal(tmp_path, {**PRODUCTION, f"BLUECLERK_{name}": value})

    assert f"BLUECLERK_{name}" in sentence


@pytest.mark.parametrize("name", ["FLASK_DEBUG", "DEBUG"])
def test_production_refuses_to_show_its_inside(tmp_path: Path, name: str) -> None:
    assert _refusal(tmp_path, {**PRODUCTION, name: "1"}).startswith(name)
    assert _load(tmp_path, {**PRODUCTION, name: "0"})


@given(key=st.binary(min_size=32, max_size=32))
def test_a_key_by_chance_is_taken(key: bytes) -> None:
    random_key = hashlib.sha256(key).digest()

    assert not is_monotonous(random_key)
    assert not is_guessable(base64.urlsafe_b64encode(random_key).decode())


def test_production_starts_with_what_is_safe(tmp_path: Path) -> None:
    settings = _load(tmp_path, PRODUCTION)

    assert (settings.env, settings.is_secure) == (Environment.PRODUCTION, True)
    assert settings.sandbox_url is None


def test_production_makes_no_keys_of_its_own(tmp_path: Path) -> None:
    values = {name: value for name, value in PRODUCTION.items() if "KEY" not in name}

    assert "BLUECLERK_SECRET_KEY" in _refusal(tmp_path, values)
    assert list(tmp_path.iterdir()) == []


def test_development_needs_nothing_and_keeps_its_keys(tmp_path: Path) -> None:
    first, second = _load(tmp_path, {}), _load(tmp_path, {})

    assert first == second
    assert (first.env, first.is_secure) == (Environment.DEVELOPMENT, False)
    assert first.public_base_url == "http://127.0.0.1:5000"
    assert first.database_url == "sqlite:///blueclerk.db"


def test_given_keys_win_over_those_of_the_machine(tmp_path: Path) -> None:
    settings = _load(tmp_path, GOOD)

    assert settings.secret_key == "s" * 40
    assert settings.token_keys == (b"k" * 32,)


def test_no_secret_stands_in_the_text_of_the_settings(tmp_path: Path) -> None:
    secrets = {
        "BLUECLERK_SECRET_KEY": "canary-" * 8,
        "BLUECLERK_QUICKBOOKS_CLIENT_SECRET": "canary",
        "BLUECLERK_SMTP_URL": "smtp://me:canary@mail.example.com",
        "BLUECLERK_DATABASE_URL": "postgresql://me:canary@localhost/blueclerk",
    }

    text = repr(_load(tmp_path, GOOD | secrets))

    assert "canary" not in text
    assert "kkkk" not in text
    assert "secret_key" in {field.name for field in fields(Settings)}


def test_a_ring_of_keys_is_read_newest_first(tmp_path: Path) -> None:
    newest = base64.b64encode(b"\xff" * 32).decode()

    settings = _load(tmp_path, GOOD | {"BLUECLERK_TOKEN_KEYS": f" {newest} , {GOOD_KEY} ,"})

    assert settings.token_keys == (b"\xff" * 32, b"k" * 32)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_the_driver_of_postgresql_is_named(tmp_path: Path, scheme: str) -> None:
    settings = _load(tmp_path, GOOD | {"BLUECLERK_DATABASE_URL": f"{scheme}://localhost/clerk"})

    assert settings.database_url == "postgresql+psycopg://localhost/clerk"


def test_days_are_kept_for_ever_or_longer_than_an_undo_is_possible(tmp_path: Path) -> None:
    days = {"BLUECLERK_KEEP_IMPORTS_DAYS": "31", "BLUECLERK_KEEP_AUDIT_DAYS": "0"}

    assert _load(tmp_path, GOOD | days).retention == RetentionDays(imports=31, audit=0)


def test_a_slash_behind_the_base_address_makes_no_difference(tmp_path: Path) -> None:
    values = GOOD | {"BLUECLERK_PUBLIC_BASE_URL": "https://app.example.com/"}

    assert _load(tmp_path, values).public_base_url == "https://app.example.com"


def test_new_keys_are_good_and_new_every_time(tmp_path: Path) -> None:
    assert new_keys() != new_keys()
    assert _load(tmp_path, {"BLUECLERK_ENV": "demo", **new_keys()}).token_keys


def test_an_environment_file_is_the_owners_and_holds_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "demo.env"
    values = {"BLUECLERK_SECRET_KEY": "a=b", "BLUECLERK_MAIL_FROM": ""}
    old_mask = os.umask(0)
    try:
        write_env_file(path, values)
    finally:
        os.umask(old_mask)

    assert read_env_file(path) == values
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_environment_file_is_replaced_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "demo.env"
    write_env_file(path, {"KEY": "old"})
    monkeypatch.setattr(Path, "replace", _fail)

    with pytest.raises(OSError, match="full"):
        write_env_file(path, {"KEY": "new"})

    assert read_env_file(path) == {"KEY": "old"}


def test_a_half_written_file_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "development.new").write_text("KEY=hal")

    keys = development_keys(tmp_path)

    assert keys == read_env_file(tmp_path / "development.env")
    assert set(keys) == {config.PREFIX + "SECRET_KEY", config.PREFIX + "TOKEN_KEYS"}


def test_a_folder_that_is_made_for_keys_is_closed_to_others(tmp_path: Path) -> None:
    development_keys(tmp_path / "instance")

    assert (tmp_path / "instance").stat().st_mode & 0o777 == 0o700


def _fail(*_args: object) -> None:
    raise OSError("the disk is full")


def test_workers_need_a_database_that_they_can_share_and_their_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = {"BLUECLERK_ENV": "demo", **GOOD, "BLUECLERK_JOBS_ENGINE": "procrastinate"}
    on_postgresql = wanted | {"BLUECLERK_DATABASE_URL": "postgresql://localhost/clerk"}

    on_sqlite = _refusal(tmp_path, wanted)
    found = _load(tmp_path, on_postgresql)
    monkeypatch.setattr(database_url, "find_spec", lambda name: name == "psycopg" or None)
    without = _refusal(tmp_path, on_postgresql)

    assert "BLUECLERK_JOBS_ENGINE=procrastinate needs PostgreSQL" in on_sqlite
    assert found.jobs_engine is JobsEngine.PROCRASTINATE
    assert "pip install --require-hashes -r requirements-postgres.txt" in without
