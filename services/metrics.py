"""What this process counts for whoever watches it; labels are closed sets, never whose it was.

Counting begins where a server or worker does (`start_counting`); before that, in commands and
tests, it does nothing. The library is imported there, too: it costs a start-up more than Flask.
With a folder the processes of a machine write into files that outlive them, and any of them tells
the sum (https://prometheus.github.io/client_python/multiprocess/, read 2026-11-23).
"""

from __future__ import annotations

import logging
import os
import struct
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prometheus_client import Metric
    from prometheus_client.metrics import MetricWrapperBase

logger = logging.getLogger(__name__)
FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
PAGES_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
CALLS_S = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0)
#: Taken from the disk before it is counted in: a page of memory that finds no room on the disk
#: kills its process. Every page with every status of ours needs 233 kB of the larger file.
ROOM_BYTES = 262_144
#: What the library raises for damaged files, some of them only when they are told; it promises
#: nothing (44,000 of them, 2026-11-23).
DAMAGES = (ValueError, LookupError, TypeError, AttributeError, RuntimeError, struct.error)
JOBS_S = (0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 1800.0)
#: What providers answer with; any other status is told by its first digit.
TOLD_STATUSES = frozenset({200, 304, 400, 401, 403, 404, 408, 429, 500, 502, 503, 504})

_COUNTERS = {
    "requests": ("Requests answered", ("endpoint", "method", "status")),
    "provider_calls": ("Calls to a provider, further tries included", ("provider", "status")),
    "provider_wait_seconds": ("Time that a provider asked us to wait", ("provider",)),
    "readings": ("Readings of a customer list that ended", ("provider", "kind", "outcome")),
    "runs": ("Imports and undos that ended or were paused", ("provider", "kind", "outcome")),
    "run_items": ("Customers of runs that ended", ("provider", "kind", "outcome")),
    "mails": ("Attempts at a mail", ("kind", "outcome")),
    "jobs": ("Jobs and beats that were run", ("job", "outcome")),
}
_HISTOGRAMS = {
    "request_seconds": ("From a request to the end of its answer", ("endpoint",), PAGES_S),
    "provider_call_seconds": ("One call to a provider", ("provider",), CALLS_S),
    "reading_seconds": ("From asking for a reading to its end", ("provider", "kind"), JOBS_S),
    "run_seconds": ("From asking for an import to its end", ("provider", "kind"), JOBS_S),
    "job_seconds": ("One run of a job or a beat", ("job",), JOBS_S),
}


class _Counts:
    """The metrics of this process."""

    def __init__(self) -> None:
        from prometheus_client import (
            CollectorRegistry,
            Counter,
            Histogram,
            disable_created_metrics,
        )

        # A moment for each count would be a third of the page, and nobody asks for it.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self._metrics: dict[str, MetricWrapperBase] = {
            name: Counter(f"blueclerk_{name}", text, labels, registry=self.registry)
            for name, (text, labels) in _COUNTERS.items()
        }
        for name, (text, labels, buckets) in _HISTOGRAMS.items():
            self._metrics[name] = Histogram(
                f"blueclerk_{name}", text, labels, buckets=buckets, registry=self.registry
            )
        # Looking a child up by its labels is the larger part of counting one.
        self._children: dict[tuple[str, ...], Any] = {}

    def child(self, name: str, *labels: str) -> Any:
        key = (name, *labels)
        found = self._children.get(key)
        if found is None:
            found = self._children[key] = self._metrics[name].labels(*labels)
        return found


_counts: _Counts | None = None


def start_counting(folder: str = "") -> None:
    """Begin to count in this process; with a folder, together with others.

    Where the folder has no room nothing is counted, and the log says so.
    """
    global _counts
    if folder:
        try:
            join_counting(folder)
            _make_room(Path(folder))
        except OSError as error:
            logger.warning("nothing is counted in this process: %s", error.strerror)
            return
    _counts = _Counts()


def _make_room(folder: Path) -> None:
    """Give the files that the library would make, by its names for them, their room."""
    for kind in ("counter", "histogram"):
        with (folder / f"{kind}_{os.getpid()}.db").open("ab") as file:
            file.write(bytes(max(ROOM_BYTES - file.tell(), 0)))


