"""Not the same: kept for the pair, whatever is read, and taken back by a person only."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import AuditEvent, Bin, ReviewChoice, ToldApart
from services.decisions import (
    AlreadyDecided,
    Decision,
    NothingSelected,
    RowsChanged,
    UnknownRemoteCustomer,
)
from services.review_choices import CustomerGone
from services.runtime import Runtime
from services.told_apart import tell_apart, together
from tests.factories import NOW
from tests.matching_factories import make_choice, make_look_alike, make_suggestion
from tests.services.importing import Importing


@pytest.fixture
def importing(session: Session, runtime: Runtime) -> Importing:
    return Importing(session, runtime)


def _tell(importing: Importing, does: Any = tell_apart, **pair: Any) -> Decision:
    try:
        decision: Decision = does(
            importing.session, importing.ada, importing.account_id, now=NOW, **pair
        )
    finally:
        importing.session.expire_all()
    return decision


def test_a_customer_who_is_somebody_else_is_no_candidate(importing: Importing) -> None:
    remote, customer = importing.there(bin=Bin.SAME), importing.here()
    make_suggestion(importing.session, remote, customer)
    pair = {"remote": remote.public_id, "customer": customer.public_id}

    decision = _tell(importing, **pair)

    assert decision.count == 1
    assert remote.bin is Bin.NEW
    _tell(importing, together, **pair)
    assert remote.bin is Bin.SAME
    assert importing.count(ToldApart) == 0


def test_two_in_the_file_are_told_apart_both_ways(importing: Importing) -> None:
    first, second = importing.there(bin=Bin.MAYBE), importing.there(bin=Bin.MAYBE)
    make_look_alike(importing.session, first, second)

    _tell(importing, remote=first.public_id, other=second.public_id)

    assert (first.bin, second.bin) == (Bin.NEW, Bin.NEW)
    assert importing.count(ToldApart) == 2
    _tell(importing, together, remote=second.public_id, other=first.public_id)
    assert (first.bin, second.bin) == (Bin.MAYBE, Bin.MAYBE)
    assert importing.count(ToldApart) == 0


def test_a_choice_to_link_the_two_ends(importing: Importing) -> None:
    remote, customer = importing.there(), importing.here()
    make_suggestion(importing.session, remote, customer)
    make_choice(importing.session, remote, outcome="link", customer_id=customer.id)

    _tell(importing, remote=remote.public_id, customer=customer.public_id)

    assert importing.count(ReviewChoice) == 0
    assert remote.bin is Bin.NEW


def test_whom_it_frees_is_the_same_as_the_other_again(importing: Importing) -> None:
    first, second, customer = importing.there(), importing.there(bin=Bin.MAYBE), importing.here()
    for remote in (first, second):
        make_suggestion(importing.session, remote, customer)

    _tell(importing, remote=first.public_id, customer=customer.public_id)

    assert (first.bin, second.bin) == (Bin.NEW, Bin.SAME)


def test_telling_twice_or_taking_back_nothing_is_told(importing: Importing) -> None:
    remote, customer = importing.there(), importing.here()
    pair = {"remote": remote.public_id, "customer": customer.public_id}

    with pytest.raises(AlreadyDecided):
        _tell(importing, together, **pair)
    _tell(importing, **pair)
    with pytest.raises(AlreadyDecided):
        _tell(importing, **pair)

    assert importing.session.scalars(select(AuditEvent.action)).all() == ["told apart"]


def test_a_pair_that_changed_since_it_was_seen_is_not_decided_about(importing: Importing) -> None:
    remote, customer = importing.there(), importing.here(revision=2, kept_revision=2)
    pair = {"remote": remote.public_id, "customer": customer.public_id}

    for seen in ("1.1", "2.2", "2"):
        with pytest.raises(RowsChanged):
            _tell(importing, seen=seen, **pair)
    assert _tell(importing, seen="1.2", **pair).count == 1


def test_a_pair_needs_two(importing: Importing) -> None:
    remote = importing.there().public_id

    for pair in ({}, {"other": remote}, {"customer": "x", "other": "y"}):
        with pytest.raises(NothingSelected):
            _tell(importing, remote=remote, **pair)


def test_nobody_of_another_company_is_told_apart(
    importing: Importing, session: Session, runtime: Runtime
) -> None:
    elsewhere = Importing(session, runtime)
    ours, theirs = importing.there().public_id, elsewhere.there().public_id

    for pair in (
        {"remote": theirs, "customer": importing.here().public_id},
        {"remote": ours, "other": theirs},
    ):
        with pytest.raises(UnknownRemoteCustomer):
            _tell(importing, **pair)
    with pytest.raises(CustomerGone):
        _tell(importing, remote=ours, customer=elsewhere.here().public_id)
