"""Counting: nothing before it begins, across processes, and what a killed one has counted."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from config import PROJECT_FOLDER
from services import metrics

COUNTING = """
import os, sys, threading, time
from services.metrics import count_call, count_request, start_counting
start_counting(sys.argv[1])
for _ in range(int(sys.argv[2])):
    count_request("customers.index", method="GET", status=200, duration_s=0.02)
    count_call("xero", 429, 0.3)
print("counted", flush=True)
if "stay" in sys.argv:
    time.sleep(60)
"""
TELLING = """
import sys
from services.metrics import join_counting, write_counts
join_counting(sys.argv[1])
print(write_counts().decode())
"""


@pytest.fixture
def counting() -> Iterator[None]:
    metrics.start_counting()
    yield
    metrics.stop_counting()


def _python(programme: str, *arguments: str) -> subprocess.Popen[str]:
    environ = {name: value for name, value in os.environ.items() if "PROMETHEUS" not in name}
    return subprocess.Popen(
        [sys.executable, "-c", programme, *arguments],
        cwd=PROJECT_FOLDER,
        env=environ,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_folder_without_room_ends_the_counting_and_not_the_process(tmp_path: Path) -> None:
    small = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (9999, 9999))"

    counting = _python(small + COUNTING, str(tmp_path), "3")

    said, _ = counting.communicate(timeout=30)
    assert (said, counting.returncode) == ("counted\n", 0)


def test_what_is_counted_has_its_room_on_the_disk_beforehand(tmp_path: Path) -> None:
    _python(COUNTING, str(tmp_path), "1").communicate(timeout=30)

    files = list(tmp_path.glob("*.db"))
    assert len(files) == 2
    assert all(file.stat().st_blocks * 512 >= metrics.ROOM_BYTES for file in files)


@pytest.mark.parametrize(("good", "bad"), [(b"", b"\xff" * 64), (b'"xero"', b"  null")])
def test_a_damaged_file_is_left_out_and_the_others_count(
    tmp_path: Path, good: bytes, bad: bytes
) -> None:
    _python(COUNTING, str(tmp_path), "3").communicate(timeout=30)
    [file] = tmp_path.glob("counter_*.db")
    (tmp_path / "counter_1.db").write_bytes(file.read_bytes().replace(good, bad) if good else bad)

    told, _ = _python(TELLING, str(tmp_path)).communicate(timeout=30)

    assert 'blueclerk_provider_calls_total{provider="xero",status="429"} 3.0' in told


def test_nothing_is_counted_before_it_begins() -> None:
    metrics.count_mail("report", outcome="sent")

    assert metrics.write_counts() == b""


def test_only_known_statuses_of_a_provider_have_a_label_of_their_own(counting: None) -> None:
    for status in (200, 299, 429, 418, 999, None):
        metrics.count_call("quickbooks", status, 0.2)

    text = metrics.write_counts().decode()

    line = 'blueclerk_provider_calls_total{{provider="quickbooks",status="{}"}} 1.0'
    assert all(line.format(status) in text for status in ("200", "2xx", "429", "4xx", "none"))
    assert "418" not in text


def test_a_clock_that_was_put_back_takes_nothing_away(counting: None) -> None:
    metrics.count_reading("xero", kind="full", outcome="finished", duration_s=-3600.0)

    assert b'reading_seconds_sum{kind="full",provider="xero"} 0.0' in metrics.write_counts()


def test_processes_of_one_folder_are_told_together_and_a_killed_one_stays_counted(
    tmp_path: Path,
) -> None:
    folder = str(tmp_path / "metrics")
    os.mkdir(folder)
    Path(folder, "counter_1.db").touch()  # its process was killed before the first word
    first, killed = _python(COUNTING, folder, "3"), _python(COUNTING, folder, "4", "stay")
    for process in (first, killed):
        assert process.stdout is not None
        assert process.stdout.readline() == "counted\n"
    killed.kill()
    for process in (first, killed):
        process.communicate(timeout=30)

    text, _ = _python(TELLING, folder).communicate(timeout=30)

    assert (
        'blueclerk_requests_total{endpoint="customers.index",method="GET",status="200"} 7.0' in text
    )
    assert 'blueclerk_provider_call_seconds_count{provider="xero"} 7.0' in text
    assert 'blueclerk_provider_calls_total{provider="xero",status="429"} 7.0' in text


@pytest.mark.parametrize(
    ("counts_still", "left"), [(True, 3), (False, 1)], ids=["one still counts", "all are gone"]
)
def test_a_start_of_the_server_begins_anew_unless_somebody_counts_there_still(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, counts_still: bool, left: int
) -> None:
    gone = _python("pass")
    gone.communicate(timeout=30)
    pid = os.getpid() if counts_still else gone.pid
    for name in (f"counter_{pid}.db", f"histogram_{gone.pid}.db", "note.txt"):
        (tmp_path / name).touch()
    monkeypatch.setenv("BLUECLERK_METRICS_FOLDER", str(tmp_path))

    runpy.run_path(str(PROJECT_FOLDER / "gunicorn.conf.py"))["on_starting"](SimpleNamespace())

    found = {path.name for path in tmp_path.iterdir()}
    assert len(found) == left
    assert "note.txt" in found
