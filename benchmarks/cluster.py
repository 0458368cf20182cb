"""Many processes on PostgreSQL: one reading for all who open, and two workers against one (P11).

`python -m benchmarks.cluster` runs this alone and says whose processor time it was.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import requests
from sqlalchemy import func, select, text

from app import create_app
from benchmarks.measuring import Result, as_lines, at_most, compare
from config import load_settings
from models import ImportRun, Reading
from services.customer_import import IMPORT_JOB, start_import
from services.import_choice import ImportScope
from services.runtime import Runtime
from tests.cluster.campaign import Place, Wish, cluster_settings, open_place
from tests.cluster.parts import WORKER
from tests.cluster.place import prepare
from tests.cluster.proxy import MISSING, NGINX
from tests.crash.databases import PostgresqlDatabase, look
from tests.crash.place import run_sandbox
from tests.postgresql import NoServer, run_server
from tests.system.database import age_readings, open_database
from tests.system.demo import ROOT, clean_environment, free_port

PEOPLE = 100
IMPORTS, CUSTOMERS = 8, 5_000
RUNS = 3
LIMIT_RATIO = 0.65
HELD = "held"
ALERT = "/settings/integrations/quickbooks/unsynced"
WORKS = "SELECT count(*) FROM heartbeat WHERE name LIKE 'worker%'"
LEFT = "SELECT count(*) FROM import_run WHERE finished_at IS NULL"
BATCH_WAIT_S = 0.05
PATIENCE_S = 300


def run() -> list[Result]:
    """Measure both; without PostgreSQL or nginx what needs them is left out, in one line."""
    try:
        return [*_openings(), *_imports()]
    except NoServer as error:
        print(f"cluster: PostgreSQL cannot be started here, so nothing is measured ({error})")
        return []


def _openings() -> list[Result]:
    if NGINX is None:
        print(f"cluster: the openings are left out ({MISSING})")
        return []
    wish = Wish(importers=1, imports_each=CUSTOMERS // 50, reporting=0)
    with TemporaryDirectory() as folder, open_place(wish, Path(folder)) as place:
        age_readings(place.database.url)
        before = _readings(place)
        statuses = _open_at_once(place)
        while look(place.database.url, "SELECT 1 FROM reading WHERE state = 'running'"):
            time.sleep(BATCH_WAIT_S)
        assert set(statuses) == {200}, statuses
        made = _readings(place) - before
    work = f"readings for {PEOPLE} openings at once, 4 web processes"
    return [at_most("P11", work, made, 1, unit="readings")]


def _readings(place: Place) -> int:
    with open_database(place.database.url) as database:
        return database.execute(select(func.count(Reading.id))).scalar_one()


def _open_at_once(place: Place) -> Counter[int]:
    all_are_here = threading.Barrier(PEOPLE)
    cookie = place.prepared.importers[0].cookie

    def open_it(_number: int) -> int:
        all_are_here.wait(timeout=60)
        answer = requests.get(
            place.parts.url + ALERT,
            headers={"HX-Request": "true"},
            cookies={"blueclerk": cookie},
            timeout=60,
        )
        return answer.status_code

    with ThreadPoolExecutor(PEOPLE) as pool:
        return Counter(pool.map(open_it, range(PEOPLE)))


def _imports() -> list[Result]:
    with TemporaryDirectory() as name, run_server() as server:
        folder = Path(name)
        with run_sandbox(folder) as sandbox:
            wish = {"provider": "quickbooks", "size": CUSTOMERS}
            requests.post(f"{sandbox}/control/reset", json=wish, timeout=60).raise_for_status()
            database = PostgresqlDatabase(server, "cluster")
            settings = cluster_settings(
                folder, database, sandbox=sandbox, port=free_port(), smtp_port=free_port()
            )
            _hold_imports(settings, database)
            took: dict[int, list[float]] = {1: [], 2: []}
            for _ in range(RUNS):
                for workers in took:
                    took[workers].append(_import_all(folder, settings, database, workers))
    medians = {f"{workers} workers": statistics.median(each) for workers, each in took.items()}
    return [
        compare(
            "P11",
            f"{IMPORTS} imports of {CUSTOMERS:,} at once, {os.cpu_count()} cores for everything",
            medians,
            ours="2 workers",
            against="1 workers",
            limit_ratio=LIMIT_RATIO,
            unit="s",
        )
    ]


def _hold_imports(settings: Mapping[str, str], database: PostgresqlDatabase) -> None:
    """Queue the imports, keep them from everybody, and save it all."""
    prepared = prepare(settings, importers=IMPORTS, reporting=0)
    runtime: Runtime = create_app(load_settings(settings)).extensions["runtime"]
    with runtime.sessions() as session:
        for importer in prepared.importers:
            start_import(
                session,
                importer.account_id,
                choice=ImportScope.ALL,
                creates_maybes=True,
                requested_by_id=None,
                wake=lambda _job, _row_id: None,
                now=runtime.clock(),
            )
        session.execute(text("UPDATE import_run SET state = 'stopped'"))
        session.commit()
        session.get_bind().dispose()  # type: ignore[union-attr]
    database.save(HELD)


def _import_all(
    folder: Path, settings: Mapping[str, str], database: PostgresqlDatabase, workers: int
) -> float:
    """Return how many seconds so many workers need for all imports, from their queueing on."""
    database.restore(HELD)
    with _working(folder, settings, workers) as processes:
        while look(database.url, WORKS)[0][0] < workers:
            assert all(process.poll() is None for process in processes), "a worker ended"
            time.sleep(BATCH_WAIT_S)
        before_s = [_processor_s(process.pid) for process in processes]
        busy_before_s = _busy_s()
        began_s = time.monotonic()
        _queue(settings)
        while look(database.url, LEFT)[0][0]:
            assert time.monotonic() - began_s < PATIENCE_S, "the imports did not end"
            time.sleep(BATCH_WAIT_S)
        took_s = time.monotonic() - began_s
        busy_s = _busy_s() - busy_before_s
        own_s = sum(_processor_s(process.pid) for process in processes) - sum(before_s)
    [(created,)] = look(database.url, "SELECT sum(created_count + linked_count) FROM import_run")
    assert created == IMPORTS * CUSTOMERS, created
    print(
        f"cluster: {workers} workers took {took_s:.1f} s, {own_s:.1f} s of processor themselves; "
        f"all processes of the machine {busy_s:.1f} s"
    )
    return took_s


def _queue(settings: Mapping[str, str]) -> None:
    runtime: Runtime = create_app(load_settings(settings)).extensions["runtime"]
    with runtime.sessions() as session:
        session.execute(text("UPDATE import_run SET state = 'queued'"))
        runs = session.scalars(select(ImportRun.id)).all()
        session.commit()
        for run_id in runs:
            runtime.wake(IMPORT_JOB, run_id)
        session.get_bind().dispose()  # type: ignore[union-attr]


@contextmanager
def _working(
    folder: Path, settings: Mapping[str, str], workers: int
) -> Iterator[list[subprocess.Popen[bytes]]]:
    with (folder / "workers.log").open("ab") as log:
        environment = clean_environment() | dict(settings)
        processes = [
            subprocess.Popen(WORKER, cwd=ROOT, env=environment, stdout=log, stderr=log)
            for _ in range(workers)
        ]
    try:
        yield processes
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(PATIENCE_S)


def _busy_s() -> float:
    """Return how long all processors have worked since the machine runs, each for itself.

    What a host has taken from a virtual machine does not count (man 5 proc_stat).
    """
    user, nice, system, _idle, _waiting, irq, softirq, *_ = (
        int(each) for each in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    )
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def _processor_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    sys.stdout.write(as_lines(run()) + "\n")
