"""Bins as they stand in the rows: kept true by whoever changes what they rest on."""

from __future__ import annotations

import random

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import (
    Bin,
    ChosenOutcome,
    Customer,
    CustomerLink,
    MatchSuggestion,
    RemoteCustomer,
    RemoteState,
    ToldApart,
    WhyUnsynced,
)
from services.bins import refresh_bins
from services.runtime import Runtime
from tests.factories import NOW, make_link
from tests.matching_factories import make_choice, make_look_alike, make_suggestion, make_told_apart
from tests.services.importing import Importing


@pytest.fixture
def importing(session: Session, runtime: Runtime) -> Importing:
    return Importing(session, runtime)


def _bin(importing: Importing, remote: RemoteCustomer, *refreshed: RemoteCustomer) -> Bin:
    """Refresh the bins of some rows, of all where none is named; return that of the row."""
    ids = [each.id for each in refreshed] or None
    refresh_bins(importing.session, importing.account_id, ids)
    importing.session.commit()
    importing.session.expire_all()
    return remote.bin


def test_one_exact_suggestion_is_the_same(importing: Importing) -> None:
    remote = importing.there()
    make_suggestion(importing.session, remote, importing.here())

    assert _bin(importing, remote, remote) is Bin.SAME


def test_whoever_was_not_compared_waits(importing: Importing) -> None:
    remote = importing.there(kept_revision=0, bin=Bin.NEW)

    assert _bin(importing, remote, remote) is Bin.WAITING


@pytest.mark.parametrize("why", [WhyUnsynced.REMOVED_HERE, WhyUnsynced.LET_GO])
def test_whom_somebody_took_from_here_waits_for_a_person(
    importing: Importing, why: WhyUnsynced
) -> None:
    remote = importing.there(why=why)
    before = _bin(importing, remote, remote)
    make_choice(importing.session, remote)

    assert (before, _bin(importing, remote, remote)) == (Bin.MAYBE, Bin.NEW)


def test_whom_an_undo_unlinked_stands_as_before_the_import(importing: Importing) -> None:
    remote = importing.there(why=WhyUnsynced.UNLINKED, bin=Bin.MAYBE)

    assert _bin(importing, remote, remote) is Bin.NEW


def test_told_apart_pairs_never_count(importing: Importing) -> None:
    remote, other, customer = importing.there(), importing.there(), importing.here()
    make_suggestion(importing.session, remote, customer)
    make_look_alike(importing.session, remote, other)
    make_told_apart(importing.session, remote, customer)
    make_told_apart(importing.session, remote, other)

    assert _bin(importing, remote) is Bin.NEW
    assert other.bin is Bin.NEW


def test_a_customer_linked_in_this_account_is_nobody_elses_same(importing: Importing) -> None:
    remote, customer = importing.there(), importing.here()
    make_suggestion(importing.session, remote, customer)
    make_link(importing.session, importing.there(), customer)

    assert _bin(importing, remote) is Bin.MAYBE


def test_a_namesake_of_a_linked_customer_is_new(importing: Importing) -> None:
    remote, customer = importing.there(), importing.here()
    make_suggestion(importing.session, remote, customer, tier="possible", score=1.0)
    make_link(importing.session, importing.there(), customer)

    assert _bin(importing, remote) is Bin.NEW


def test_a_link_in_another_account_takes_nobody(
    importing: Importing, session: Session, runtime: Runtime
) -> None:
    remote, customer = importing.there(), importing.here()
    make_suggestion(importing.session, remote, customer)
    make_link(importing.session, Importing(session, runtime).there(), customer)

    assert _bin(importing, remote) is Bin.SAME


