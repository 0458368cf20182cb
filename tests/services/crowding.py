"""What people and jobs do to one company at once, each thread by chances of its own."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from itertools import count as numbers
from threading import Lock
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from models import (
    Connection,
    Customer,
    CustomerLink,
    CustomerOrigin,
    ImportRun,
    ImportState,
    RemoteCustomer,
)
from models.matching import ChosenOutcome
from services import decisions, review_choices
from services.customer_details import CustomerDetails
from services.customer_erasure import erase_customer
from services.customer_import import due_imports, run_import
from services.customer_removal import remove_customer
from services.customers import add_customer, edit_customer
from services.import_request import ImportRequest, start_requested
from services.import_undo import start_undo
from services.joining import JoinPage, join
from services.match_job import match_account
from services.providers.contract import ProviderKey
from services.readings import refresh
from services.review_query import Meant
from services.runtime import Runtime
from services.take_theirs import take_theirs
from services.unlinking import unlink
from services.unsynced import ensure_fresh
from tests.fakes import FakeAccountingClient
from tests.services.support import Place, record, rows

PEOPLE = 60


class Crowd:
    """What people and jobs do to one company, each thread by chances of its own."""

    def __init__(self, runtime: Runtime, place: Place, books: FakeAccountingClient) -> None:
        self.runtime, self.place, self.books = runtime, place, books
        self.done: Counter[str] = Counter()
        self.broken: list[str] = []
        self._seeds = numbers()
        self._lock = Lock()

    def work(self, steps_each: int) -> None:
        with self._lock:
            chance = random.Random(next(self._seeds))
        steps = [
            self.read, self.take, self.undo, self.link, self.create, self.ignore, self.restore,
            self.let_go, self.remove, self.edit, self.theirs, self.add, self.join, self.match,
        ]  # fmt: skip
        for _ in range(steps_each):
            step = chance.choice(steps)
            try:
                step(chance)
                outcome = "done"
            except SQLAlchemyError as error:
                self.broken.append(f"{step.__name__}: {error}")
                raise
            except Exception as error:  # noqa: BLE001  a refusal in words is an answer, too
                outcome = type(error).__name__
            with self._lock:
                self.done[f"{step.__name__} {outcome}"] += 1

    def read(self, chance: random.Random) -> None:
        now = self.runtime.clock()
        changed = record(
            chance.randrange(PEOPLE), name=f"Name {chance.randrange(9)}", remote_updated_at=now
        )
        kept = [each for each in self.books.records if each.remote_id != changed.remote_id]
        self.books.records = [*kept, changed]
        with self.runtime.sessions() as session:
            connection = session.get_one(Connection, self.place.connection_id)
            woken: list[int] = []
            ensure_fresh(
                session,
                connection,
                wake=lambda _, row_id: woken.append(row_id),
                now=now,
                is_asked_for=True,
            )
        for reading_id in woken:
            refresh(self.runtime, reading_id)

    def take(self, chance: random.Random) -> None:
        request = ImportRequest(self._some(chance, 9))
        with self.runtime.sessions() as session:
            start_requested(
                session,
                self.place.account_id,
                request,
                requested_by_id=self.place.admin.user_id,
                wake=self.runtime.wake,
                now=self.runtime.clock(),
            )
        self.carry_out()

    def carry_out(self) -> None:
        with self.runtime.sessions() as session:
            due = due_imports(session, now=self.runtime.clock())
        for run_id in due:
            run_import(self.runtime, run_id)

    def undo(self, chance: random.Random) -> None:
        finished = rows(
            self.runtime.sessions,
            select(ImportRun.public_id).where(ImportRun.state == ImportState.FINISHED),
        )
        chosen = chance.choice(finished)[0]
        with self.runtime.sessions() as session:
            start_undo(
                session,
                self.place.admin,
                chosen,
                wake=self.runtime.wake,
                now=self.runtime.clock(),
            )
        self.carry_out()

    def link(self, chance: random.Random) -> None:
        self._choose(chance, ChosenOutcome.LINK)

    def create(self, chance: random.Random) -> None:
        self._choose(chance, ChosenOutcome.CREATE)

    def _choose(self, chance: random.Random, outcome: ChosenOutcome) -> None:
        self._decide(review_choices.choose, chance, outcome=outcome)

    def ignore(self, chance: random.Random) -> None:
        self._decide(decisions.ignore, chance)

    def restore(self, chance: random.Random) -> None:
        self._decide(decisions.restore, chance)

    def _decide(self, decide: Callable[..., Any], chance: random.Random, **how: Any) -> None:
        meant = self._some(chance, 5)
        with self.runtime.sessions() as session:
            decide(
                session,
                self.place.admin,
                self.place.account_id,
                meant=meant,
                now=self.runtime.clock(),
                **how,
            )

    def let_go(self, chance: random.Random) -> None:
        customer, remote_id = self._linked(chance)
        with self.runtime.sessions() as session:
            unlink(
                session,
                self.place.admin,
                customer,
                provider=ProviderKey.QUICKBOOKS,
                remote_id=remote_id,
                now=self.runtime.clock(),
            )

    def remove(self, chance: random.Random) -> None:
        gone, customer = chance.choice([remove_customer, erase_customer]), self._customer(chance)
        with self.runtime.sessions() as session:
            gone(session, self.place.admin, customer, now=self.runtime.clock())

    def edit(self, chance: random.Random) -> None:
        details = CustomerDetails(
            name=f"Name {chance.randrange(9)}",
            company_name="",
            email=f"customer-{chance.randrange(PEOPLE)}@example.com",
            phone="",
            address="",
        )
        customer = self._customer(chance)
        with self.runtime.sessions() as session:
            edit_customer(session, self.place.admin, customer, details, now=self.runtime.clock())

    def theirs(self, chance: random.Random) -> None:
        customer, remote_id = self._linked(chance)
        with self.runtime.sessions() as session:
            take_theirs(
                session,
                self.place.admin,
                customer,
                provider=ProviderKey.QUICKBOOKS,
                remote_id=remote_id,
                fields=("name",),
                now=self.runtime.clock(),
            )

    def add(self, chance: random.Random) -> None:
        with self.runtime.sessions() as session:
            add_customer(
                session,
                self.place.company_id,
                self._details(chance),
                origin=CustomerOrigin.HAND,
                added_by_id=self.place.admin.user_id,
                now=self.runtime.clock(),
            )

    def join(self, chance: random.Random) -> None:
        page = JoinPage(self.place.company_id, "Harbor", "harbor")
        with self.runtime.sessions() as session:
            join(
                session,
                page,
                self._details(chance),
                network="192.0.2.1",
                key="key",
                now=self.runtime.clock(),
            )

    def match(self, _chance: random.Random) -> None:
        match_account(self.runtime, self.place.account_id)

    def _details(self, chance: random.Random) -> CustomerDetails:
        number = chance.randrange(PEOPLE)
        return CustomerDetails(
            name=f"Customer {number}",
            company_name="",
            email=f"customer-{number}@example.com",
            phone="",
            address="",
        )

    def _some(self, chance: random.Random, most: int) -> Meant:
        found = rows(self.runtime.sessions, select(RemoteCustomer.public_id))
        return Meant(tuple(row[0] for row in chance.sample(list(found), most)))

    def _customer(self, chance: random.Random) -> str:
        return str(chance.choice(rows(self.runtime.sessions, select(Customer.public_id)))[0])

    def _linked(self, chance: random.Random) -> tuple[str, str]:
        query = select(Customer.public_id, CustomerLink.remote_id).join(
            CustomerLink, CustomerLink.customer_id == Customer.id
        )
        customer, remote_id = chance.choice(rows(self.runtime.sessions, query))
        return customer, remote_id
