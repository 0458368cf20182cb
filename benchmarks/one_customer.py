"""One changed customer against 100,000 in the tables: what an edit or a new customer costs.

Measured from the row's texts to its suggestions, in a database on disk, with each asking anew.
"""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import create_engine
from sqlalchemy.orm import Session, sessionmaker

from benchmarks.match_lists import SEED, generated
from benchmarks.measuring import Result, at_most
from models import Base
from services.database import only_reading, prepare_engine
from services.kept_lists import TableList
from services.kept_parties import OURS, THEIRS, Side
from services.matching.frequencies import Frequencies, count_frequencies
from services.matching.keeping import to_text
from services.matching.look_alikes import find_some_look_alikes
from services.matching.matcher import KeptParty, match_some, prepare
from services.matching.party import Party

SIZE = 100_000
ASKED = 300
WARM_UP = 20
LIMIT_MS = 50
OWNER_ID = 1


def run() -> list[Result]:
    """Fill the tables and ask for customers by chance, one at a time."""
    lists = generated("development", SIZE)
    with TemporaryDirectory() as folder:
        database = Path(folder) / "kept.db"
        engine = create_engine(f"sqlite:///{database}")
        prepare_engine(engine)
        Base.metadata.create_all(engine)
        frequencies = _fill(database, lists.ours, lists.theirs)
        asked = random.Random(SEED).sample(list(enumerate(lists.theirs)), WARM_UP + ASKED)
        taken = {True: list[float](), False: list[float]()}
        with only_reading(), sessionmaker(engine)() as session:
            for with_look_alikes, times in taken.items():
                for row_id, party in asked:
                    ask = _asking(session, row_id, party, frequencies, with_look_alikes)
                    times.append(_ms(ask))
        engine.dispose()
    return [
        _line("one customer", taken[False]),
        _line("one customer and its look-alikes", taken[True]),
    ]


def _fill(database: Path, ours: Iterable[Party], theirs: Iterable[Party]) -> Frequencies:
    """Write both lists as matching keeps them, without the rows of the customers themselves."""
    kept = [[_kept(row_id, party) for row_id, party in enumerate(side)] for side in (ours, theirs)]
    with sqlite3.connect(database) as connection:
        for side, parties in zip((OURS, THEIRS), kept, strict=True):
            _insert(connection, side, parties)
        connection.execute("ANALYZE")
    connection.close()
    return count_frequencies(*([one.cleaned for one in parties] for parties in kept))


def _insert(connection: sqlite3.Connection, side: Side, parties: Sequence[KeptParty]) -> None:
    texts = ((OWNER_ID, int(one.cleaned.party_id), to_text(one.cleaned)) for one in parties)
    connection.executemany(
        f"INSERT INTO {side.kept.name} ({side.owner}, {side.member}, cleaned) VALUES (?, ?, ?)",
        texts,
    )
    keys = sorted((key, int(one.cleaned.party_id)) for one in parties for key in one.keys)
    connection.executemany(
        f"INSERT INTO {side.keys.name} ({side.owner}, key, {side.member})"
        f" VALUES ({OWNER_ID}, ?, ?)",
        keys,
    )


def _kept(row_id: int, party: Party) -> KeptParty:
    return prepare(replace(party, party_id=str(row_id)))


def _asking(
    session: Session,
    row_id: int,
    party: Party,
    frequencies: Frequencies,
    with_look_alikes: bool,
) -> Callable[[], object]:
    def ask() -> object:
        asked = [_kept(row_id, party)]
        ours = TableList(session, OURS, OWNER_ID)
        theirs = TableList(session, THEIRS, OWNER_ID)
        found = match_some(asked, ours, theirs, frequencies=frequencies)
        if with_look_alikes:
            return found, find_some_look_alikes(asked, theirs, frequencies=frequencies)
        return found

    return ask


def _ms(ask: Callable[[], object]) -> float:
    started_at = time.perf_counter()
    ask()
    return (time.perf_counter() - started_at) * 1000


def _line(what: str, times: Sequence[float]) -> Result:
    """Return the time that 95 of 100 take at most, and the median in words."""
    measured = sorted(times[WARM_UP:])
    median, worst = measured[len(measured) // 2], measured[len(measured) * 95 // 100]
    work = f"{what} against {SIZE:,} in tables (median {median:.0f} ms)"
    return at_most("95 of 100 within", work, round(worst, 1), LIMIT_MS, unit="ms")
