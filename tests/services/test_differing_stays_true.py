"""Whatever happens on either side, what a link says of differences is what a comparison says."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from sqlalchemy import select

from models import Customer, CustomerLink
from services.customers import CustomerDetails, edit_customer
from services.differences import (
    company_region,
    differing_fields,
    read_pairs,
    refresh_differing,
)
from services.providers.contract import ProviderKey, RemoteStatus
from services.runtime import Runtime
from services.take_theirs import NothingToTake, take_theirs
from tests.conftest import Clock
from tests.fakes import FakeAccountingClient
from tests.services.linking import NO_EMAIL, make_linked
from tests.services.support import Place, read, record

PEOPLE, STEPS = 4, 12
VALUES: dict[str, tuple[str, ...]] = {
    "name": ("Ann Lund", "Lund, Ann", "Beth"),
    "company_name": ("", "Blue Heron", "blue heron ltd"),
    "email": ("", "ann@example.com", "Ann@Example.com", "beth@example.com"),
    "phone": ("", "312 555 0142", "+1 (312) 555-0142", "312 555 0199"),
    "address": ("", "1 Quay Road", "9 Hill Street"),
}


class _Life:
    """Edits, readings and takings of some linked customers, drawn by a seed."""

    def __init__(
        self, runtime: Runtime, place: Place, books: FakeAccountingClient, clock: Clock, seed: int
    ) -> None:
        self.runtime, self.place, self.books, self.clock = runtime, place, books, clock
        self.random = Random(seed)
        with runtime.sessions() as session:
            self.ids = [
                make_linked(
                    session,
                    place,
                    ours={"name": "Ann Lund"} | NO_EMAIL | {"email": f"{n}@placeholder.local"},
                    theirs={"remote_id": str(n)},
                ).public_id
                for n in range(PEOPLE)
            ]
            refresh_differing(session, place.account_id, map(str, range(PEOPLE)))
            session.commit()

    def _drawn(self) -> dict[str, str]:
        return {field: self.random.choice(values) for field, values in VALUES.items()}

    def edit(self) -> None:
        details = CustomerDetails(**self._drawn())
        with self.runtime.sessions() as session:
            who, wanted = self.place.admin, self.random.choice(self.ids)
            edit_customer(session, who, wanted, details, now=self.clock())

    def read(self) -> None:
        drawn: dict[str, Any] = self._drawn()
        status = self.random.choice([*[RemoteStatus.ACTIVE] * 3, RemoteStatus.ARCHIVED])
        drawn |= {"emails_text": drawn.pop("email"), "status": status}
        number = self.random.randrange(PEOPLE)
        self.books.records = [record(number, remote_updated_at=self.clock(), **drawn)]
        read(self.runtime, self.place)

    def take(self) -> None:
        number = self.random.randrange(PEOPLE)
        with self.runtime.sessions() as session:
            try:
                take_theirs(
                    session,
                    self.place.admin,
                    self.ids[number],
                    provider=ProviderKey.QUICKBOOKS,
                    remote_id=str(number),
                    fields=(self.random.choice([*VALUES]),),
                    now=self.clock(),
                )
            except NothingToTake:
                return


MORE = [pytest.param(seed, marks=pytest.mark.full) for seed in range(2, 20)]


@pytest.mark.parametrize("seed", [0, 1, *MORE])
def test_what_differs_is_what_a_comparison_finds(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, clock: Clock, seed: int
) -> None:
    life = _Life(runtime, harbor, books, clock, seed)

    for _ in range(STEPS):
        clock.advance(hours=1)
        life.random.choice([life.edit, life.read, life.read, life.take])()

    with runtime.sessions() as session:
        region = company_region(session, harbor.company_id)
        pairs = read_pairs(session, CustomerLink.account_id == harbor.account_id)
        revisions = session.scalars(select(Customer.revision)).all()
    assert max(revisions) > 1
    assert {pair.remote_id: pair.differing for pair in pairs} == {
        pair.remote_id: " ".join(differing_fields(pair, region=region)) for pair in pairs
    }
