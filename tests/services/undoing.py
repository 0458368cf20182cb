"""What tests of undo say: an import, what happens since, its undo, the tables before and after."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from models import (
    Customer,
    CustomerLink,
    ImportItem,
    ImportRun,
    Reading,
    RemoteAccount,
    RemoteCustomer,
)
from services.customer_details import CustomerDetails
from services.customers import edit_customer
from services.import_undo import start_undo
from services.providers.contract import ProviderKey
from services.sign_ins import SignedIn
from services.text_keys import search_text
from services.unlinking import unlink
from tests.factories import (
    make_account,
    make_connection,
    make_link,
    make_reading,
    make_remote_customer,
    make_signed_in,
    make_user,
)
from tests.matching_factories import make_matched
from tests.services.importing import Importing

PLACEHOLDER = "hand-0123456789abcdef@placeholder.local"
#: Counters of comparisons; everything else of a customer an undo gives back.
OF_MATCHING = ("revision", "kept_revision")


class Undoing(Importing):
    """Ada imports, somebody works on, Ada takes it back."""

    def here(self, **overrides: Any) -> Customer:
        """A customer with the text that searching looks into, as the services write it."""
        customer = super().here(**overrides)
        email = None if customer.is_placeholder_email else customer.email
        customer.search_text = search_text(
            customer.name, customer.company_name, email, phone=customer.phone
        )
        self.session.commit()
        return customer

    def imported(self, *remotes: RemoteCustomer) -> ImportRun:
        return self.run(self.start(*remotes))

    def ask(self, run: ImportRun, who: SignedIn | None = None) -> ImportRun:
        """Ask for the undo without carrying it out."""
        public_id = start_undo(
            self.session,
            who or self.ada,
            run.public_id,
            wake=self.runtime.wake,
            now=self.runtime.clock(),
        )
        return self.session.scalars(select(ImportRun).where(ImportRun.public_id == public_id)).one()

    def undone(self, run: ImportRun) -> ImportRun:
        return self.run(self.ask(run))

    def edit(self, customer: Customer, who: SignedIn | None = None, **details: str) -> None:
        values = {
            "name": customer.name,
            "company_name": customer.company_name,
            "email": "" if customer.is_placeholder_email else customer.email,
            "phone": customer.phone,
            "address": customer.address,
        }
        edit_customer(
            self.session,
            who or self.ada,
            customer.public_id,
            CustomerDetails(**values | details),
            now=self.runtime.clock(),
        )

    def let_go(self, remote: RemoteCustomer, customer: Customer) -> None:
        unlink(
            self.session,
            self.ada,
            customer.public_id,
            provider=ProviderKey.QUICKBOOKS,
            remote_id=remote.remote_id,
            remote_public_id=remote.public_id,
            now=self.runtime.clock(),
        )

    def elsewhere(self, customer: Customer) -> RemoteCustomer:
        """Link the customer to somebody in Xero."""
        reading = self.session.scalar(
            select(Reading).where(
                Reading.company_id == self.company.id, Reading.account_id != self.account_id
            )
        )
        if reading is None:
            account = make_account(self.session, self.company, provider="xero")
            make_matched(self.session, account)
            reading = make_reading(self.session, make_connection(self.session, account))
        remote = make_remote_customer(self.session, reading)
        make_link(self.session, remote, customer)
        return remote

    def customer_of(self, remote: RemoteCustomer) -> Customer:
        self.session.expire_all()
        return self.session.scalars(
            select(Customer)
            .join(CustomerLink, CustomerLink.customer_id == Customer.id)
            .where(
                CustomerLink.account_id == remote.account_id,
                CustomerLink.remote_id == remote.remote_id,
            )
        ).one()

    def table(self) -> list[tuple[Any, ...]]:
        """Return the customers as they stand in their table, without the counters of matching."""
        self.session.expire_all()
        table = Customer.__table__
        columns = [column for column in table.c if column.name not in OF_MATCHING]
        return [tuple(row) for row in self.session.execute(select(*columns).order_by(table.c.id))]

    def codes(self, run: ImportRun) -> dict[str, str]:
        """Return outcome and code of the run's items, by remote id."""
        rows = self.session.scalars(select(ImportItem).where(ImportItem.run_id == run.id))
        return {item.remote_id: f"{item.outcome.value} {item.reason_code}" for item in rows}

    def mel(self) -> SignedIn:
        user = make_user(self.session, self.company, name="Mel Osei")
        return make_signed_in(self.session, user)

    def account(self) -> RemoteAccount:
        return self.session.get_one(RemoteAccount, self.account_id)


def add_up(run: ImportRun) -> bool:
    """Say whether the outcomes of an undo are as many as its items."""
    counts = (run.removed_count, run.unlinked_count, run.kept_count)
    return sum((*counts, run.skipped_count, run.failed_count)) == run.chosen_count
