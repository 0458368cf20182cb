"""One linked customer, for the tests of its page."""

from __future__ import annotations

from types import SimpleNamespace

from sqlalchemy.orm import Session

from models import Company, Connection, CustomerOrigin
from services.differences import refresh_differing
from tests.factories import make_customer, make_link, make_reading, make_remote_customer


def make_cool_cars(session: Session, connection: Connection) -> SimpleNamespace:
    """Cool Cars, whose phone and e-mail are others in QuickBooks, where it is customer 61."""
    customer = make_customer(
        session,
        session.get_one(Company, connection.company_id),
        name="Cool Cars",
        email="old@example.com",
        phone="(415) 555-9933",
        origin=CustomerOrigin.IMPORT,
    )
    remote = make_remote_customer(
        session,
        make_reading(session, connection),
        name="Cool Cars",
        remote_id="61",
        email="new@example.com",
        emails_text="new@example.com",
        phone="(415) 555-0000",
        balance_cents=75500,
        currency="USD",
    )
    make_link(session, remote, customer)
    refresh_differing(session, connection.account_id, ["61"])
    session.commit()
    return SimpleNamespace(
        customer=customer, remote=remote, path=f"/customers/{customer.public_id}"
    )
