"""One company with one connection to a live sandbox, and an admin who looks at its page."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event
from typing import Any

from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from jobs.tasks import JOBS
from models import Connection, ConnectionState, Customer, Reading
from services.providers.contract import ProviderKey
from services.providers.registry import ProviderAccess, provider_profile
from services.runtime import Runtime
from tests.blueprints.support import Browser, poll_address, text_of
from tests.conftest import Clock, WakeUps
from tests.matrix.faults import Wish, Wishes

SIZE = 60
MOST_POLLS = 5
NUMBER = re.compile(r"([\d,]+) of ([\d,]+) customers? in \w+ (?:is|are) not yet imported")
LAST_KNOWN = re.compile(r"As of the last whole reading, .*?, ([\d,]+) of ([\d,]+) are not yet")


class SandboxClock:
    """The provider's clock: ours, and every wait that was asked for passes on it at once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.waits_s: list[float] = []

    def __call__(self) -> Any:
        now = self._clock()
        return now.fromtimestamp(now.timestamp() + sum(self.waits_s), now.tzinfo)

    def sleep(self, wait_s: float, _stop: Event) -> None:
        """Stand in for sleeping in the transport."""
        self.waits_s.append(wait_s)


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page showed in the end, and what it took."""

    statuses: tuple[int, ...]
    html: str
    text: str
    took_s: float
    calls: int
    token_calls: int

    @property
    def number(self) -> tuple[int, int] | None:
        return _numbers(NUMBER, self.text)

    @property
    def last_known(self) -> tuple[int, int] | None:
        return _numbers(LAST_KNOWN, self.text)

    @property
    def is_trouble(self) -> bool:
        return 'class="bad" role="alert"' in self.html


@dataclass
class Place:
    """Everything one case of the matrix needs."""

    provider: ProviderKey
    app: Flask
    sandbox: FlaskClient
    sandbox_url: str
    clock: Clock
    sandbox_clock: SandboxClock
    wake_ups: WakeUps
    access: ProviderAccess
    tokens: list[str]
    company_id: int = 0
    company_slug: str = ""
    connection_id: int = 0
    email: str = ""

    def __post_init__(self) -> None:
        self.browser = Browser(self.app)

    @property
    def runtime(self) -> Runtime:
        found: Runtime = self.app.extensions["runtime"]
        return found

    @property
    def name(self) -> str:
        return provider_profile(self.provider).short_name

    @property
    def page(self) -> str:
        return f"/settings/integrations/{self.provider.value}"

    def open(self) -> Shown:
        """Open the line, as a person does, and follow it to its end."""
        return self._follow(lambda: self.browser.htmx_get(f"{self.page}/unsynced", page=self.page))

    def try_again(self) -> Shown:
        """Press the button under a failure."""
        return self._follow(lambda: self.browser.htmx_post(f"{self.page}/check", page=self.page))

    def _follow(self, ask: Callable[[], Any]) -> Shown:
        calls, token_calls = self.calls(), self.token_calls()
        begun_s = time.monotonic()
        answer = ask()
        statuses = [answer.status_code]
        self.run_jobs()
        # A limit looks again by itself when its time is over; nobody waits for that here.
        while (address := poll_address(answer)) and answer.status_code == 200:
            assert len(statuses) <= MOST_POLLS
            answer = self.browser.htmx_get(address, page=self.page)
            statuses.append(answer.status_code)
        return Shown(
            tuple(statuses),
            answer.text,
            text_of(answer),
            time.monotonic() - begun_s,
            self.calls() - calls,
            self.token_calls() - token_calls,
        )

    def wait(self, **time: float) -> None:
        """Let time pass; after days a sign-in has ended and is made anew."""
        self.clock.advance(**time)
        self.sign_in()

    def sign_in(self) -> None:
        self.browser = Browser(self.app)
        assert self.browser.sign_in(self.email).status_code == 303

    def run_jobs(self) -> None:
        """Carry out what was asked for, as the job engine would."""
        while self.wake_ups.rows:
            job, row_id = self.wake_ups.rows.pop(0)
            JOBS[job](self.runtime, row_id)

    def command(self, *arguments: str) -> Result:
        """Run a command as `flask --app app …` does."""
        with self.app.app_context():
            return self.app.test_cli_runner().invoke(
                args=[*arguments, "--company", self.company_slug]
            )

    def turn_on(self, wishes: Wishes) -> None:
        for wish in wishes:
            self._control("faults", wish)

    def turn_off(self) -> None:
        self.sandbox.delete("/control/faults")

    def change(self, **numbers: int) -> None:
        """Let life go on at the provider."""
        self._control("changes", numbers)

    def change_all(self, *, size: int, seed: int) -> None:
        """Let the company start over with other customers."""
        self._control("reset", {"size": size, "seed": seed})

    def counted(self) -> int:
        """How many customers count, by the sandbox's own word."""
        return int(self._state()["customers"]["counted"])

    def calls(self) -> int:
        return int(self._state()["calls"]["total"])

    def token_calls(self) -> int:
        return int(self._state()["oauth_calls"]["by_endpoint"]["token"])

    def most_at_once(self) -> int:
        return int(self._state()["max_in_flight"])

    def _state(self) -> Any:
        answered: Any = self.sandbox.get("/control/state").json
        return answered["providers"][self.provider.value]

    def _control(self, room: str, wish: Wish) -> None:
        answered = self.sandbox.post(
            f"/control/{room}", json={"provider": self.provider.value, **wish}
        )
        assert answered.status_code == 200, answered.text

    def last_reading(self) -> Reading:
        with self.runtime.sessions() as session:
            query = select(Reading).where(Reading.connection_id == self.connection_id)
            return session.scalars(query.order_by(Reading.id.desc()).limit(1)).one()

    def connection_state(self) -> ConnectionState:
        with self.runtime.sessions() as session:
            return session.get_one(Connection, self.connection_id).state

    def refresh_token(self) -> Any:
        """The stored refresh token, None where it is gone."""
        with self.runtime.sessions() as session:
            connection = session.get_one(Connection, self.connection_id)
            return connection.refresh_token and self.runtime.vault.open(
                connection.refresh_token,
                company_id=connection.company_id,
                connection=connection.public_id,
                field="refresh_token",
            )

    def customers_here(self) -> int:
        with self.runtime.sessions() as session:
            query = select(func.count()).select_from(Customer)
            return session.scalar(query.where(Customer.company_id == self.company_id)) or 0


def _numbers(pattern: re.Pattern[str], text: str) -> tuple[int, int] | None:
    found = pattern.search(text)
    return (_whole(found[1]), _whole(found[2])) if found else None


def _whole(text: str) -> int:
    return int(text.replace(",", ""))
