"""One demo, prepared once for all workers; tests start copies of it or go back to it."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from tests.system.asking import csrf_token
from tests.system.database import age_readings, copy_file, database_url, type_passwords
from tests.system.demo import Demo, start_demo, wait_until

PASSWORD = "demo-password"
PEOPLE = ("ada", "mel", "zoe")
SANDBOX = "sandbox.db"
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
        url = database_url(folder)
        age_readings(url)
        type_passwords(url)
        return folder

    def restore(self, demo: Demo) -> None:
        """Bring a running demo back to what was prepared: both databases, calls and faults."""
        demo.clear_faults()
        wait_until(lambda: not demo.is_reading(), "the reading of the test before has ended")
        demo.control("POST", "reset")
        copy_file(self.folder / SANDBOX, demo.folder / SANDBOX)
        demo.restore_rows(self.folder)
        demo.age_readings()
        demo.type_passwords()

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
