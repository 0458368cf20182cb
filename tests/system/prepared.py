"""One demo, prepared once for all workers; tests start copies of it or go back to it."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from tests.system.asking import csrf_token
from tests.system.demo import Demo, age_readings, open_database, start_demo, wait_until

PASSWORD = "demo-password"
PEOPLE = ("ada", "mel", "zoe")
DATABASES = ("demo.db", "sandbox.db")
COOKIE = "blueclerk"


@dataclass(frozen=True)
class PreparedDemo:
    """A stopped demo with everybody signed in; its readings are two minutes old."""

    folder: Path

    @property
    def cookies(self) -> dict[str, str]:
        """The value of everybody's session cookie, by name."""
        cookies: dict[str, str] = json.loads(self._cookie_file.read_text(encoding="utf-8"))
        return cookies

    @property
    def _cookie_file(self) -> Path:
        return self.folder.with_name("cookies.json")

    def copy_to(self, folder: Path) -> Path:
        """Make a folder that a demo of its own can be started in."""
        shutil.copytree(self.folder, folder)
        age_readings(folder, "-2 minutes")
        type_passwords(folder)
        return folder

    def restore(self, demo: Demo) -> None:
        """Bring a running demo back to what was prepared: both databases, calls and faults."""
        demo.clear_faults()
        wait_until(lambda: not demo.is_reading(), "the reading of the test before has ended")
        demo.control("POST", "reset")
        for name in DATABASES:
            _copy_database(self.folder / name, demo.folder / name)
        demo.age_readings()
        type_passwords(demo.folder)

    def client(self, person: str) -> requests.Session:
        """Return an HTTP client that is signed in."""
        client = requests.Session()
        client.cookies.set(COOKIE, self.cookies[person], domain="127.0.0.1", path="/")
        return client

    def prepare(self) -> None:
        """Run the real demo once, sign everybody in, stop it."""
        demo = start_demo(self.folder)
        try:
            cookies = {person: sign_in(demo.url, person) for person in PEOPLE}
            self._cookie_file.write_text(json.dumps(cookies), encoding="utf-8")
        finally:
            demo.stop()
        assert demo.leaks() == []


def sign_in(url: str, person: str) -> str:
    """Sign in over HTTP and return the session cookie."""
    with requests.Session() as client:
        form = {"email": f"{person}@example.com", "password": PASSWORD}
        form["csrf_token"] = csrf_token(client.get(f"{url}/login", timeout=30).text)
        answer = client.post(f"{url}/login", data=form, timeout=30, allow_redirects=False)
        assert answer.status_code == 303
        return str(client.cookies[COOKIE])


def type_passwords(folder: Path, age: str = "-1 minute") -> None:
    """Pretend that everybody who is signed in typed the password that long ago."""
    with open_database(folder / "demo.db") as connection:
        connection.execute(
            "UPDATE sign_in SET password_checked_at = strftime('%Y-%m-%d %H:%M:%f000', 'now', ?)",
            [age],
        )


def find_prepared(factory: pytest.TempPathFactory) -> PreparedDemo:
    """Return the prepared demo of this test run; the first worker that asks prepares it."""
    base = factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    room = shared / "prepared-demo"
    room.mkdir(exist_ok=True)
    prepared = PreparedDemo(room / "instance")
    done = room / "done"
    with _one_at_a_time(room / "lock"):
        if not done.exists():
            shutil.rmtree(prepared.folder, ignore_errors=True)
            prepared.prepare()
            done.touch()
    return prepared


@contextmanager
def _one_at_a_time(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _copy_database(source: Path, target: Path) -> None:
    """Replace the content under the processes that have the target open."""
    with closing(sqlite3.connect(source)) as from_, open_database(target) as to:
        from_.backup(to)
