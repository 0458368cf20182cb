"""How the demo starts, starts over, and refuses to start."""

from __future__ import annotations

import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.env_file import read_env_file
from tests.system.demo import (
    STOP_WAIT_S,
    Demo,
    free_port,
    printed_by,
    run_demo,
    start_demo,
)
from tests.system.prepared import PreparedDemo


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def _refusal(folder: Path, *ports: int, **settings: str) -> tuple[int, list[str]]:
    process = run_demo(folder, *ports, **settings)
    code = process.wait(STOP_WAIT_S)
    return code, printed_by(folder).read_text(encoding="utf-8").splitlines()


@pytest.mark.full
def test_the_environment_file_is_there_before_anybody_can_connect(folder: Path) -> None:
    path = folder / "demo.env"
    path.unlink()

    demo = start_demo(folder)
    demo.stop()

    assert demo.env_file_came_first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    values = read_env_file(path)
    assert values["BLUECLERK_PUBLIC_BASE_URL"] == demo.url
    assert values["BLUECLERK_SANDBOX_URL"] == demo.sandbox_url
    assert all(key.startswith("BLUECLERK_") for key in values)
    assert not any(value.startswith(("'", '"')) for value in values.values())


def test_it_prints_where_to_go_and_how_to_sign_in(demo: Demo) -> None:
    printed = printed_by(demo.folder).read_text(encoding="utf-8")

    assert demo.url in printed
    assert "ada@example.com" in printed
    assert "demo-password" in printed


@pytest.mark.full
def test_reset_starts_over(folder: Path) -> None:
    before = (folder / "demo.env").read_text(encoding="utf-8")
    (folder / "demo.db").write_bytes(b"of no use any more")

    demo = start_demo(folder, RESET="1")
    unsynced = demo.count("SELECT count(*) FROM remote_customer WHERE state = 'unsynced'")
    counted = demo.counted()
    demo.stop()

    assert (unsynced, counted) == (182, 1204)
    assert (folder / "demo.env").read_text(encoding="utf-8") != before


def test_a_taken_port_is_told_in_a_sentence(folder: Path, taken_port: int) -> None:
    code, printed = _refusal(folder, taken_port, free_port())

    assert code == 1
    assert printed == [
        f"The demo did not start: port {taken_port} is in use."
        f" Choose another one: PORT={taken_port + 10} make demo"
    ]


def test_a_taken_port_of_the_sandbox_is_told_in_a_sentence(folder: Path, taken_port: int) -> None:
    code, printed = _refusal(folder, free_port(), taken_port)

    assert code == 1
    assert printed == [
        f"The demo did not start: port {taken_port} is in use."
        f" Choose another one: SANDBOX_PORT={taken_port + 10} make demo"
    ]


def test_it_refuses_production(tmp_path: Path) -> None:
    folder = tmp_path / "instance"

    code, printed = _refusal(folder, free_port(), free_port(), BLUECLERK_ENV="production")

    assert code == 1
    assert printed == [
        "The demo did not start: BLUECLERK_ENV is production. The demo's password is public."
    ]
    assert not folder.exists()


def test_the_prepared_demo_keeps_nothing_readable_for_others(prepared: PreparedDemo) -> None:
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in prepared.folder.iterdir()}

    secret = {name: mode for name, mode in modes.items() if name != "sandbox.env"}
    assert {name: oct(mode) for name, mode in secret.items() if mode & 0o077} == {}
