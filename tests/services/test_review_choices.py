"""Decisions that the import carries out: to whom, in which bin, and who comes too late."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import (
    AuditEvent,
    Bin,
    ChosenOutcome,
    Customer,
    RemoteCustomer,
    RemoteState,
    ReviewChoice,
)
from services.decisions import AlreadyDecided, Decision, RowsChanged, UnknownRemoteCustomer
from services.remote_lists import search
from services.review_choices import CustomerGone, NotACandidate, choose, take_back
from services.review_query import Meant, ReviewQuery, RowFilter
from services.runtime import Runtime
from tests.factories import NOW, make_link
from tests.matching_factories import make_choice, make_suggestion, make_told_apart
from tests.services.importing import Importing

CREATE, LINK = ChosenOutcome.CREATE, ChosenOutcome.LINK


@pytest.fixture
def importing(session: Session, runtime: Runtime) -> Importing:
    return Importing(session, runtime)


def _choose(
    importing: Importing,
    *remotes: RemoteCustomer,
    outcome: ChosenOutcome = LINK,
    customer: Customer | None = None,
    **meant: object,
) -> Decision:
    ids = tuple(remote.public_id for remote in remotes)
    try:
        return choose(
            importing.session,
            importing.ada,
            importing.account_id,
            meant=replace(Meant(ids), **meant),  # type: ignore[arg-type]
            outcome=outcome,
            customer=None if customer is None else customer.public_id,
            now=NOW,
        )
    finally:
        importing.session.expire_all()


def _choices(importing: Importing) -> dict[int, int | None]:
    rows = importing.session.scalars(select(ReviewChoice)).all()
    return {row.remote_customer_id: row.customer_id for row in rows}


def _seen(importing: Importing) -> dict[str, str]:
    """Return the tokens that the page has for everybody."""
    page = search(importing.session, importing.account_id, query=ReviewQuery())
    importing.session.rollback()
    return {row.public_id: row.suggestion.seen if row.suggestion else row.seen for row in page.rows}


def test_a_choice_to_link_takes_the_best_candidate(importing: Importing) -> None:
    remote, _other = importing.doubtful()
    best = importing.here()
    make_suggestion(importing.session, remote, best, tier="likely", score=9.0)

    decision = _choose(importing, remote)

    assert decision.count == 1
    assert _choices(importing) == {remote.id: best.id}
    assert remote.bin is Bin.SAME
    assert remote.state is RemoteState.UNSYNCED


def test_a_choice_to_create_makes_it_new(importing: Importing) -> None:
    remote, _customer = importing.doubtful()

    _choose(importing, remote, outcome=CREATE)

    assert remote.bin is Bin.NEW
    assert _choices(importing) == {remote.id: None}


def test_a_later_choice_replaces_the_earlier_one(importing: Importing) -> None:
    remote, _customer = importing.doubtful()
    _choose(importing, remote)

    decision = _choose(importing, remote, outcome=CREATE)

    assert remote.bin is Bin.NEW
    assert importing.count(ReviewChoice) == 1
    assert decision.replaced == 1


def test_the_same_choice_again_replaces_nothing(importing: Importing) -> None:
    remote, _customer = importing.doubtful()
    _choose(importing, remote)

    assert _choose(importing, remote).replaced == 0


def test_the_audit_line_holds_a_count_and_no_name(importing: Importing) -> None:
    _choose(importing, importing.doubtful()[0], importing.doubtful()[0])

    event = importing.session.scalars(select(AuditEvent)).one()
    assert (event.action, event.subject, event.detail) == (
        "decided",
        "remote customers",
        "2 to link",
    )


def test_linking_many_passes_who_has_nobody_and_whose_best_is_taken(importing: Importing) -> None:
    free, _customer = importing.doubtful()
    taken, customer = importing.doubtful()
    make_link(importing.session, importing.there(), customer)

    decision = _choose(importing, free, taken, importing.there())

    assert (decision.count, decision.passed) == (1, 2)
    assert set(_choices(importing)) == {free.id}


def test_two_with_one_best_candidate_are_both_left_to_a_decision_of_their_own(
    importing: Importing,
) -> None:
    first, customer = importing.doubtful()
    second = importing.there()
    make_suggestion(importing.session, second, customer)

    with pytest.raises(AlreadyDecided):
        _choose(importing, first, second)

    assert _choices(importing) == {}


def test_a_named_customer_may_be_linked_elsewhere_already(importing: Importing) -> None:
    remote, customer = importing.doubtful()
    make_link(importing.session, importing.there(), customer)

    decision = _choose(importing, remote, customer=customer)

    assert decision.count == 1
    assert remote.bin is Bin.SAME


def test_whoever_is_no_candidate_cannot_be_chosen(importing: Importing) -> None:
    remote, customer = importing.doubtful()
    make_told_apart(importing.session, remote, customer)

    for stranger in (importing.here(), customer):
        with pytest.raises(NotACandidate):
            _choose(importing, remote, customer=stranger)
    with pytest.raises(NotACandidate):
        _choose(importing, remote)

    assert _choices(importing) == {}


def test_a_customer_who_is_gone_or_of_another_company_cannot_be_chosen(
    importing: Importing, session: Session, runtime: Runtime
) -> None:
    remote, customer = importing.doubtful()
    foreign = Importing(session, runtime).here()
    importing.session.delete(importing.session.get_one(Customer, customer.id))
    importing.session.commit()

    for gone in (customer, foreign):
        with pytest.raises(CustomerGone):
            _choose(importing, remote, customer=gone)


def test_when_the_customer_is_removed_its_choice_ends(importing: Importing) -> None:
    remote, customer = importing.doubtful()
    _choose(importing, remote)

    importing.session.delete(importing.session.get_one(Customer, customer.id))
    importing.session.commit()

    assert _choices(importing) == {}


def test_a_pair_that_changed_on_either_side_is_told(importing: Importing) -> None:
    changed_there, _ours = importing.doubtful()
    changed_here, ours = importing.doubtful()
    unchanged, _ours = importing.doubtful()
    seen = _seen(importing)
    changed_there.revision, ours.revision = 2, 2
    importing.session.commit()

    decision = _choose(importing, changed_there, changed_here, unchanged, seen=seen)

    assert (decision.count, decision.changed, decision.passed) == (1, 2, 0)
    assert set(_choices(importing)) == {unchanged.id}


def test_when_all_of_them_changed_nothing_is_decided(importing: Importing) -> None:
    remote, customer = importing.doubtful()
    seen = _seen(importing)
    customer.revision = 2
    importing.session.commit()

    with pytest.raises(RowsChanged):
        _choose(importing, remote, seen=seen)


def test_nobody_is_linked_to_another_one_than_the_person_saw(importing: Importing) -> None:
    overtaken, _shown = importing.doubtful()
    new, unchanged = importing.there(), importing.doubtful()[0]
    seen = _seen(importing)
    for remote in (overtaken, new):
        make_suggestion(importing.session, remote, importing.here())

    decision = _choose(importing, overtaken, new, unchanged, seen=seen)

    assert (decision.count, decision.changed) == (1, 2)
    assert set(_choices(importing)) == {unchanged.id}


def test_whom_a_person_chose_before_is_whom_the_page_shows(importing: Importing) -> None:
    remote, chosen = importing.doubtful()
    make_suggestion(importing.session, remote, importing.here(), tier="likely", score=9.0)
    _choose(importing, remote, customer=chosen)

    decision = _choose(importing, remote, seen=_seen(importing))

    assert decision.count == 1
    assert _choices(importing) == {remote.id: chosen.id}


def test_who_is_not_unsynced_any_more_is_passed(importing: Importing) -> None:
    with pytest.raises(AlreadyDecided):
        _choose(importing, importing.there(state=RemoteState.LINKED), outcome=CREATE)


def test_all_that_match_are_decided_about_at_once(importing: Importing) -> None:
    for _ in range(3):
        importing.doubtful()
    importing.there()

    decision = _choose(
        importing,
        outcome=CREATE,
        matching=ReviewQuery(RowFilter.MAYBE),
        reading=importing.reading.public_id,
        count=3,
    )

    assert decision.count == 3
    assert importing.count(ReviewChoice) == 3


def test_whom_one_is_to_be_linked_to_is_no_others_same(importing: Importing) -> None:
    remote, customer = importing.doubtful()
    other = importing.there(bin=Bin.SAME)
    make_suggestion(importing.session, other, customer)

    _choose(importing, remote, customer=customer)

    assert (remote.bin, other.bin) == (Bin.SAME, Bin.MAYBE)


def test_zoe_decides_about_nobody_of_harbor(
    importing: Importing, session: Session, runtime: Runtime
) -> None:
    elsewhere = Importing(session, runtime)
    remote, _customer = importing.doubtful()
    choice = make_choice(session, remote)

    for account_id in (importing.account_id, elsewhere.account_id):
        with pytest.raises(UnknownRemoteCustomer):
            choose(
                session,
                elsewhere.ada,
                account_id,
                meant=Meant((remote.public_id,)),
                outcome=CREATE,
                now=NOW,
            )
        with pytest.raises(AlreadyDecided):
            take_back(session, elsewhere.ada, account_id, batch=choice.batch, now=NOW)

    assert set(_choices(importing)) == {remote.id}
