"""Keeps the documents in step with the code: settings, routes, commands, glossary, links."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask

import config
from app import create_app
from benchmarks.performance_page import page_and_part
from commands.doctor import setting_names
from config import load_settings, new_keys
from models import Base

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
SECURITY = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
CONFIG = (ROOT / "config.py").read_text(encoding="utf-8")
SERVER = (ROOT / "gunicorn.conf.py").read_text(encoding="utf-8")


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    environ = new_keys() | {"BLUECLERK_ENV": "demo", "BLUECLERK_INSTANCE_FOLDER": str(tmp_path)}
    return create_app(load_settings(environ))


def _settings() -> set[str]:
    names = set(re.findall(r'_(?:text|choice|count|days|base_url)\(\s*values, "([A-Z_]+)"', CONFIG))
    names |= set(re.findall(r'PREFIX \+ "([A-Z_]+)"', CONFIG))
    providers = {
        f"{provider}_{part}"
        for provider in config.PROVIDER_PREFIXES
        for part in ("CLIENT_ID", "CLIENT_SECRET", "ENVIRONMENT")
    }
    return {config.PREFIX + name for name in names | providers}


def _server_settings() -> set[str]:
    """Those that gunicorn's master reads for itself."""
    return set(re.findall(r'"(BLUECLERK_[A-Z_]+)"', SERVER)) - _settings()


def test_every_setting_is_documented() -> None:
    missing = {name for name in _settings() if f"`{name}`" not in OPERATIONS}

    assert len(_settings()) > 15
    assert missing == set()


def test_no_setting_is_documented_that_does_not_exist() -> None:
    documented = set(re.findall(r"`(BLUECLERK_[A-Z_]+)`", OPERATIONS))

    assert documented - _settings() - _server_settings() == set()


def test_every_setting_of_the_server_is_documented() -> None:
    assert len(_server_settings()) > 2
    assert {name for name in _server_settings() if f"`{name}`" not in OPERATIONS} == set()


def test_the_doctor_tells_of_every_setting() -> None:
    assert {config.PREFIX + name for name in setting_names()} == _settings()


def test_every_route_is_documented(app: Flask) -> None:
    routes = {str(rule) for rule in app.url_map.iter_rules()}

    assert {route for route in routes if f"`{route}`" not in ARCHITECTURE} == set()


def test_every_command_is_documented(app: Flask) -> None:
    commands = {name for name in app.cli.commands if name not in {"db", "run", "shell", "routes"}}

    assert {name for name in commands if f"flask --app app {name}" not in OPERATIONS} == set()


def test_every_table_is_a_word_of_the_glossary() -> None:
    tables = {name.replace("_", " ") for name in Base.metadata.tables}

    assert {word for word in tables if f"**{word}**" not in GLOSSARY} == set()


def test_every_table_says_what_it_stores_and_why() -> None:
    told = SECURITY.partition("## What is stored, and why")[2]
    rows = [line.partition(" | ")[0] for line in told.splitlines() if line.startswith("| `")]

    named = re.findall(r"`(\w+)`", " ".join(rows))

    assert sorted(named) == sorted(Base.metadata.tables)


def test_every_make_target_explains_itself() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")

    targets = re.findall(r"^([a-z-]+):(.*)$", makefile, re.M)

    assert [name for name, rest in targets if "##" not in rest and name != "help"] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_documents_lead_somewhere(path: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|mailto:|#)([^)#]+)", path.read_text(encoding="utf-8"))

    assert [target for target in targets if not (path.parent / target).exists()] == []


def test_every_test_that_a_document_names_exists() -> None:
    named = {
        name for path in DOCUMENTS for name in re.findall(r"`(test_\w+)`", path.read_text("utf-8"))
    }
    tests = "".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))

    assert len(named) > 40
    assert {name for name in named if f"def {name}(" not in tests} == set()


def test_every_file_that_the_page_on_security_names_exists() -> None:
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:\w+/)+[\w.]+\.(?:py|html|json|txt))`", page))

    assert len(named) > 20
    assert {name for name in named if not (ROOT / name).exists()} == set()


def test_every_control_is_told_with_the_test_that_shows_it() -> None:
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")

    rows = re.findall(r"^\| C(\d+) \|(.*)\|$", page, re.M)

    # 27 and 28 are of webhooks, which are not there.
    assert [int(number) for number, _ in rows] == [n for n in range(1, 41) if n not in (27, 28)]
    assert [number for number, row in rows if "`test_" not in row] == ["37"]


def test_the_table_of_what_was_measured_is_copied_and_not_typed() -> None:
    stands, should_stand = page_and_part()

    assert stands == should_stand
