"""Our import against raw SQL of the same rows and against the ORM; and the page meanwhile (P7)."""

from __future__ import annotations

import gc
import json
import shutil
import signal
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from flask import Flask

from benchmarks import import_postgresql
from benchmarks.import_ways import RUN_ID, Took
from benchmarks.measuring import Result, at_most, compare
from benchmarks.pages import PAGE, filled_app, getting, signed_in
from benchmarks.review import record
from models import RemoteAccount
from services.customer_import import start_import
from services.import_choice import ImportScope
from services.runtime import Runtime

SMALL, LARGE = 10_000, 100_000
RUNS = {SMALL: 3, LARGE: 1}
#: The ORM is asked once, and for the small list only: the large one takes it minutes.
WAYS = {SMALL: ("ours", "raw", "orm"), LARGE: ("ours", "raw")}
LIMIT_RATIO, ORM_RATIO = 2.5, 5.0
START_LIMIT_S, TRANSACTION_LIMIT_MS, MEMORY_LIMIT_MB = 1.0, 25.0, 20.0
PAGE_LIMIT_RATIO, WARM_UP = 2.0, 200
#: Enough for 99 of 100; all that an import leaves time for would take as long again without it.
PAGES = 1_000
#: Every way has to leave as many rows in each.
COUNTED = ("customer", "customer_link", "import_item WHERE outcome = 'created'")


def run() -> list[Result]:
    """Measure both sizes, then how the page answers while the large import runs."""
    with _queued(SMALL) as (small, _, _small_app), _queued(LARGE) as (large, start_s, app):
        took = {SMALL: _take_turns(small, SMALL), LARGE: _take_turns(large, LARGE)}
        lines = [line for size in took for line in _speed(size, took[size])]
        ours = took[LARGE]["ours"]
        grown = _peak(ours) - _peak(took[SMALL]["ours"])
        return [
            *lines,
            at_most("P7", f"queue an import of {LARGE:,}", start_s, START_LIMIT_S, unit="s"),
            *(line for size in took for line in _transactions(size, took[size]["ours"])),
            at_most("P7", "memory from 10,000 to 100,000", grown, MEMORY_LIMIT_MB, unit="MB"),
            _page_meanwhile(app, large),
            *import_postgresql.run(),
        ]


def _speed(size: int, took: dict[str, list[Took]]) -> Iterator[Result]:
    medians = {
        way: statistics.median(one.seconds for one in each) * 1000 for way, each in took.items()
    }
    work = f"import of {size:,}"
    yield compare("P7", work, medians, ours="ours", against="raw", limit_ratio=LIMIT_RATIO)
    if "orm" in medians:
        yield Result(
            goal="P7",
            work=f"{work}: ORM add_all against ours",
            ours=round(medians["orm"], 2),
            against="ours",
            against_value=round(medians["ours"], 2),
            ratio=round(medians["orm"] / medians["ours"], 2),
            limit_ratio=ORM_RATIO,
            is_floor=True,
        )


def _peak(took: Sequence[Took]) -> float:
    return statistics.median(each.peak_mb for each in took)


def _transactions(size: int, took: Sequence[Took]) -> Iterator[Result]:
    """Yield how long others waited for the lock; the first batch of a process is the second."""
    work = f"write transactions of {size:,}"
    for clock, each in (
        ("", [one.transactions_ms for one in took]),
        (", processor time", [one.processor_ms for one in took]),
    ):
        for name, pick in (("the longest", max), ("99 of 100", _p99), ("the first batch", _first)):
            value = statistics.median(pick(times) for times in each)
            line = at_most("P7", f"{work}: {name}{clock}", value, TRANSACTION_LIMIT_MS, unit="ms")
            yield line if not clock else line.without_goal()


def _first(times: Sequence[float]) -> float:
    return times[1]


@contextmanager
def _queued(size: int) -> Iterator[tuple[Path, float, Flask]]:
    """Yield a database in which an import of so many waits, and how long queueing it took."""
    with TemporaryDirectory() as folder:
        app = filled_app(Path(folder), size, record=record)
        runtime: Runtime = app.extensions["runtime"]
        with runtime.sessions() as session:
            account_id = session.query(RemoteAccount.id).scalar()
            started = time.perf_counter()
            run = start_import(
                session,
                account_id,
                choice=ImportScope.ALL,
                requested_by_id=None,
                wake=runtime.wake,
                now=runtime.clock(),
            )
            seconds = time.perf_counter() - started
            assert (run.id, run.chosen_count) == (RUN_ID, size)
        path = Path(folder) / "blueclerk.db"
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        yield path, seconds, app


def _take_turns(queued: Path, size: int) -> dict[str, list[Took]]:
    """Let each way write into a copy of its own, in turn."""
    took: dict[str, list[Took]] = {way: [] for way in WAYS[size]}
    done = queued.with_name("done.db")
    for number in range(RUNS[size]):
        for way in (way for way in took if way != "orm" or not number):
            copy = done if way == "ours" and not number else queued.with_name("copy.db")
            shutil.copyfile(queued, copy)
            took[way].append(_take(way, copy, done))
            assert _counts(copy) == [size] * len(COUNTED), f"{way} wrote something else"
            _remove(copy, keeps=copy == done)
    _remove(done)
    return took


def _take(way: str, path: Path, done: Path) -> Took:
    answer = subprocess.run(_command(way, path, done), capture_output=True, check=True, text=True)
    return Took(**json.loads(answer.stdout))


def _command(way: str, path: Path, done: Path) -> list[str]:
    return [sys.executable, "-m", "benchmarks.import_ways", way, str(path), str(done)]


def _counts(path: Path) -> list[int]:
    with closing(sqlite3.connect(path)) as connection:
        return [
            connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in COUNTED
        ]


def _remove(path: Path, *, keeps: bool = False) -> None:
    if not keeps:
        for suffix in ("", "-wal", "-shm"):
            Path(f"{path}{suffix}").unlink(missing_ok=True)


def _page_meanwhile(app: Flask, path: Path) -> Result:
    """Ask for the collapsed page while another process imports, and as often without.

    What this process made up to fill the database is kept from its garbage collector: no server
    has it, and looking through it takes longer than ten pages.
    """
    gc.collect()
    gc.freeze()
    page = getting(signed_in(app), PAGE)
    _latencies_ms(page, lambda times: len(times) == WARM_UP)
    process = subprocess.Popen(_command("ours", path, path), stdout=subprocess.DEVNULL)
    meanwhile = _latencies_ms(page, lambda times: len(times) == PAGES or process.poll() is not None)
    process.terminate()
    assert process.wait() in (0, -signal.SIGTERM), "the import broke"
    alone = _latencies_ms(page, lambda times: len(times) == len(meanwhile))
    return compare(
        "P7",
        f"collapsed page while {LARGE:,} are imported, p99 of {len(meanwhile):,}",
        {"meanwhile": _p99(meanwhile), "without": _p99(alone)},
        ours="meanwhile",
        against="without",
        limit_ratio=PAGE_LIMIT_RATIO,
    )


def _latencies_ms(
    page: Callable[[], object], is_enough: Callable[[list[float]], bool]
) -> list[float]:
    times: list[float] = []
    while not is_enough(times):
        started = time.perf_counter()
        page()
        times.append((time.perf_counter() - started) * 1000)
    return times


def _p99(times: Sequence[float]) -> float:
    # Of 67 batches the other method would guess beyond the longest.
    return statistics.quantiles(times, n=100, method="inclusive")[98]
