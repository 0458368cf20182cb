"""A stranger becomes a customer: once, not without end, and without learning anything."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Attempt, Company, Customer, CustomerOrigin
from services.customers import BadDetails, CustomerDetails
from services.joining import (
    SIGNUPS_AN_HOUR,
    TooManySignups,
    UnknownJoinPage,
    find_join_page,
    join,
)
from tests.conftest import Clock
from tests.factories import make_company, make_customer


def _join(
    session: Session,
    company: Company,
    clock: Clock,
    *,
    network: str = "203.0.113.9",
    **details: str,
) -> None:
    page = find_join_page(session, company.slug)
    wanted = CustomerDetails(**{"name": "Nell Harrow"} | details)
    join(session, page, wanted, network=network, key="secret", now=clock())


def _names(session: Session) -> list[str]:
    return [customer.name for customer in session.scalars(select(Customer))]


def test_whoever_joins_is_a_customer_of_the_company(session: Session, clock: Clock) -> None:
    company = make_company(session)

    _join(session, company, clock, email="nell@example.com", phone="555-0117")

    customer = session.scalars(select(Customer)).one()
    assert (customer.company_id, customer.origin) == (company.id, CustomerOrigin.JOIN)
    assert (customer.email, customer.is_placeholder_email) == ("nell@example.com", False)
    assert customer.created_at == clock()


def test_a_second_click_is_not_a_second_customer(session: Session, clock: Clock) -> None:
    company = make_company(session)
    _join(session, company, clock)

    _join(session, company, clock)

    assert _names(session) == ["Nell Harrow"]


def test_the_same_person_may_join_again_later(session: Session, clock: Clock) -> None:
    company = make_company(session)
    _join(session, company, clock)
    clock.advance(minutes=11)

    _join(session, company, clock)

    assert len(_names(session)) == 2


def test_an_address_that_is_known_is_taken_like_any_other(session: Session, clock: Clock) -> None:
    company = make_company(session)
    make_customer(session, company, email="nell@example.com")

    _join(session, company, clock, email="nell@example.com")

    assert len(_names(session)) == 2


def test_a_network_signs_up_so_often_and_no_more(session: Session, clock: Clock) -> None:
    company, other = make_company(session), make_company(session)
    for number in range(SIGNUPS_AN_HOUR):
        _join(session, company, clock, name=f"Name {number}")

    with pytest.raises(TooManySignups):
        _join(session, company, clock)

    assert len(_names(session)) == SIGNUPS_AN_HOUR
    _join(session, company, clock, network="203.0.113.10")
    _join(session, other, clock)
    clock.advance(hours=1)
    _join(session, company, clock, name="Later")
    assert len(_names(session)) == SIGNUPS_AN_HOUR + 3


def test_a_refusal_for_the_limit_can_be_repeated_later(session: Session, clock: Clock) -> None:
    company = make_company(session)
    for number in range(SIGNUPS_AN_HOUR):
        _join(session, company, clock, name=f"Name {number}")
        clock.advance(minutes=5)
    with pytest.raises(TooManySignups):
        _join(session, company, clock)
    clock.advance(minutes=10)

    _join(session, company, clock)

    assert "Nell Harrow" in _names(session)


def test_what_cannot_be_is_not_an_attempt(session: Session, clock: Clock) -> None:
    company = make_company(session)

    with pytest.raises(BadDetails):
        _join(session, company, clock, email="x@placeholder.local")

    assert session.scalars(select(Attempt)).all() == []
    assert _names(session) == []


def test_no_attempt_says_who_it_was(session: Session, clock: Clock) -> None:
    company = make_company(session)

    _join(session, company, clock, email="nell@example.com")

    kept = " ".join(row.key_hash + row.kind for row in session.scalars(select(Attempt)))
    assert "203.0.113" not in kept
    assert "nell" not in kept


def test_nobody_has_a_page_at_another_address(session: Session) -> None:
    with pytest.raises(UnknownJoinPage):
        find_join_page(session, "nobody")
