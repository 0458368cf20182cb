"""A wrong setting, as the person sees it who starts the program."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from commands import demo
from config import SettingsError

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


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("LOG_FORMAT", {"LOG_FORMAT": "xml"}),
        ("SECRET_KEY", {"ENV": "production", "PUBLIC_BASE_URL": "https://app.example.com"}),
    ],
)
def test_a_command_refuses_in_one_line(tmp_path: Path, name: str, settings: dict[str, str]) -> None:
    finished = _flask(tmp_path, "check", "quickbooks", **settings)

    assert finished.returncode == 1
    assert finished.stdout == ""
    [line] = finished.stderr.splitlines()
    assert line.startswith(f"Error: BLUECLERK_{name}")


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
