"""What deploy/ names is there, spelled as the program spells it."""

from __future__ import annotations

import re
import shlex
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from flask import Flask

from app import create_app
from config import load_settings, new_keys
from tests.system.serving import make_certificate, nginx_configuration

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
UNITS = sorted(path for path in DEPLOY.iterdir() if path.name.startswith("blueclerk"))
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
APP_FOLDER = "/srv/blueclerk/app"
PROGRAM = f"{APP_FOLDER}/.venv/bin/"
LIMIT_S = 60


def _values(name: str, unit: str) -> list[str]:
    text = (DEPLOY / unit).read_text(encoding="utf-8")
    return re.findall(rf"^{name}=(.*)$", text, re.M)


def _commands() -> list[list[str]]:
    return [
        shlex.split(line.removeprefix(PROGRAM))
        for unit in UNITS
        for name in ("ExecStartPre", "ExecStart", "ExecReload")
        for line in _values(name, unit.name)
        if line.startswith(PROGRAM)
    ]


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    environ = new_keys() | {"BLUECLERK_ENV": "demo", "BLUECLERK_INSTANCE_FOLDER": str(tmp_path)}
    return create_app(load_settings(environ))


def test_every_command_of_a_unit_exists(app: Flask) -> None:
    flask = [words[3:] for words in _commands() if words[:3] == ["flask", "--app", "app"]]

    assert len(flask) >= 4
    for words in flask:
        assert app.test_cli_runner().invoke(args=[*words, "--help"]).exit_code == 0, words


def test_the_server_is_started_and_checked_as_make_serve_starts_it() -> None:
    gunicorn = [words for words in _commands() if words[0] == "gunicorn"]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")

    started = ["gunicorn", "--config", "gunicorn.conf.py", "app:create_app()"]
    assert started in gunicorn
    assert [[word for word in words if word != "--check-config"] for words in gunicorn] == [
        started
    ] * len(gunicorn)
    assert "gunicorn --config gunicorn.conf.py 'app:create_app()'" in makefile


def test_the_units_run_as_one_user_with_one_file_of_settings_and_one_hardening() -> None:
    services = [path for path in UNITS if path.suffix == ".service"]
    shared = ("User", "Group", "WorkingDirectory", "EnvironmentFile", "StateDirectory", "UMask")
    closed = [
        [line for line in path.read_text("utf-8").splitlines() if re.match("(Protect|Restr)", line)]
        for path in services
    ]

    for name in shared:
        assert len({tuple(_values(name, path.name)) for path in services}) == 1, name
    assert [[line for line in lines if not line.startswith("Restart")] for lines in closed] == [
        [line for line in closed[0] if not line.startswith("Restart")]
    ] * len(services)


def test_nobody_is_killed_before_the_time_to_end_is_over() -> None:
    told = re.search(r"^graceful_timeout = (\d+)$", (ROOT / "gunicorn.conf.py").read_text(), re.M)
    assert told

    for unit in ("blueclerk.service", "blueclerk-worker@.service"):
        assert int(_values("TimeoutStopSec", unit)[0]) > int(told[1])


def test_the_proxies_lead_to_where_the_server_listens() -> None:
    [address] = _values("ListenStream", "blueclerk.socket")

    assert f"proxy_pass http://{address};" in (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    assert f"reverse_proxy {address} " in (DEPLOY / "Caddyfile").read_text(encoding="utf-8")
    assert f"| `{address}` |" in OPERATIONS


def test_the_guide_for_operators_leads_to_every_file() -> None:
    missing = [
        path.name for path in DEPLOY.iterdir() if f"](../deploy/{path.name})" not in OPERATIONS
    ]

    assert missing == []


@pytest.mark.skipif(
    not shutil.which("systemd-analyze"), reason="no systemd-analyze: apt-get install systemd"
)
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name in ("flask", "gunicorn"):
        (programs / name).touch()
        (programs / name).chmod(stat.S_IRWXU)
    copies = [tmp_path / path.name for path in UNITS]
    for unit, copy in zip(UNITS, copies, strict=True):
        copy.write_text(unit.read_text("utf-8").replace(APP_FOLDER, str(tmp_path)))

    command = ["systemd-analyze", "verify", "--man=no", *map(str, copies)]
    checked = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)

    ours = [line for line in checked.stderr.splitlines() if "blueclerk" in line]
    assert ours == []
    assert checked.returncode == 0, checked.stderr


@pytest.mark.skipif(not shutil.which("nginx"), reason="no nginx: apt-get install nginx-light")
def test_nginx_takes_its_snippet(tmp_path: Path) -> None:
    make_certificate(tmp_path)
    configuration = tmp_path / "nginx.conf"
    configuration.write_text(nginx_configuration(tmp_path, port=1, server_port=2))

    command = ["nginx", "-t", "-q", "-p", str(tmp_path), "-c", str(configuration)]
    checked = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)

    assert (checked.returncode, checked.stderr) == (0, "")
