"""Ending a link and removing a customer: asked first, and nothing happens in the books."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import (
    Bin,
    Connection,
    Customer,
    RemoteCustomer,
    RemoteState,
    WhyUnsynced,
)
from tests.blueprints.linking import make_cool_cars
from tests.blueprints.support import QUICKBOOKS, Browser, make_counted, text_of
from tests.factories import NOW


@pytest.fixture
def linked(session: Session, connection: Connection) -> SimpleNamespace:
    return make_cool_cars(session, connection)


def test_unlinking_asks_first_and_says_what_stays(ada: Browser, linked: SimpleNamespace) -> None:
    page = ada.get(linked.path)
    address = re.search(r'href="([^"]+/unlink[^"]*)"', page.text)
    assert address

    text = text_of(ada.get(address[1].replace("&amp;", "&")))

    assert "Unlink Cool Cars from QuickBooks?" in text
    assert "The customer stays with everything in it" in text
    assert "Nothing happens; BlueClerk never changes anything there" in text


def test_unlinking_keeps_the_customer_and_waits_for_a_person(
    ada: Browser, session: Session, linked: SimpleNamespace
) -> None:
    answer = ada.post(f"{linked.path}/unlink", {"provider": "quickbooks", "remote": "61"})
    text = text_of(ada.get(linked.path))

    session.expire_all()
    remote = session.scalars(select(RemoteCustomer)).one()
    assert answer.status_code == 303
    assert (remote.state, remote.why) == (RemoteState.UNSYNCED, WhyUnsynced.LET_GO)
    assert "Cool Cars is no longer linked to QuickBooks. What is here stays." in text
    assert "Unlinked from QuickBooks by Ada Brandt" in text


def test_a_link_that_has_ended_cannot_end_again(ada: Browser, linked: SimpleNamespace) -> None:
    form = {"provider": "quickbooks", "remote": "61"}
    ada.post(f"{linked.path}/unlink", form)

    answers = [
        ada.post(f"{linked.path}/unlink", form),
        ada.get(f"{linked.path}/unlink?provider=quickbooks&remote=61"),
        ada.get(f"{linked.path}/unlink"),
    ]

    assert [answer.status_code for answer in answers] == [404] * 3


def test_removing_asks_first_and_says_what_happens_where(
    mel: Browser, linked: SimpleNamespace
) -> None:
    text = text_of(mel.get(f"{linked.path}/remove"))

    assert "Remove Cool Cars?" in text
    assert "This cannot be taken back" in text
    assert "In QuickBooks Nothing happens" in text
    assert "customer 61" in text


def test_a_member_removes_and_an_admin_finds_it_in_the_review(
    mel: Browser,
    ada: Browser,
    session: Session,
    connection: Connection,
    linked: SimpleNamespace,
) -> None:
    answer = mel.post(f"{linked.path}/remove")

    session.expire_all()
    assert answer.status_code == 303
    assert session.scalars(select(Customer)).all() == []
    assert "The customer is removed here." in text_of(mel.get("/customers"))
    assert mel.get(linked.path).status_code == 404
    review = text_of(ada.get(f"{QUICKBOOKS}/review"))
    assert "removed here" in review
    assert "Import again" in review


@pytest.mark.parametrize(
    ("why", "words", "offered", "not_offered"),
    [
        (WhyUnsynced.REMOVED_HERE, "removed here", "Import again", "Create anyway"),
        # The customer is still here, so another import makes a second one.
        (WhyUnsynced.LET_GO, "unlinked by hand", "Create anyway", "Import again"),
    ],
)
def test_only_who_was_removed_is_offered_to_be_imported_again(
    ada: Browser,
    session: Session,
    connection: Connection,
    why: WhyUnsynced,
    words: str,
    offered: str,
    not_offered: str,
) -> None:
    make_counted(session, connection, unsynced=1)
    remote = session.scalars(select(RemoteCustomer)).one()
    remote.why, remote.why_at, remote.bin = why, NOW, Bin.MAYBE
    session.commit()

    compare = f"{QUICKBOOKS}/review?compare={remote.public_id}"
    text = text_of(ada.get(f"{QUICKBOOKS}/review"))
    compared = text_of(ada.get(compare))
    file = ada.get(f"{QUICKBOOKS}/review.csv").text

    assert words in text
    assert text.count(offered) == 1
    assert compared.count(offered) == 2
    assert not_offered not in text + compared
    assert words.capitalize() in file