def join_counting(folder: str) -> None:
    """Name the folder of the machine's processes to the library, which looks when imported."""
    Path(folder).mkdir(mode=0o700, exist_ok=True)
    os.environ[FOLDER_VARIABLE] = folder


def stop_counting() -> None:
    """Count nothing any more."""
    global _counts
    _counts = None


def write_counts() -> bytes:
    """Return what was counted as text, by all processes that share the folder."""
    from prometheus_client import generate_latest

    if FOLDER_VARIABLE not in os.environ:
        return generate_latest(_counts.registry) if _counts is not None else b""
    # The library would break at a file that a process has made and not yet written to, for ever
    # where it was killed there.
    folder = Path(os.environ[FOLDER_VARIABLE])
    files = [str(file) for file in folder.glob("*.db") if file.stat().st_size]
    try:
        return _written(files)
    except DAMAGES:
        return _written(list(filter(_is_whole, files)))


class _Files:
    """Collects what the processes of the machine have counted in these files."""

    def __init__(self, files: Sequence[str]) -> None:
        self._files = files

    def collect(self) -> Iterable[Metric]:
        from prometheus_client.multiprocess import MultiProcessCollector

        merged: Iterable[Metric] = MultiProcessCollector.merge(self._files)  # type: ignore[no-untyped-call]
        return merged


def _written(files: Sequence[str]) -> bytes:
    from prometheus_client import CollectorRegistry, generate_latest

    registry = CollectorRegistry()
    registry.register(_Files(files))
    return generate_latest(registry)


def _is_whole(file: str) -> bool:
    """Say whether the file can be told; one that cannot is named, and the others still count."""
    try:
        _written([file])
    except DAMAGES:
        logger.warning("what one process has counted is damaged and left out: %s", Path(file).name)
        return False
    return True


def count_request(endpoint: str, *, method: str, status: int, duration_s: float) -> None:
    """Count an answered request; no address but the name of its page."""
    _count("requests", endpoint, method, str(status))
    _observe("request_seconds", duration_s, endpoint)


def count_call(provider: str, status: int | None, duration_s: float) -> None:
    """Count a call to a provider; without a status there was no answer."""
    _count("provider_calls", provider, _told_status(status))
    _observe("provider_call_seconds", duration_s, provider)


def count_wait(provider: str, wait_s: float) -> None:
    """Count the time that a provider asks us to wait."""
    _count("provider_wait_seconds", provider, by=wait_s)


def count_reading(provider: str, *, kind: str, outcome: str, duration_s: float) -> None:
    """Count a reading that ended."""
    _count("readings", provider, kind, outcome)
    _observe("reading_seconds", duration_s, provider, kind)


def count_run(provider: str, *, kind: str, outcome: str, duration_s: float | None = None) -> None:
    """Count an import or undo that ended, or one that was paused, which has no duration yet."""
    _count("runs", provider, kind, outcome)
    if duration_s is not None:
        _observe("run_seconds", duration_s, provider, kind)


def count_run_items(provider: str, *, kind: str, outcome: str, count: int) -> None:
    """Count the customers of a run with one outcome."""
    if count:
        _count("run_items", provider, kind, outcome, by=count)


def count_mail(kind: str, *, outcome: str) -> None:
    """Count an attempt at a mail."""
    _count("mails", kind, outcome)


def count_job(job: str, *, outcome: str, duration_s: float) -> None:
    """Count a run of a job or a beat."""
    _count("jobs", job, outcome)
    _observe("job_seconds", duration_s, job)


def _count(name: str, *labels: str, by: float = 1) -> None:
    if _counts is not None:
        _counts.child(name, *labels).inc(by)


def _observe(name: str, duration_s: float, *labels: str) -> None:
    if _counts is not None:
        # A clock that was put right meanwhile would take away from the sum.
        _counts.child(name, *labels).observe(max(duration_s, 0.0))


def _told_status(status: int | None) -> str:
    if status is None:
        return "none"
    return str(status) if status in TOLD_STATUSES else f"{status // 100}xx"
