"""An admin who imports some customers after others through the proxy, whatever is killed."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field

import requests
from sqlalchemy import Engine, text

from tests.cluster.place import Importer

PAGE = "/settings/integrations/quickbooks"
CHOSEN = 10
LOOK_S = 0.3
AGAIN_S = 0.5
GIVE_UP_S = 180.0
ENDED = text("SELECT state FROM import_run WHERE public_id = :public_id")


@dataclass
class Pressing:
    """What somebody got: the runs that were started, and how often there was no good answer."""

    importer: Importer
    chosen: list[str] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)
    troubles: Counter[str] = field(default_factory=Counter)

    def import_all(self, url: str, engine: Engine, *, imports: int, first: int = 0) -> None:
        """Start so many imports from that number on, each when the one before has ended."""
        for number in range(first, first + imports):
            some = self.importer.unsynced[number * CHOSEN : (number + 1) * CHOSEN]
            self.chosen += some
            run = self.press(url, some)
            self.runs.append(run)
            self._wait(engine, run)

    def press(self, url: str, some: tuple[str, ...]) -> str:
        """Press Import until an answer comes, as a person does; return the run's id."""
        form = {"csrf_token": self.importer.csrf, "id": list(some)}
        give_up_at = time.monotonic() + GIVE_UP_S
        while time.monotonic() < give_up_at:
            try:
                answer = requests.post(
                    f"{url}{PAGE}/imports",
                    data=form,
                    cookies={"blueclerk": self.importer.cookie},
                    timeout=60,
                    allow_redirects=False,
                )
            except requests.RequestException as error:
                self.troubles[type(error).__name__] += 1
            else:
                there = answer.headers.get("Location", "")
                if answer.status_code == 303 and "/imports/" in there:
                    return there.rpartition("/")[2]
                assert answer.status_code >= 500, (answer.status_code, there, answer.text[:500])
                self.troubles[str(answer.status_code)] += 1
            time.sleep(AGAIN_S)
        raise AssertionError("an import could not be started")

    def _wait(self, engine: Engine, run: str) -> None:
        give_up_at = time.monotonic() + GIVE_UP_S
        while time.monotonic() < give_up_at:
            with engine.connect() as connection:
                state = connection.scalar(ENDED, {"public_id": run})
            if state in ("finished", "stopped"):
                return
            time.sleep(LOOK_S)
        raise AssertionError(f"the import {run} did not end")