def test_two_for_one_customer_are_left_to_a_person(importing: Importing) -> None:
    first, second, customer = importing.there(), importing.there(), importing.here()
    make_suggestion(importing.session, first, customer)
    _bin(importing, first)
    make_suggestion(importing.session, second, customer)

    assert _bin(importing, first, second) is Bin.MAYBE
    assert second.bin is Bin.MAYBE


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (RemoteState.UNSYNCED, Bin.MAYBE),
        (RemoteState.LINKED, Bin.MAYBE),
        (RemoteState.IGNORED, Bin.NEW),
        (RemoteState.VANISHED, Bin.NEW),
    ],
)
def test_a_twin_in_the_file_counts_while_it_is_there(
    importing: Importing, state: RemoteState, expected: Bin
) -> None:
    remote, twin = importing.there(), importing.there(state=state)
    make_look_alike(importing.session, remote, twin)

    assert _bin(importing, remote, twin) is expected


def test_whom_somebody_decided_to_link_is_taken_for_others(importing: Importing) -> None:
    chosen, other, customer = importing.there(), importing.there(), importing.here()
    make_suggestion(importing.session, other, customer)
    make_choice(importing.session, chosen, outcome=ChosenOutcome.LINK, customer_id=customer.id)

    assert _bin(importing, chosen) is Bin.SAME
    assert other.bin is Bin.MAYBE


def test_a_choice_that_somebody_else_overtook_is_asked_about_again(importing: Importing) -> None:
    remote, customer = importing.there(), importing.here()
    make_suggestion(importing.session, remote, customer)
    make_choice(importing.session, remote, outcome=ChosenOutcome.LINK, customer_id=customer.id)
    link = make_link(importing.session, importing.there(), customer)
    assert _bin(importing, remote) is Bin.SAME

    link.linked_at = NOW.replace(year=NOW.year + 1)

    assert _bin(importing, remote) is Bin.MAYBE


def test_only_the_account_that_was_named_is_looked_at(
    importing: Importing, session: Session, runtime: Runtime
) -> None:
    foreign = Importing(session, runtime).there(bin=Bin.MAYBE)

    assert _bin(importing, foreign) is Bin.MAYBE
    assert _bin(importing, foreign, foreign) is Bin.MAYBE


@pytest.mark.parametrize("seed", range(12))
def test_whatever_is_decided_a_same_is_beyond_doubt(importing: Importing, seed: int) -> None:
    chance = random.Random(seed)
    remotes = [importing.there() for _ in range(12)]
    _scatter(importing, remotes, [importing.here() for _ in range(8)], chance)

    refresh_bins(importing.session, importing.account_id, None)
    importing.session.commit()
    importing.session.expire_all()

    linked = set(importing.session.scalars(select(CustomerLink.customer_id)))
    apart = {
        (row.remote_id, row.customer_id) for row in importing.session.scalars(select(ToldApart))
    }
    suggestions = importing.session.scalars(select(MatchSuggestion)).all()
    same = {each.id: each for each in remotes if each.bin is Bin.SAME}
    exact = [
        row.customer_id
        for row in suggestions
        if row.tier == "exact"
        and row.remote_customer_id in same
        and (same[row.remote_customer_id].remote_id, row.customer_id) not in apart
        and row.customer_id not in linked
    ]
    assert len(exact) == len(set(exact)) == len(same)
    for remote in remotes:
        before = remote.bin
        assert _bin(importing, remote, remote) is before


def _scatter(
    importing: Importing,
    remotes: list[RemoteCustomer],
    customers: list[Customer],
    chance: random.Random,
) -> None:
    """Let rows be suggested, told apart, linked and alike at random."""
    for remote in remotes:
        for customer in chance.sample(customers, chance.randint(0, 3)):
            tier = chance.choice(("exact", "exact", "likely", "possible"))
            score = {"exact": 20.0, "likely": 6.0, "possible": 1.0}[tier]
            make_suggestion(importing.session, remote, customer, tier=tier, score=score)
            if chance.random() < 0.4:
                make_told_apart(importing.session, remote, customer)
    for remote, customer in zip(remotes[:3], chance.sample(customers, 3), strict=True):
        make_link(importing.session, remote, customer)
    make_look_alike(importing.session, *chance.sample(remotes, 2))
