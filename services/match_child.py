"""The child process of a large matching: `python -m services.match_child`, told by its input.

It gets one line of JSON and ends with exit code 0 when everything is written. Otherwise it says
which error it was and where, never the error's words: these may hold customers' names.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import traceback
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TextIO

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.orm import sessionmaker

from services.database import only_reading, prepare_engine
from services.match_lease import MatchLease
from services.match_state import find_place
from services.match_whole import WholeMatching

#: SQLite keeps 2 MB of pages by itself; the keys are written all over their index.
CACHE_KB = 65_536
#: How much the child lets others go first; the pages are to stay quick.
NICENESS = 5


def main(source: TextIO = sys.stdin) -> int:
    """Carry out the matching that the first line of input orders; return the exit code."""
    line = source.readline()
    threading.Thread(target=_end_with_parent, args=(source,), daemon=True).start()
    with suppress(OSError):
        os.nice(NICENESS)
    try:
        _match(json.loads(line))
    # The edge of the process: whatever broke, nothing but where may leave it.
    except Exception as error:  # noqa: BLE001
        sys.stdout.write(f"{type(error).__name__} at {_place_of(error)}")
        return 1
    return 0


def _place_of(error: Exception) -> str:
    """Return the last line of ours on the way to the error."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "services" in Path(frame.filename).parts]
    return ", ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in ours[-1:])


def _match(order: dict[str, str | int]) -> None:
    engine = create_engine(str(order["database_url"]))
    prepare_engine(engine)
    if engine.dialect.name == "sqlite":
        _widen_cache(engine)
    sessions = sessionmaker(engine, expire_on_commit=False)
    lease = MatchLease(int(order["lease_row_id"]), str(order["lease_owner"]))
    try:
        with only_reading(), sessions() as session:
            place = find_place(session, int(order["account_id"]))
        if place is not None:
            now = datetime.fromisoformat(str(order["now"]))
            WholeMatching(sessions, lease, place).match(now=now)
    finally:
        engine.dispose()


def _widen_cache(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _widen(connection: object, _record: object) -> None:
        connection.execute(f"PRAGMA cache_size=-{CACHE_KB}")  # type: ignore[attr-defined]


def _end_with_parent(source: TextIO) -> None:
    """End when the input does: the parent has died, and with it the lease."""
    with suppress(OSError, ValueError):
        source.read()
    os._exit(3)


if __name__ == "__main__":
    sys.exit(main())
