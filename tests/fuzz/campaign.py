"""Run payloads through reading, checking and, now and then, the database; count what happened."""

from __future__ import annotations

import signal
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from services.providers.contract import ProviderKey
from tests.fuzz.freshbooks_shape import FRESHBOOKS
from tests.fuzz.oracle import check_payload
from tests.fuzz.payloads import Fate, make_payload, make_pool
from tests.fuzz.quickbooks_shape import QUICKBOOKS
from tests.fuzz.shapes import Shape
from tests.fuzz.storing import Shelf, open_shelf
from tests.fuzz.xero_shape import XERO

SHAPES = {shape.provider: shape for shape in (QUICKBOOKS, XERO, FRESHBOOKS)}
#: Every so many payloads one is stored in a database as well.
STORED_EVERY = 100
#: Far above what the oddest payload needs (a tenth of a second): only what hangs meets it.
HANG_S = 30
FAILURES_MAX = 5


@dataclass(slots=True)
class Tally:
    """What became of some payloads. `failures` are texts for people."""

    payloads: int = 0
    rows: int = 0
    good_rows_kept: int = 0
    stored: int = 0
    slowest_s: float = 0.0
    endings: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Take another tally in."""
        self.payloads += other.payloads
        self.rows += other.rows
        self.good_rows_kept += other.good_rows_kept
        self.stored += other.stored
        self.slowest_s = max(self.slowest_s, other.slowest_s)
        self.endings += other.endings
        self.failures += other.failures


def run(provider: ProviderKey, *, seed: int, first: int, count: int) -> Tally:
    """Check `count` payloads from number `first` on. Stops after a few failures."""
    shape = SHAPES[provider]
    pool = make_pool(shape, seed)
    tally = Tally()
    with tempfile.TemporaryDirectory() as folder, open_shelf(Path(folder), provider) as shelf:
        for number in range(first, first + count):
            began_s = time.process_time()
            try:
                with _hang_guard():
                    _one(shape, pool, seed, number, tally=tally, shelf=shelf)
            except Exception:  # noqa: BLE001 — whatever is raised is what we look for
                tally.failures.append(_failure(provider, seed, number))
                if len(tally.failures) >= FAILURES_MAX:
                    break
            tally.slowest_s = max(tally.slowest_s, time.process_time() - began_s)
    return tally


def _one(shape: Shape, pool: list, seed: int, number: int, *, tally: Tally, shelf: Shelf) -> None:
    payload = make_payload(shape, pool, seed, number)
    tally.payloads += 1
    tally.rows += len(payload.rows)
    whole, changed = check_payload(shape, payload)
    tally.endings[type(whole.error).__name__ if whole.error else "read"] += 1
    if payload.fate is not Fate.READ:
        return
    tally.good_rows_kept += sum(row.is_untouched for row in payload.unique)
    if number % STORED_EVERY == 0:
        shelf.check(whole, changed)
        tally.stored += 1


def _failure(provider: ProviderKey, seed: int, number: int) -> str:
    again = f"make fuzz PROVIDER={provider} SEED={seed} FIRST={number} COUNT=1"
    return f"{provider}, seed {seed}, payload {number}; again: {again}\n{traceback.format_exc(-6)}"


@contextmanager
def _hang_guard() -> Iterator[None]:
    """Raise TimeoutError in the main thread when a payload takes impossibly long."""

    def ring(_signal: int, _frame: object) -> None:
        raise TimeoutError(f"one payload took more than {HANG_S} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(HANG_S)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
