"""A choice is about whom a person saw: it ends when a reading makes somebody else of them."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from models import Bin, ChosenOutcome, CustomerOrigin, RemoteCustomer, ReviewChoice
from services.customers import CustomerDetails, add_customer
from services.providers.contract import RemoteStatus
from services.review_choices import choose
from services.review_query import Meant
from services.runtime import Runtime
from tests.conftest import Clock
from tests.factories import NOW
from tests.fakes import FakeAccountingClient
from tests.services.matching_support import match_everything
from tests.services.support import Place, public_ids, read, record, rows

ANN = CustomerDetails("Ann Brandt", "", "ann.brandt@example.com", "415 555 0123")
ANN_THERE = {"name": "Ann Brandt", "emails_text": "ann.brandt@example.com"}


@pytest.fixture
def doubled(runtime: Runtime, harbor: Place, books: FakeAccountingClient, clock: Clock) -> Place:
    """Ann is here once and there twice, and the person has decided about the first one."""
    with runtime.sessions() as session:
        add_customer(session, harbor.company_id, ANN, origin=CustomerOrigin.HAND, now=NOW)
    others = [record(number) for number in range(100, 110)]
    books.records = [record(1, **ANN_THERE), record(2, **ANN_THERE, phone="030 1"), *others]
    read(runtime, harbor)
    match_everything(runtime, harbor.account_id)
    clock.advance(days=8)
    return harbor


def _choose(runtime: Runtime, place: Place, outcome: ChosenOutcome) -> None:
    (public_id,) = public_ids(runtime.sessions, place, "1")
    with runtime.sessions() as session:
        choose(
            session,
            place.admin,
            place.account_id,
            meant=Meant((public_id,)),
            outcome=outcome,
            now=NOW,
        )


def _bins(runtime: Runtime) -> dict[str, Bin]:
    query = select(RemoteCustomer.remote_id, RemoteCustomer.bin)
    found = rows(runtime.sessions, query.where(RemoteCustomer.remote_id.in_(("1", "2"))))
    return {remote_id: bin_ for remote_id, bin_ in found}


def _choice_count(runtime: Runtime) -> int:
    return len(rows(runtime.sessions, select(ReviewChoice)))


@pytest.mark.parametrize(
    "change", [{"name": "Quentin Abelard"}, {"emails_text": "q@example.com"}, {"company_name": "Q"}]
)
@pytest.mark.parametrize("outcome", ChosenOutcome)
def test_who_became_somebody_else_is_asked_about_again(
    runtime: Runtime,
    doubled: Place,
    books: FakeAccountingClient,
    outcome: ChosenOutcome,
    change: dict[str, Any],
) -> None:
    _choose(runtime, doubled, outcome)
    books.records[0] = record(1, **ANN_THERE | change)

    read(runtime, doubled)

    assert _choice_count(runtime) == 0


def test_a_choice_outlives_another_phone(
    runtime: Runtime, doubled: Place, books: FakeAccountingClient
) -> None:
    _choose(runtime, doubled, ChosenOutcome.LINK)
    books.records[0] = record(1, **ANN_THERE, phone="030 2", address="1 Quay")

    read(runtime, doubled)
    match_everything(runtime, doubled.account_id)

    assert _choice_count(runtime) == 1
    assert _bins(runtime)["1"] is Bin.SAME


@pytest.mark.parametrize("is_archived", [False, True])
def test_who_is_gone_there_keeps_nobody_here(
    runtime: Runtime, doubled: Place, books: FakeAccountingClient, is_archived: bool
) -> None:
    _choose(runtime, doubled, ChosenOutcome.LINK)
    books.records[0] = record(1, **ANN_THERE, status=RemoteStatus.ARCHIVED)
    if not is_archived:
        del books.records[0]

    read(runtime, doubled)
    match_everything(runtime, doubled.account_id)

    assert _choice_count(runtime) == 0
    assert _bins(runtime)["2"] is Bin.SAME
