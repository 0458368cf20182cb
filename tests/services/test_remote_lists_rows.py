"""A row of the list: why it waits, whom it could be, who looks like it, and what was seen."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from models import ChosenOutcome, Company, Connection, Customer, Reading, RemoteState, WhyUnsynced
from services.matching.tiers import Tier
from services.remote_lists import search
from services.review_query import ReviewQuery, RowFilter, RowSort
from services.review_rows import Balance, ReviewRow
from services.unsynced import note_look
from tests.factories import NOW, make_customer, make_link, make_reading, make_remote_customer
from tests.matching_factories import make_choice, make_look_alike, make_suggestion, make_told_apart
from tests.services.support import Place


@pytest.fixture
def reading(session: Session, harbor: Place) -> Reading:
    return make_reading(session, session.get_one(Connection, harbor.connection_id))


def _customer(session: Session, place: Place, name: str, **values: object) -> Customer:
    return make_customer(session, session.get_one(Company, place.company_id), name=name, **values)


def _row(session: Session, place: Place, show: RowFilter = RowFilter.UNSYNCED) -> ReviewRow:
    return search(session, place.account_id, query=ReviewQuery(show), sort=RowSort.NAME).rows[0]


def test_a_row_shows_what_is_known_of_it(session: Session, harbor: Place, reading: Reading) -> None:
    make_remote_customer(session, reading, remote_id="p1", name="Zed & Co")
    make_remote_customer(
        session,
        reading,
        name="Dock 7",
        person_name="Ann Lee",
        phone="555 0100",
        balance_cents=1250,
        currency="CAD",
        parent_remote_id="p1",
        why=WhyUnsynced.FAILED,
        why_text="the name was too long",
        why_at=NOW,
        revision=4,
    )

    row = _row(session, harbor)

    assert (row.name, row.person_name, row.phone) == ("Dock 7", "Ann Lee", "555 0100")
    assert (row.balance, row.balance.words) == (Balance("CAD", 1250), "CAD 12.50")
    assert row.parent_name == "Zed & Co"
    assert (row.why, row.why_text, row.why_at) == (
        WhyUnsynced.FAILED,
        "the name was too long",
        NOW,
    )
    assert (row.seen, row.is_chosen, row.suggestion, row.look_alike_count) == ("4", False, None, 0)


def test_who_was_read_after_the_last_look_is_new_since_then(
    session: Session, harbor: Place, reading: Reading
) -> None:
    make_remote_customer(session, reading, name="Before")
    note_look(session, harbor.connection_id, now=NOW)
    later = make_reading(session, session.get_one(Connection, harbor.connection_id))
    make_remote_customer(session, later, name="After")

    after, before = search(session, harbor.account_id, query=ReviewQuery(), sort=RowSort.NAME).rows

    assert (after.new_since, before.new_since) == (NOW, None)


def test_before_the_first_look_nobody_is_new(
    session: Session, harbor: Place, reading: Reading
) -> None:
    make_remote_customer(session, reading)

    assert _row(session, harbor).new_since is None


def test_who_is_ignored_is_neither_new_nor_waiting_for_a_reason(
    session: Session, harbor: Place, reading: Reading
) -> None:
    note_look(session, harbor.connection_id, now=NOW - timedelta(days=1))
    later = make_reading(session, session.get_one(Connection, harbor.connection_id))
    make_remote_customer(session, later, state=RemoteState.IGNORED, ignore_reason="a test")

    row = _row(session, harbor, RowFilter.IGNORED)

    assert (row.new_since, row.why, row.ignore_reason) == (None, None, "a test")


def test_the_best_candidate_is_suggested_with_its_reason(
    session: Session, harbor: Place, reading: Reading
) -> None:
    remote = make_remote_customer(session, reading, revision=3)
    best = _customer(session, harbor, "Best", company_name="Best LLC", revision=5)
    make_suggestion(session, remote, _customer(session, harbor, "Second"), score=3.0)
    make_suggestion(session, remote, best, score=8.0, tier="exact", reasons="same_name same_phone")

    row = _row(session, harbor)

    assert row.suggestion_count == 2
    assert row.suggestion is not None
    assert (row.suggestion.name, row.suggestion.company_name) == ("Best", "Best LLC")
    assert row.suggestion.tier is Tier.EXACT
    assert row.suggestion.seen == f"3.5.{best.public_id}"
    assert row.suggestion.reason == "Same name and same phone."
    assert not row.suggestion.is_linked_elsewhere


def test_who_was_told_apart_is_not_suggested(
    session: Session, harbor: Place, reading: Reading
) -> None:
    remote = make_remote_customer(session, reading)
    customer = _customer(session, harbor, "Namesake")
    make_suggestion(session, remote, customer)
    make_told_apart(session, remote, customer)

    row = _row(session, harbor)

    assert (row.suggestion, row.suggestion_count) == (None, 0)


@pytest.mark.parametrize(("score", "count"), [(2.9, 0), (3.0, 1)])
def test_who_is_linked_elsewhere_is_suggested_on_more_evidence_only(
    session: Session, harbor: Place, reading: Reading, score: float, count: int
) -> None:
    remote = make_remote_customer(session, reading)
    taken = _customer(session, harbor, "Taken")
    make_link(session, make_remote_customer(session, reading), taken)
    make_suggestion(session, remote, taken, score=score)

    row = _row(session, harbor)

    assert row.suggestion_count == count
    assert row.suggestion is None or row.suggestion.is_linked_elsewhere


def test_a_persons_choice_stands_before_a_better_candidate(
    session: Session, harbor: Place, reading: Reading
) -> None:
    remote = make_remote_customer(session, reading)
    chosen = _customer(session, harbor, "Chosen")
    make_suggestion(session, remote, chosen, score=2.0)
    make_suggestion(session, remote, _customer(session, harbor, "Best"), score=9.0)
    make_choice(session, remote, outcome=ChosenOutcome.LINK, customer_id=chosen.id)

    row = _row(session, harbor)

    assert row.is_chosen
    assert row.suggestion is not None
    assert row.suggestion.name == "Chosen"


@pytest.mark.parametrize(
    ("state", "count"),
    [
        (RemoteState.UNSYNCED, 1),
        (RemoteState.LINKED, 1),
        (RemoteState.IGNORED, 0),
        (RemoteState.VANISHED, 0),
    ],
)
def test_look_alikes_in_the_file_are_counted(
    session: Session, harbor: Place, reading: Reading, state: RemoteState, count: int
) -> None:
    remote = make_remote_customer(session, reading, name="Ann")
    make_look_alike(
        session, remote, make_remote_customer(session, reading, name="Bea", state=state)
    )

    assert _row(session, harbor).look_alike_count == count


def test_look_alikes_told_apart_are_none(session: Session, harbor: Place, reading: Reading) -> None:
    remote = make_remote_customer(session, reading, name="Ann")
    other = make_remote_customer(session, reading, name="Bea")
    make_look_alike(session, remote, other)
    make_told_apart(session, remote, other)

    assert _row(session, harbor).look_alike_count == 0


def test_a_page_takes_as_many_statements_as_a_row(
    session: Session, harbor: Place, reading: Reading
) -> None:
    counts = []
    for _ in range(2):
        for _ in range(5):
            remote = make_remote_customer(session, reading, parent_remote_id="p1")
            make_suggestion(session, remote, _customer(session, harbor, "Ann"))
        statements: list[str] = []
        listen = lambda *args: statements.append(args[2])  # noqa: E731, B023
        event.listen(session.get_bind(), "before_cursor_execute", listen)
        search(session, harbor.account_id, query=ReviewQuery())
        event.remove(session.get_bind(), "before_cursor_execute", listen)
        counts.append(len(statements))

    assert counts[0] == counts[1] <= 9
