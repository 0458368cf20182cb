"""Matches whole lists: small ones here, large ones in a child process with memory of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.engine import URL

from services.database import only_reading
from services.match_lease import LeaseLost, MatchLease, is_held
from services.match_state import MatchPlace, is_small
from services.match_whole import WholeMatching
from services.runtime import Runtime

ROOT = Path(__file__).resolve().parent.parent
#: 100,000 on each side took 8 minutes on two busy cores (docs/architecture.md).
MAX_S = 3600.0
LOOK_EVERY_S = 2.0
ENDING_S = 10.0


class ChildDied(Exception):
    """The child process ended without having matched; what it said holds no customer's data."""


def match_whole(runtime: Runtime, lease: MatchLease, place: MatchPlace) -> None:
    """Match the whole lists of an account, here or in a child process. Commits.

    Raises LeaseLost and ChildDied.
    """
    with only_reading(), runtime.sessions() as session:
        is_here = is_small(session, place)
    if is_here:
        WholeMatching(runtime.sessions, lease, place).match(now=runtime.clock())
    else:
        _match_in_child(runtime, lease, place)


def _match_in_child(runtime: Runtime, lease: MatchLease, place: MatchPlace) -> None:
    order = {
        "database_url": _database_url(runtime),
        "account_id": place.account_id,
        "lease_row_id": lease.row_id,
        "lease_owner": lease.owner,
        "now": runtime.clock().isoformat(),
    }
    # A process of its own, not a fork: threads hold locks here. It learns the address of the
    # database from its input, because everybody on the machine can read a command line.
    child = subprocess.Popen(
        [sys.executable, "-m", "services.match_child"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_environment(),
        text=True,
    )
    try:
        _send(child, json.dumps(order))
        _watch(runtime, lease, child)
    finally:
        _end(child)


def _environment() -> dict[str, str]:
    """Return what a process needs; no setting of ours, no secret."""
    wanted = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "SYSTEMROOT", "LD_LIBRARY_PATH")
    return {name: os.environ[name] for name in wanted if name in os.environ}


def _send(child: subprocess.Popen[str], order: str) -> None:
    """Tell the child what to do. Its input stays open: when this process dies, it ends, too."""
    if child.stdin is None:
        raise ChildDied("no input")
    try:
        child.stdin.write(f"{order}\n")
        child.stdin.flush()
    except OSError as error:
        raise ChildDied("it ended at once") from error


def _watch(runtime: Runtime, lease: MatchLease, child: subprocess.Popen[str]) -> None:
    until = time.monotonic() + MAX_S
    while time.monotonic() < until:
        try:
            code = child.wait(LOOK_EVERY_S)
        except subprocess.TimeoutExpired:
            with only_reading(), runtime.sessions() as session:
                if not is_held(session, lease):
                    raise LeaseLost from None
            continue
        if code != 0:
            raise ChildDied(f"exit code {code}: {_last_words(child)}")
        return
    raise ChildDied("it took too long")


def _last_words(child: subprocess.Popen[str]) -> str:
    words = child.stdout.read(200) if child.stdout else ""
    return words.strip() or "it said nothing"


def _end(child: subprocess.Popen[str]) -> None:
    """Let nothing of the child remain, whatever happened."""
    if child.poll() is None:
        child.kill()
        child.wait(ENDING_S)
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            pipe.close()


def _database_url(runtime: Runtime) -> str:
    with runtime.sessions() as session:
        bind = session.get_bind()
    url: URL = bind.url if isinstance(bind, Engine) else bind.engine.url
    if url.get_backend_name() == "sqlite" and url.database:
        # The child works in a folder of its own.
        url = url.set(database=str(Path(url.database).resolve()))
    return url.render_as_string(hide_password=False)
