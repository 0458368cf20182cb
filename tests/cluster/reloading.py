"""The cluster takes a new release while admins import and clients load pages."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGHUP, SIGTERM

import requests

from tests.cluster.campaign import Place, Told, import_all
from tests.cluster.parts import WEB, WEB_PROCESSES, WORKERS, part_pid, send, web_processes
from tests.cluster.place import Importer
from tests.system.demo import wait_until

PAGES = ("/settings/integrations/quickbooks", "/customers", "/healthz")
#: As long as a proxy waits.
LIMIT_S = 90


@dataclass
class Visits:
    """What clients got that load page after page until `over`."""

    answers: Counter[str] = field(default_factory=Counter)
    over: threading.Event = field(default_factory=threading.Event)

    def visit(self, url: str, importer: Importer) -> None:
        while not self.over.is_set():
            for page in PAGES:
                self.answers[_ask(url + page, importer)] += 1


def reload_at_work(place: Place, *, imports: int, first: int, reloads: int) -> tuple[Told, Visits]:
    """Import from that number on, and reload as often meanwhile and restart both workers."""
    told = Told()
    with _visited(place) as visits:
        importing = threading.Thread(
            target=import_all, args=(place, told), kwargs={"imports": imports, "first": first}
        )
        importing.start()
        for number in range(reloads):
            _reload(place)
            send(place.parts.folder, WORKERS[number % len(WORKERS)], SIGTERM)
        importing.join()
    return told, visits


def _reload(place: Place) -> None:
    """Send SIGHUP to the master, and wait until only new processes serve."""
    folder = place.parts.folder
    master, before = part_pid(folder, WEB), set(web_processes(folder))
    send(folder, WEB, SIGHUP)
    wait_until(lambda: _are_new(folder, before), "the new processes serve", limit_s=LIMIT_S)
    assert part_pid(folder, WEB) == master


def _are_new(folder: Path, before: set[int]) -> bool:
    now = set(web_processes(folder))
    return len(now) == WEB_PROCESSES and not now & before


@contextmanager
def _visited(place: Place) -> Iterator[Visits]:
    visits = Visits()
    clients = [
        threading.Thread(target=visits.visit, args=(place.parts.url, importer))
        for importer in place.prepared.importers
    ]
    for client in clients:
        client.start()
    try:
        yield visits
    finally:
        visits.over.set()
        for client in clients:
            client.join()


def _ask(address: str, importer: Importer) -> str:
    try:
        answer = requests.get(address, cookies={"blueclerk": importer.cookie}, timeout=LIMIT_S)
    except requests.RequestException as error:
        return type(error).__name__
    return str(answer.status_code)
