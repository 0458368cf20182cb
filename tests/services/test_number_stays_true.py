"""X = Y − linked − ignored, whatever happens in whatever order."""

from __future__ import annotations

import random

import pytest
from sqlalchemy import select

from models import CustomerLink, Reading, RemoteCustomer, RemoteState
from services import decisions, remote_counts
from services.alert import view_alert
from services.connection_views import view_connection
from services.customer_import import run_import
from services.decisions import AlreadyDecided
from services.providers.contract import (
    ProviderKey,
    ProviderUnavailable,
    RemoteKind,
    RemoteStatus,
)
from services.remote_counts import count_standings
from services.review_query import Meant
from services.runtime import Runtime
from tests.conftest import Clock
from tests.fakes import FakeAccountingClient
from tests.services.support import Place, count, one, queue_import, read, record, rows

STEPS = 30


class Life:
    """Random readings, decisions, imports and changes in the books, by a seed."""

    def __init__(
        self, runtime: Runtime, place: Place, books: FakeAccountingClient, clock: Clock, seed: int
    ) -> None:
        self.runtime, self.place, self.books, self.clock = runtime, place, books, clock
        self.chance = random.Random(seed)

    def step(self) -> None:
        self.clock.advance(hours=self.chance.choice([0.1, 30]))
        self.chance.choice(
            [self.change_books, self.read, self.read_in_vain, self.ignore, self.restore, self.take]
        )()

    def change_books(self) -> None:
        known = {each.remote_id: each for each in self.books.records}
        for number in self.chance.sample(range(12), 3):
            known.pop(str(number), None)
            if self.chance.random() < 0.8:
                known[str(number)] = record(
                    number,
                    name=f"Name {self.chance.randrange(3)}",
                    status=self.chance.choice([RemoteStatus.ACTIVE] * 3 + [RemoteStatus.ARCHIVED]),
                    kind=self.chance.choice([RemoteKind.CUSTOMER] * 3 + [*RemoteKind]),
                    remote_updated_at=self.clock(),
                )
        self.books.records = list(known.values())

    def read(self) -> None:
        self.books.error = None
        read(self.runtime, self.place)

    def read_in_vain(self) -> None:
        self.books.error = ProviderUnavailable("no answer")
        self.books.fail_after = 1
        read(self.runtime, self.place)

    def ignore(self) -> None:
        self._decide(decisions.ignore)

    def restore(self) -> None:
        self._decide(decisions.restore)

    def _decide(self, decide: object) -> None:
        ids = self._some_ids()
        with self.runtime.sessions() as session:
            try:
                decide(  # type: ignore[operator]
                    session,
                    self.place.admin,
                    self.place.account_id,
                    meant=Meant(tuple(ids)),
                    now=self.clock(),
                )
            except (AlreadyDecided, decisions.NothingSelected):
                return

    def take(self) -> None:
        known = [row[0] for row in rows(self.runtime.sessions, select(RemoteCustomer.remote_id))]
        chosen = self.chance.sample(known, min(3, len(known)))
        run_import(self.runtime, queue_import(self.runtime, self.place, chosen))

    def _some_ids(self) -> list[str]:
        known = [row[0] for row in rows(self.runtime.sessions, select(RemoteCustomer.public_id))]
        return self.chance.sample(known, min(3, len(known)))


def _check(runtime: Runtime, place: Place) -> None:
    def of(*conditions: object) -> int:
        return count(
            runtime.sessions,
            RemoteCustomer,
            RemoteCustomer.account_id == place.account_id,
            *conditions,
        )

    counted = of(RemoteCustomer.is_counted)
    linked = of(RemoteCustomer.is_counted, RemoteCustomer.state == RemoteState.LINKED)
    ignored = of(RemoteCustomer.is_counted, RemoteCustomer.state == RemoteState.IGNORED)
    unsynced = of(RemoteCustomer.state == RemoteState.UNSYNCED)
    assert unsynced == counted - linked - ignored
    all_linked = of(RemoteCustomer.state == RemoteState.LINKED)
    assert all_linked == count(runtime.sessions, CustomerLink)
    with runtime.sessions() as session:
        connection = view_connection(session, place.company_id, ProviderKey.QUICKBOOKS)
        alert = view_alert(session, connection, now=runtime.clock())
        assert connection is not None
        walked = count_standings(session, place.account_id)
        told = count_standings(session, place.account_id, counted=connection.counted_count)
    assert told == walked
    if alert.summary is not None:
        assert (alert.summary.unsynced, alert.summary.counted) == (unsynced, counted)
        assert (alert.summary.linked, alert.summary.ignored) == (linked, ignored)


@pytest.mark.parametrize("seed", range(4))
def test_the_number_is_true_after_every_step_of_a_random_life(
    runtime: Runtime,
    harbor: Place,
    books: FakeAccountingClient,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
) -> None:
    # So few that those who are linked are now walked and now told by those who are not.
    monkeypatch.setattr(remote_counts, "FEW", 4)
    life = Life(runtime, harbor, books, clock, seed)

    for _ in range(STEPS):
        life.step()
        _check(runtime, harbor)

    last = life.runtime.sessions
    assert count(last, Reading) > 2, "the life had readings in it"


@pytest.mark.parametrize("seed", range(2))
def test_after_quiet_the_rows_are_what_the_books_hold(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, clock: Clock, seed: int
) -> None:
    life = Life(runtime, harbor, books, clock, seed)
    for _ in range(STEPS):
        life.step()
    clock.advance(days=8)
    books.error = None

    reading = one(runtime.sessions, Reading, read(runtime, harbor))

    active = [
        each.remote_id
        for each in books.records
        if each.status is RemoteStatus.ACTIVE and each.kind is RemoteKind.CUSTOMER
    ]
    counted = select(RemoteCustomer.remote_id).where(RemoteCustomer.is_counted)
    assert sorted(row[0] for row in rows(runtime.sessions, counted)) == sorted(active)
    assert reading.counted_count == len(active)
