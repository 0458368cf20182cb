"""A placeholder gives way to a real address, and to nothing else."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from models import Customer
from services.customer_import import run_import
from services.placeholder_email import is_placeholder_email
from services.runtime import Runtime
from tests.conftest import Clock
from tests.factories import NOW
from tests.fakes import FakeAccountingClient
from tests.services.support import Place, queue_import, read, record


def _imported(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, *, emails_text: str
) -> None:
    books.records = [record(1, emails_text=emails_text)]
    read(runtime, harbor)
    run_import(runtime, queue_import(runtime, harbor, ["1"]))


def _customer(runtime: Runtime) -> Customer:
    with runtime.sessions() as session:
        return session.scalars(select(Customer)).one()


def test_an_address_gained_in_the_books_replaces_the_placeholder(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, clock: Clock
) -> None:
    _imported(runtime, harbor, books, emails_text="")
    signed_up_at = _customer(runtime).created_at
    clock.advance(days=2)
    books.records = [record(1, emails_text="Now.Real@example.com", remote_updated_at=clock())]

    read(runtime, harbor)

    customer = _customer(runtime)
    assert (customer.email, customer.is_placeholder_email) == ("Now.Real@example.com", False)
    assert customer.email_key == "now.real@example.com"
    assert "now.real@example.com" in customer.search_text
    assert customer.created_at == signed_up_at


@pytest.mark.parametrize("emails_text", ["n/a", "x@placeholder.local", ""])
def test_rubbish_in_the_books_leaves_the_placeholder(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient, emails_text: str
) -> None:
    _imported(runtime, harbor, books, emails_text="")
    books.records = [record(1, emails_text=emails_text, phone="555-0101", remote_updated_at=NOW)]

    read(runtime, harbor)

    assert is_placeholder_email(_customer(runtime).email)


def test_an_address_entered_here_is_never_overwritten(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    _imported(runtime, harbor, books, emails_text="first@example.com")
    books.records = [record(1, emails_text="second@example.com", remote_updated_at=NOW)]

    read(runtime, harbor)

    assert _customer(runtime).email == "first@example.com"
