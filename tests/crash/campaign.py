"""A campaign: rounds in several lanes at once until enough processes were killed."""

from __future__ import annotations

import statistics
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from config import new_keys
from tests.crash.checks import stand
from tests.crash.databases import Database, PostgresqlDatabase, SqliteDatabase
from tests.crash.lanes import Lane
from tests.crash.place import BEFORE, IMPORTED, environment, prepare, run_sandbox
from tests.crash.rounds import Action, Kind, Plan, Told, draw, measure, run_round
from tests.postgresql import run_server

SQLITE, POSTGRESQL = "sqlite", "postgresql"
AFTER = "after the end"
SAID_EVERY = 25


@dataclass
class Tally:
    """What the rounds came to. A kill after the end of its run is told, but counts for nothing."""

    rounds: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    moments: Counter[str] = field(default_factory=Counter)
    recoveries_s: list[float] = field(default_factory=list)
    late: int = 0
    lost: int = 0
    doubled: int = 0
    failures: list[str] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    @property
    def counted(self) -> int:
        return self.kills.total()

    def add(self, told: Told) -> None:
        """Add what one round came to."""
        with self.lock:
            self.rounds += 1
            for kind, moment in told.kills:
                self.moments[moment] += 1
                if moment == AFTER:
                    self.late += 1
                else:
                    self.kills[f"{kind} {told.plan.action}"] += 1
            if told.is_measured and told.recovery_s is not None:
                self.recoveries_s.append(told.recovery_s)
            self.lost += told.verdict.lost
            self.doubled += told.verdict.doubled
            if told.faults:
                self.failures.append(f"{told.plan}\n  " + "\n  ".join(told.faults))

    def add_broken(self, plan: Plan) -> None:
        """Add a round that could not be played to its end."""
        with self.lock:
            self.failures.append(f"{plan}\n{traceback.format_exc(-6)}")

    def lines(self) -> Iterator[str]:
        """Say it in a few lines."""
        yield f"{self.counted:,} kills in {self.rounds:,} rounds, {self.late} more came too late"
        yield "  whom: " + told_counts(self.kills)
        yield "  when: " + told_counts(self.moments)
        if self.recoveries_s:
            yield (
                f"  measured recoveries: {len(self.recoveries_s)}, "
                f"median {statistics.median(self.recoveries_s):.1f} s, "
                f"longest {max(self.recoveries_s):.1f} s"
            )
        yield f"  lost {self.lost}, doubled {self.doubled}, failures {len(self.failures)}"


@dataclass(frozen=True)
class Wish:
    """How a campaign shall be: so many kills, so many of them measured, in so many lanes."""

    database: str
    kills: int
    seed: int
    measured: int
    lanes: int = 2
    measured_lanes: int = 4
    first: int = 0


def run(wish: Wish, folder: Path, *, say: Callable[[str], object] = lambda _line: None) -> Tally:
    """Play rounds until enough were killed. The measured ones run beside the others, and wait."""
    tally = Tally()
    with _lanes(wish, folder, say) as lanes:
        quick, patient = lanes[: wish.lanes], lanes[wish.lanes :]
        numbers, real = Numbers(wish.first), iter(Numbers(wish.first, wish.measured))
        with ThreadPoolExecutor(len(lanes)) as pool:
            jobs = [
                pool.submit(_play, lane, tally, wish, numbers, False, say) for lane in quick
            ] + [pool.submit(_play, lane, tally, wish, real, True, say) for lane in patient]
            for job in jobs:
                job.result()
    return tally


class Numbers:
    """Numbers for the rounds, given out one at a time to many threads."""

    def __init__(self, first: int, count: int | None = None) -> None:
        self.next, self.end = first, None if count is None else first + count
        self.lock = Lock()

    def __iter__(self) -> Numbers:
        return self

    def __next__(self) -> int:
        with self.lock:
            if self.end is not None and self.next >= self.end:
                raise StopIteration
            self.next += 1
            return self.next - 1


def _play(
    lane: Lane,
    tally: Tally,
    wish: Wish,
    numbers: Numbers,
    is_real: bool,
    say: Callable[[str], object],
) -> None:
    for number in numbers:
        if not is_real and tally.counted >= wish.kills:
            return
        plan = draw(wish.seed, number, is_real=is_real)
        try:
            told = run_round(lane, plan)
            tally.add(told)
            if told.faults:
                say(f"{plan}: {told.faults}, {told.kills}")
        except Exception:  # noqa: BLE001  (the edge of a round: the others go on)
            tally.add_broken(plan)
            say(tally.failures[-1])
        if tally.rounds % SAID_EVERY == 0:
            say("; ".join(tally.lines()))


@contextmanager
def _lanes(wish: Wish, folder: Path, say: Callable[[str], object]) -> Iterator[list[Lane]]:
    number = wish.lanes + (wish.measured_lanes if wish.measured else 0)
    with open_databases(wish.database, folder, number) as databases, run_sandbox(folder) as url:
        keys = new_keys()
        rooms = [folder / f"lane-{index}" for index in range(number)]
        environs = [
            environment(room, database, url, keys)
            for room, database in zip(rooms, databases, strict=True)
        ]
        began_s = time.monotonic()
        credentials = prepare(environs[0], databases[0])
        stood = {}
        for name in (BEFORE, IMPORTED):
            databases[0].restore(name)
            stood[name] = stand(databases[0])
        say(f"prepared in {time.monotonic() - began_s:.0f} s")
        lanes = [
            Lane(room, database, environ, credentials, stood)
            for room, database, environ in zip(rooms, databases, environs, strict=True)
        ]
        lasts_s = {
            (action, kind): measure(lanes[0], action, kind) for action in Action for kind in Kind
        }
        for lane in lanes:
            lane.lasts_s.update(lasts_s)
        say("undisturbed: " + ", ".join(f"{a} {k} {s:.2f} s" for (a, k), s in lasts_s.items()))
        yield lanes


@contextmanager
def open_databases(kind: str, folder: Path, number: int) -> Iterator[list[Database]]:
    """Make so many databases, each with a folder for its lane. Raises NoServer."""
    for index in range(number):
        (folder / f"lane-{index}").mkdir(parents=True)
    if kind == SQLITE:
        saved = folder / "saved"
        saved.mkdir()
        yield [SqliteDatabase(folder / f"lane-{index}", saved) for index in range(number)]
        return
    with run_server() as server:
        yield [PostgresqlDatabase(server, f"lane_{index}") for index in range(number)]


def told_counts(counter: Counter[str]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in sorted(counter.items()))
