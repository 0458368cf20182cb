"""A wrong setting, as the person sees it who starts the program."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from commands import demo
from config import SettingsError, new_keys

PROJECT = Path(__file__).resolve().parents[2]


def _flask(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("BLUECLERK_")
    }
    environment |= {"BLUECLERK_INSTANCE_FOLDER": str(folder)}
    environment |= {f"BLUECLERK_{name}": value for name, value in settings.items()}
    return subprocess.run(
        [sys.executable, "-m", "flask", "--app", "app", *arguments],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_command_refuses_in_one_line(tmp_path: Path) -> None:
    finished = _flask(tmp_path, "check", "quickbooks", LOG_FORMAT="xml")

    assert finished.returncode == 1
    assert finished.stdout == ""
    [line] = finished.stderr.splitlines()
    assert line.startswith("Error: BLUECLERK_LOG_FORMAT")


#: What makes production start, and what is wrong in each of its children, all at once.
SAFE = new_keys() | {
    "BLUECLERK_ENV": "production",
    "BLUECLERK_PUBLIC_BASE_URL": "https://app.example.com",
    "BLUECLERK_SMTP_URL": "smtp://mail.example.com",
}
UNSAFE = {
    "no secret key": {"BLUECLERK_SECRET_KEY": ""},
    "a short secret key": {"BLUECLERK_SECRET_KEY": "x7K"},
    "a known secret key": {"BLUECLERK_SECRET_KEY": "change-me-" + "8f3a91c27d5eq0zx4vbn93mq"},
    "a repeated character": {"BLUECLERK_SECRET_KEY": "a" * 48},
    "no token key": {"BLUECLERK_TOKEN_KEYS": ""},
    "a token key of zeros": {"BLUECLERK_TOKEN_KEYS": "A" * 43 + "="},
    "a wrong token key": {"BLUECLERK_TOKEN_KEYS": "c2hvcnQ="},
    "the sandbox": {"BLUECLERK_SANDBOX_URL": "https://sandbox.example.com"},
    "http": {"BLUECLERK_PUBLIC_BASE_URL": "http://app.example.com"},
    "mail in the clear": {"BLUECLERK_SMTP_URL": "smtp://mail.example.com?tls=none"},
    "debugging": {"FLASK_DEBUG": "1"},
    "debugging by another name": {"DEBUG": "true"},
    "a folder that others may read": {"MODE": "755"},
    "a folder that others may enter": {"MODE": "711"},
    "a folder that a group may change": {"MODE": "770"},
}
#: One process for each condition would spend most of its time on imports: a child is forked.
CHILD = """
import json, os, sys
import app
from pathlib import Path
from config import SettingsError, new_keys
folder, safe, unsafe = json.loads(sys.stdin.read())
for name, wrong in [("", {}), *unsafe.items()]:
    place = Path(folder) / (name or "safe")
    place.mkdir(mode=0o700)
    place.chmod(int(wrong.get("MODE", "700"), 8))
    sys.stdout.flush()
    if (child := os.fork()) == 0:
        os.environ.update(safe | {"BLUECLERK_INSTANCE_FOLDER": str(place)} | wrong)
        try:
            app.create_app()
        except SettingsError as error:
            print(json.dumps([name, error.format_message()]), flush=True)
            os._exit(error.exit_code)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    print(json.dumps([name, os.waitstatus_to_exitcode(status)]), flush=True)
"""


@pytest.fixture(scope="module")
def refusals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[object]]:
    """By condition: the line that was told, if any, and the exit code."""
    given = json.dumps([str(tmp_path_factory.mktemp("starts")), SAFE, UNSAFE])
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    finished = subprocess.run(
        [sys.executable, "-c", CHILD],
        cwd=PROJECT,
        env=environment,
        input=given,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    told: dict[str, list[object]] = {}
    for name, what in map(json.loads, finished.stdout.splitlines()):
        told.setdefault(name, []).append(what)
    return told


@pytest.mark.parametrize("condition", UNSAFE)
def test_production_refuses_to_start_and_says_why_in_one_line(
    refusals: dict[str, list[object]], condition: str
) -> None:
    line, exit_code = refusals[condition]

    wrong = next(iter(UNSAFE[condition]))
    named = "BLUECLERK_DATABASE_URL" if wrong == "MODE" else wrong
    assert str(line).startswith(named) and "\n" not in str(line)
    assert exit_code == 1
    assert not set(UNSAFE[condition].values()) & set(str(line).split())


def test_production_starts_where_nothing_is_wrong(refusals: dict[str, list[object]]) -> None:
    assert refusals[""] == [0]


def test_the_demo_refuses_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(_processes: object) -> int:
        raise SettingsError("BLUECLERK_LOG_FORMAT is 'xml'.")

    monkeypatch.setattr(demo, "_run", refuse)
    monkeypatch.setattr(signal, "signal", lambda *_arguments: None)

    assert demo.main() == 1

    printed = capsys.readouterr()
    assert printed.err == "The demo did not start: BLUECLERK_LOG_FORMAT is 'xml'.\n"
