"""Store what was read in a real database and read it back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import create_engine, event, select
from sqlalchemy.orm import Session

from models import Base, CustomerLink, RemoteAccount, RemoteCustomer, RemoteState
from services.customer_diff import fingerprint
from services.database import prepare_engine
from services.prepared_rows import prepare_difference
from services.providers.contract import CustomerRecord, RemoteStatus
from services.reading_pages import ReadingPages
from services.remote_customers import store_difference
from services.review_rows import read_rows
from tests.factories import make_account, make_company, make_connection, make_customer, make_reading
from tests.fuzz.reading import NOW, Outcome


@dataclass(frozen=True, slots=True)
class Shelf:
    """An account of a company in a database; nothing put there stays."""

    session: Session
    account: RemoteAccount
    reading_id: int
    customer_id: int

    def check(self, whole: Outcome, changed: Outcome) -> None:
        """Store a whole reading and what changed since, and compare the rows with the records."""
        try:
            self._store(whole, is_whole=True)
            self._compare(whole.records, deleted=set())
            self._link_one()
            self._store(changed, is_whole=False)
            gone = {r.remote_id for r in changed.records if r.status is RemoteStatus.DELETED}
            self._compare(whole.records, deleted=gone)
        finally:
            self.session.rollback()

    def _store(self, outcome: Outcome, *, is_whole: bool) -> None:
        pages = ReadingPages()
        for page in outcome.pages:
            pages.add(page)
        store_difference(
            self.session,
            account_id=self.account.id,
            reading_id=self.reading_id,
            prepared=prepare_difference(
                self.session,
                account_id=self.account.id,
                pages=pages,
                is_whole=is_whole,
                accepts_loss=True,
            ),
            now=NOW,
        )
        self.session.flush()
        self.session.expire_all()

    def _compare(self, records: list[CustomerRecord], *, deleted: set[str]) -> None:
        rows = self.session.scalars(select(RemoteCustomer)).all()
        stored = {row.remote_id: row for row in rows}
        assert stored.keys() == {record.remote_id for record in records}, "everybody is stored"
        assert len(read_rows(self.session, self.account.id, [row.id for row in rows])) == len(
            rows
        ), "rows can be shown"
        for record in records:
            row = stored[record.remote_id]
            if record.remote_id in deleted:
                assert row.state in (RemoteState.VANISHED, RemoteState.LINKED)
                continue
            _check_row(row, record)

    def _link_one(self) -> None:
        """Link somebody, so that a merge that comes again has a link to carry on."""
        merged = select(RemoteCustomer).where(RemoteCustomer.merged_into_remote_id.is_not(None))
        remote = self.session.scalar(merged.limit(1))
        if remote is not None:
            remote.state = RemoteState.LINKED
            # As if changed since, so that the change feed tells of it once more.
            remote.fingerprint = "older"
            link = CustomerLink(
                company_id=remote.company_id,
                account_id=remote.account_id,
                remote_id=remote.remote_id,
                customer_id=self.customer_id,
                linked_at=NOW,
            )
            self.session.add(link)
            self.session.flush()


def _check_row(row: RemoteCustomer, record: CustomerRecord) -> None:
    assert row.fingerprint == fingerprint(record)
    assert (row.name, row.phone, row.address) == (record.name, record.phone, record.address)
    assert row.emails_text == record.emails_text
    assert tuple(filter(None, row.other_phones.split("\n"))) == record.other_phones
    assert tuple(filter(None, row.other_addresses.split("\n"))) == record.other_addresses
    assert (row.balance_cents, row.currency) == (record.balance_cents or 0, record.currency)
    assert row.remote_updated_at == record.remote_updated_at
    assert row.parent_remote_id == record.parent_remote_id


@contextmanager
def open_shelf(folder: Path, provider: str) -> Iterator[Shelf]:
    """Open a new database file with one account."""
    engine = create_engine(f"sqlite:///{folder / f'{provider}.db'}")
    prepare_engine(engine)
    event.listen(engine, "connect", lambda opened, _: opened.execute("PRAGMA synchronous=OFF"))
    Base.metadata.create_all(engine)
    with Session(engine, expire_on_commit=False) as session:
        company = make_company(session)
        account = make_account(session, company, provider=provider)
        reading = make_reading(session, make_connection(session, account))
        customer = make_customer(session, company)
        yield Shelf(session, account, reading.id, customer.id)
    engine.dispose()
