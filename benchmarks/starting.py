"""How soon a server answers, and what its process holds then and after thousands of pages (P9)."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measuring import Result, at_most, compare
from benchmarks.pages import PAGE, environment, filled_app
from benchmarks.serving import Browser, memory_mb, serving, worker_of

RUNS = 7
#: In a virtual environment of its own each would be read from the disk alike; here all are warm.
WAYS = {
    "the web app": "import app",
    "with everything made": "import app; app.create_app()",
    "the three libraries": "import flask, flask_sqlalchemy, flask_login",
    "the libraries with our tables": "import flask, flask_sqlalchemy, flask_login, models",
}
TIMED = "import json, time; began = time.process_time(); {}; print(time.process_time() - began)"
CUSTOMERS = 200
ASKED = (100, 1_000, 3_000)
#: Each page of ours that shows lists, so that every part that keeps something has kept it.
PAGES = (PAGE, f"{PAGE}/review", f"{PAGE}/gap", f"{PAGE}/imports", "/customers", "/reports")
IMPORT_RATIO, ANSWER_S, MEMORY_MB, GROWTH_RATIO = 1.2, 1.0, 80.0, 1.05


def run() -> list[Result]:
    """Import in fresh processes in turn, start servers in turn, then ask one for 3,000 pages."""
    with TemporaryDirectory() as folder:
        filled_app(Path(folder), CUSTOMERS)
        environ = dict(environment(folder))
        return [*_imports(environ), *_answers(environ), *_memory(environ)]


def _imports(environ: dict[str, str]) -> list[Result]:
    times: dict[str, list[float]] = {name: [] for name in WAYS}
    for _ in range(RUNS):
        for name, statement in WAYS.items():
            command = [sys.executable, "-c", TIMED.format(statement)]
            answer = subprocess.run(
                command, env=os.environ | environ, capture_output=True, check=True, text=True
            )
            times[name].append(json.loads(answer.stdout) * 1000)
    medians = {name: statistics.median(each) for name, each in times.items()}
    ours, made, libraries, tables = WAYS
    work = "processor time of importing"
    return [
        compare(
            "P9",
            f"{work} {ours}",
            medians,
            ours=ours,
            against=libraries,
            limit_ratio=IMPORT_RATIO,
        ),
        compare("P9", f"{work} {ours}", medians, ours=ours, against=tables),
        compare("P9", f"{work} {made}", medians, ours=made, against=libraries),
    ]


def _answers(environ: dict[str, str]) -> list[Result]:
    """From the start of gunicorn to the first answer, ours and the least there can be, in turn."""
    times: dict[str, list[float]] = {"ours_at_work": [], "bare": []}
    for _ in range(RUNS):
        for name, each in times.items():
            started = time.perf_counter()
            with serving(f"benchmarks.served:{name}()", environ):
                each.append(time.perf_counter() - started)
    medians = {name: statistics.median(each) for name, each in times.items()}
    work = "from the start of the server to its first answer"
    return [
        at_most("P9", work, medians["ours_at_work"], ANSWER_S, unit="s"),
        compare("P9", work, medians, ours="ours_at_work", against="bare", unit="s"),
    ]


def _memory(environ: dict[str, str]) -> list[Result]:
    """Ask a process that only answers; beside it one whose jobs have compared the customers."""
    first, middle, last = ASKED
    held = _held("ours", environ)
    at_work = _held("ours_at_work", environ, most=middle)
    work = f"a process after {middle:,} pages"
    named = {f"{count:,} pages": mb for count, mb in held.items()}
    return [
        at_most("P9", work, held[middle], MEMORY_MB, unit="MB"),
        at_most("P9", f"{work}, with jobs and matching", at_work[middle], MEMORY_MB, unit="MB"),
        compare(
            "P9",
            f"a process after {last:,} pages",
            named,
            ours=f"{last:,} pages",
            against=f"{first:,} pages",
            limit_ratio=GROWTH_RATIO,
            unit="MB",
        ),
    ]


def _held(app: str, environ: dict[str, str], *, most: int = ASKED[-1]) -> dict[int, float]:
    held: dict[int, float] = {}
    with (
        serving(f"benchmarks.served:{app}()", environ) as (port, master),
        Browser(port) as browser,
    ):
        browser.sign_in()
        ways = [browser.getting(path) for path in PAGES]
        for number in range(1, most + 1):
            ways[number % len(ways)]()
            if number in ASKED:
                held[number] = memory_mb(worker_of(master))
    return held
