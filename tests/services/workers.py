"""Real processes for tests of races and kills, and what those processes do.

They are forked from a server that has imported this module once, so that one costs milliseconds.
"""

from __future__ import annotations

import fcntl
import multiprocessing
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine
from sqlalchemy.orm import sessionmaker

from models import Connection
from services import customer_import
from services.database import prepare_engine
from services.import_check import Checked
from services.providers import registry
from services.providers.contract import ReconnectRequired, TokenSet
from services.providers.registry import ProviderAccess
from services.runtime import Runtime
from services.token_lease import TokenLease
from services.token_vault import TokenVault
from services.unsynced import ensure_fresh
from tests.factories import NOW

TOKEN_KEY = b"k" * 32
PATIENCE_S = 60

context = multiprocessing.get_context("forkserver")
# There is one such server in a test process; tests/crash may be the first to ask.
context.set_forkserver_preload([__name__, "tests.crash.processes"])


def start(work: Callable[..., None], *arguments: Any) -> tuple[Any, Pipe]:
    """Start a process; return it and the pipe over which it reports."""
    here, there = context.Pipe()
    process = context.Process(target=work, args=(there, *arguments))
    process.start()
    there.close()
    return process, here


def run_together(work: Callable[..., None], *arguments: Any, processes: int) -> list[Any]:
    """Run the work in several processes that start it at one moment; return their reports."""
    barrier = context.Barrier(processes)
    started = [start(work, barrier, *arguments) for _ in range(processes)]
    reports = []
    for process, pipe in started:
        assert pipe.poll(PATIENCE_S), "a process did not report"
        reports.append(pipe.recv())
        process.join(PATIENCE_S)
        pipe.close()
    return reports


def in_threads(work: Callable[[], Any], threads: int, barrier: Any = None) -> list[Any]:
    """Run the work in threads of this process, all at one moment; return results and errors."""
    together = threading.Barrier(threads + 1)

    def run() -> Any:
        together.wait()
        return work()

    with ThreadPoolExecutor(threads) as pool:
        futures = [pool.submit(run) for _ in range(threads)]
        if barrier is not None:
            barrier.wait()
        together.wait()
    return [repr(error) if (error := each.exception()) else each.result() for each in futures]


def open_runtime(url: str, *, now: datetime = NOW) -> Runtime:
    engine = create_engine(url)
    prepare_engine(engine)
    return Runtime(
        sessions=sessionmaker(engine, expire_on_commit=False),
        vault=TokenVault([TOKEN_KEY]),
        access=lambda _provider: ProviderAccess("client", "secret"),
        public_base_url="http://127.0.0.1:5000",
        wake=lambda _job, _row_id: None,
        clock=lambda: now,
    )


class SpendingFile:
    """A token endpoint shared by processes: each refresh token works once, and a file knows."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)

    def refresh(self, refresh_token: str, *, now: datetime) -> TokenSet:
        with self.path.open("a+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            spent = file.read().splitlines()
            file.write(f"{refresh_token}\n")
        if refresh_token in spent:
            raise ReconnectRequired("invalid_grant", status=400)
        number = len(spent) + 1
        return TokenSet(f"access-{number}", f"refresh-{number}", now + timedelta(hours=1))


def supply_tokens(
    pipe: Pipe, barrier: Any, url: str, connection_id: int, spent: str, threads: int
) -> None:
    """Ask for a token in many threads; report what each got."""
    registry.open_authorization = lambda *_args: SpendingFile(spent)  # type: ignore[assignment]
    runtime = open_runtime(url, now=NOW + timedelta(hours=2))
    with closing(pipe):
        pipe.send(in_threads(TokenLease(runtime, connection_id).supply, threads, barrier))


def hang_while_renewing(pipe: Pipe, url: str, connection_id: int) -> None:
    """Take the lease, say so, and never come back."""

    class Silence:
        def refresh(self, _refresh_token: str, **_options: Any) -> TokenSet:
            pipe.send("holding the lease")
            threading.Event().wait()
            raise AssertionError("unreachable")

    registry.open_authorization = lambda *_args: Silence()  # type: ignore[assignment]
    TokenLease(open_runtime(url), connection_id).supply("access-0")


def open_banners(pipe: Pipe, barrier: Any, url: str, connection_id: int, threads: int) -> None:
    """Open the banner in many threads; report which reading each follows, and the wake-ups."""
    wake_ups: list[int] = []
    runtime = replace(open_runtime(url), wake=lambda _job, row_id: wake_ups.append(row_id))

    def open_banner() -> str | None:
        with runtime.sessions() as session:
            connection = session.get_one(Connection, connection_id)
            return ensure_fresh(session, connection, wake=runtime.wake, now=NOW)

    with closing(pipe):
        pipe.send((in_threads(open_banner, threads, barrier), wake_ups))


def import_in_steps(pipe: Pipe, url: str, run_id: int, hours: int) -> None:
    """Carry out an import in small batches, and report inside and after every transaction.

    It starts some hours later, when the lease of whoever was killed before has ended.
    """

    def report_inside(*arguments: Any, **options: Any) -> Any:
        outcomes = write_batch(*arguments, **options)
        _say(pipe, "written, not committed")
        return outcomes

    def report_after(*arguments: Any, **options: Any) -> bool:
        has_more = process_batch(*arguments, **options)
        _say(pipe, "committed")
        return has_more

    process_batch, write_batch = customer_import.process_batch, customer_import.write_batch
    customer_import.write_batch = report_inside
    customer_import.process_batch = report_after
    customer_import.BATCH_ROWS = 4
    customer_import.check_books = lambda *_arguments, **_options: Checked()
    customer_import.run_import(open_runtime(url, now=NOW + timedelta(hours=hours)), run_id)


def _say(pipe: Pipe, where: str) -> None:
    """Say where the work stands, and wait there until told to go on or killed."""
    pipe.send(where)
    pipe.recv()
