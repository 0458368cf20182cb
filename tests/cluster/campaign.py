"""Imports and report mails while any process of a cluster is killed; then all is counted."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGTERM

import requests
from sqlalchemy import Engine, create_engine

from config import new_keys
from tests.cluster.importing import CHOSEN, Pressing
from tests.cluster.kills import Kills
from tests.cluster.parts import QUICK_WORKER, WORKERS, Parts, part_pid, send, start_parts
from tests.cluster.place import Prepared, prepare
from tests.cluster.receipts import check_imports
from tests.crash.checks import check_killed
from tests.crash.databases import PostgresqlDatabase
from tests.crash.place import run_sandbox
from tests.crash.sending_checks import check_end, is_all_mailed, let_time_pass, read_rows
from tests.crash.sending_place import MailRoom
from tests.postgresql import run_server
from tests.system.demo import free_port, wait_until

RECOVERY_MAX_S = 35.0
MAILS_MAX_S = 60.0
SPARE_CUSTOMERS = 20
#: So many mails has each company whose reports are due.
MAILS_EACH = 5


@dataclass(frozen=True)
class Wish:
    """How much is done, and how soon after each other processes are killed."""

    importers: int = 4
    imports_each: int = 50
    reloaded_each: int = 0
    reporting: int = 40
    pauses_s: tuple[float, float] = (4.0, 12.0)
    kills: int | None = None
    recovery_max_s: float = RECOVERY_MAX_S
    seed: int = 1


@dataclass
class Told:
    """What it came to."""

    imports: int = 0
    customers: int = 0
    mails: int = 0
    repeats: int = 0
    lost: int = 0
    doubled: int = 0
    kills: str = ""
    counted: int = 0
    slowest_s: float = 0.0
    troubles: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """Say it in a few lines."""
        yield f"{self.kills}"
        yield f"  {self.imports} imports of {self.customers:,} customers, {self.mails} report mails"
        yield f"  of which {self.repeats} came twice, as marked repeats"
        troubles = ", ".join(f"{count} {kind}" for kind, count in sorted(self.troubles.items()))
        yield f"  presses without an answer, made again: {troubles or 'none'}"
        yield f"  lost {self.lost}, doubled {self.doubled}, failures {len(self.failures)}"


@dataclass
class Place:
    """A running cluster with all that is around it."""

    parts: Parts
    database: PostgresqlDatabase
    engine: Engine
    room: MailRoom
    prepared: Prepared


def run(wish: Wish, folder: Path, *, say: Callable[[str], object] = lambda _line: None) -> Told:
    """Do the work once while processes are killed. Raises NoServer."""
    with open_place(wish, folder, say=say) as place:
        return kill_at_work(place, wish, say=say)


def kill_at_work(
    place: Place, wish: Wish, *, first: int = 0, say: Callable[[str], object] = lambda _line: None
) -> Told:
    """Import from that number on and mail, kill meanwhile, and count."""
    told = Told()
    kills = Kills(place.parts.folder, place.engine, wish.seed, wish.pauses_s, wish.kills)
    killer = threading.Thread(target=kills.go_on)
    killer.start()
    try:
        import_all(place, told, imports=wish.imports_each, first=first)
    finally:
        kills.over.set()
        killer.join()
    say("the imports have ended: " + kills.line())
    found = _finish_mails(place)
    say("the mails have ended")
    _judge(place, kills, told, found)
    if told.slowest_s > wish.recovery_max_s:
        told.failures.append(f"an import went on only after {told.slowest_s:.1f} s")
    return told


@contextmanager
def open_place(
    wish: Wish, folder: Path, *, say: Callable[[str], object] = lambda _line: None
) -> Iterator[Place]:
    """Prepare the companies and start the parts."""
    began_s = time.monotonic()
    with run_server() as server, run_sandbox(folder) as sandbox, ExitStack() as stack:
        size = (wish.imports_each + wish.reloaded_each) * CHOSEN + SPARE_CUSTOMERS
        reset = {"provider": "quickbooks", "size": size}
        requests.post(f"{sandbox}/control/reset", json=reset, timeout=60).raise_for_status()
        room = MailRoom(folder, str(wish.seed))
        stack.callback(room.close)
        database = PostgresqlDatabase(server, "cluster")
        port = free_port()
        settings = cluster_settings(
            folder, database, sandbox=sandbox, port=port, smtp_port=room.port
        )
        prepared = prepare(settings, importers=wish.importers, reporting=wish.reporting)
        say(f"prepared in {time.monotonic() - began_s:.0f} s")
        engine = create_engine(database.url, pool_size=wish.importers + 2)
        stack.callback(engine.dispose)
        parts = start_parts(folder, settings, port=port, worker=QUICK_WORKER)
        stack.callback(parts.stop)
        yield Place(parts, database, engine, room, prepared)


def cluster_settings(
    folder: Path, database: PostgresqlDatabase, *, sandbox: str, port: int, smtp_port: int
) -> Mapping[str, str]:
    return {
        **new_keys(),
        "BLUECLERK_ENV": "demo",
        "BLUECLERK_INSTANCE_FOLDER": str(folder),
        "BLUECLERK_DATABASE_URL": database.url.render_as_string(hide_password=False),
        "BLUECLERK_JOBS_ENGINE": "procrastinate",
        "BLUECLERK_PUBLIC_BASE_URL": f"http://127.0.0.1:{port}",
        "BLUECLERK_PROXY_COUNT": "1",
        "BLUECLERK_SANDBOX_URL": sandbox,
        "BLUECLERK_QUICKBOOKS_CLIENT_ID": "sandbox-quickbooks-client",
        "BLUECLERK_QUICKBOOKS_CLIENT_SECRET": "sandbox-quickbooks-secret",
        "BLUECLERK_SMTP_URL": f"smtp://127.0.0.1:{smtp_port}?tls=none",
        "BLUECLERK_MAIL_FROM": "clerk@example.com",
    }


def import_all(place: Place, told: Told, *, imports: int, first: int = 0) -> None:
    """Import as all admins at once, and count what became of it."""
    pressing = [Pressing(importer) for importer in place.prepared.importers]
    with ThreadPoolExecutor(len(pressing)) as pool:
        works = [
            pool.submit(
                each.import_all, place.parts.url, place.engine, imports=imports, first=first
            )
            for each in pressing
        ]
        told.failures += [repr(work.exception()) for work in works if work.exception()]
    for each in pressing:
        told.troubles += each.troubles
        verdict = check_imports(place.engine, each)
        told.imports += len(each.runs)
        told.customers += verdict.created
        told.lost += verdict.lost
        told.doubled += verdict.doubled
        told.failures += verdict.faults


def _finish_mails(place: Place) -> set[str]:
    """Let all mails go out; what a killed worker held is let go once no worker is left that may
    hold it. Returns what was found in handing_over."""
    found = let_time_pass(place.database, is_alone=False)
    pids = [part_pid(place.parts.folder, name) for name in WORKERS]
    for name in WORKERS:
        send(place.parts.folder, name, SIGTERM)
    wait_until(lambda: not any(map(_is_alive, pids)), "the workers have ended", limit_s=40)
    found |= let_time_pass(place.database, is_alone=True)
    give_up_at = time.monotonic() + MAILS_MAX_S
    while not is_all_mailed(read_rows(place.database), place.prepared.expected):
        assert time.monotonic() < give_up_at, "the mails were not finished"
        found |= let_time_pass(place.database, is_alone=False)
        time.sleep(1)
    return found


def _is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").exists() and " Z " not in Path(f"/proc/{pid}/stat").read_text()


def _judge(place: Place, kills: Kills, told: Told, found: set[str]) -> None:
    rows = read_rows(place.database)
    # A process may have died between two looks; a second handing over says so as well.
    found |= {row.message_id for row in rows if row.handover_count > 1}
    expected: Sequence[object] = place.prepared.expected
    verdict = check_end(place.room.kept(), rows, place.prepared.expected, found_handing_over=found)
    told.mails, told.repeats = verdict.mails, verdict.repeats
    told.lost += verdict.lost
    told.doubled += verdict.doubled
    told.failures += verdict.faults
    told.failures += check_killed(place.database)
    told.kills, told.counted = kills.line(), kills.whom.total()
    told.slowest_s = max(kills.recoveries_s(), default=0.0)
    if verdict.mails + verdict.given_up_unseen < len(expected):
        told.failures.append(f"{verdict.mails} mails for {len(expected)} recipients")
