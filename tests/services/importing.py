"""A company with a reading and an admin who imports from it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models import Bin, Company, Customer, ImportItem, ImportRun, RemoteCustomer
from services.customer_import import run_import, start_import
from services.import_lease import ImportLease, claim
from services.import_queue import is_due
from services.review_query import Meant
from services.runtime import Runtime
from tests.conftest import Clock
from tests.factories import (
    NOW,
    make_account,
    make_company,
    make_connection,
    make_customer,
    make_reading,
    make_remote_customer,
    make_signed_in,
    make_user,
)
from tests.fakes import FakeAccountingClient
from tests.matching_factories import make_matched, make_suggestion
from tests.services.support import Place, queue_import, read, record


class Importing:
    """What a test of imports says: who is there, who is here, import them, look."""

    def __init__(self, session: Session, runtime: Runtime) -> None:
        self.session = session
        self.runtime = runtime
        self.company: Company = make_company(session)
        account = make_account(session, self.company)
        make_matched(session, account)
        # As young as no check before an import is needed.
        self.reading = make_reading(session, make_connection(session, account), finished_at=NOW)
        self.account_id = account.id
        self.ada = make_signed_in(session, make_user(session, self.company))

    def there(self, **overrides: Any) -> RemoteCustomer:
        return make_remote_customer(self.session, self.reading, **overrides)

    def here(self, **overrides: Any) -> Customer:
        return make_customer(self.session, self.company, **overrides)

    def doubtful(self, **suggestion: Any) -> tuple[RemoteCustomer, Customer]:
        """Somebody there who could be somebody here, so that a person is asked."""
        remote, customer = self.there(bin=Bin.MAYBE), self.here()
        values = {"tier": "likely", "score": 6.0} | suggestion
        make_suggestion(self.session, remote, customer, **values)
        return remote, customer

    def same(self, **values: Any) -> tuple[RemoteCustomer, Customer]:
        """Somebody there who surely is somebody here."""
        remote, customer = self.there(bin=Bin.SAME, **values), self.here(**values)
        make_suggestion(self.session, remote, customer)
        return remote, customer

    def start(self, *remotes: RemoteCustomer, creates_maybes: bool = False) -> ImportRun:
        return start_import(
            self.session,
            self.account_id,
            choice=Meant(tuple(remote.public_id for remote in remotes)),
            creates_maybes=creates_maybes,
            requested_by_id=self.ada.user_id,
            wake=self.runtime.wake,
            now=self.runtime.clock(),
        )

    def run(self, run: ImportRun) -> ImportRun:
        """Carry the run out and return it as it is then."""
        run_id = run.id
        self.session.rollback()
        run_import(self.runtime, run_id)
        self.session.expire_all()
        return self.session.get_one(ImportRun, run_id)

    def claim(self, run: ImportRun) -> ImportLease:
        """Hold the run as a process does that will not come back."""
        run_id = run.id
        self.session.rollback()
        lease = claim(self.runtime, run_id, is_due=is_due(self.runtime.clock()))
        assert lease is not None
        return lease

    def item(self, run: ImportRun, remote: RemoteCustomer) -> ImportItem:
        self.session.expire_all()
        return self.session.scalars(
            select(ImportItem).where(
                ImportItem.run_id == run.id, ImportItem.remote_id == remote.remote_id
            )
        ).one()

    def count(self, model: type) -> int:
        return self.session.scalar(select(func.count()).select_from(model)) or 0


def queue_stale_import(
    runtime: Runtime, place: Place, books: FakeAccountingClient, clock: Clock
) -> int:
    """Queue an import of three who were read two minutes ago; return its row id."""
    books.records = [record(number) for number in range(3)]
    read(runtime, place)
    clock.advance(minutes=2)
    return queue_import(runtime, place, [each.remote_id for each in books.records])
