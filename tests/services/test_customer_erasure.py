"""Erasing a customer for good: nothing of it is left here, and nothing brings it back."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import URL, select
from sqlalchemy.orm import Session

from models import (
    AuditEvent,
    Bin,
    Customer,
    CustomerLink,
    ItemOutcome,
    RemoteState,
)
from services.customer_erasure import erase_customer
from services.customers import UnknownCustomer
from services.database import shorten_log
from services.erased_remotes import ERASED_NAME, ERASED_REASON
from services.item_rows import list_items
from services.match_lease import LeaseLost, claim, hold
from services.runtime import Runtime
from tests.factories import make_link
from tests.matching_factories import make_look_alike
from tests.services.undoing import Undoing, add_up


@pytest.fixture
def undoing(session: Session, runtime: Runtime) -> Undoing:
    return Undoing(session, runtime)


def _erase(undoing: Undoing, customer: Customer) -> None:
    public_id = customer.public_id
    undoing.session.rollback()
    erase_customer(undoing.session, undoing.ada, public_id, now=undoing.runtime.clock())
    undoing.session.expire_all()


@pytest.mark.sqlite_only
def test_the_file_of_the_database_holds_nothing_of_it(undoing: Undoing, database_url: URL) -> None:
    name = {"name": "Quillcanary Oyelaran", "email": "quillcanary@example.com"}
    here, remote = undoing.here(**name), undoing.there(**name)
    make_link(undoing.session, remote, here)

    _erase(undoing, here)

    undoing.session.rollback()
    shorten_log(undoing.session)
    held = Path(str(database_url.database)).read_bytes()
    assert b"uillcanary" not in held
    assert ERASED_NAME.encode() in held


@pytest.mark.both_databases
def test_whoever_it_was_linked_to_stays_ignored_by_its_number(undoing: Undoing) -> None:
    here, remote = undoing.here(), undoing.there()
    make_link(undoing.session, remote, here)
    other = undoing.elsewhere(here)
    remote_id = remote.remote_id

    _erase(undoing, here)

    assert undoing.count(Customer) == undoing.count(CustomerLink) == 0
    for each in (remote, other):
        assert (each.state, each.ignore_reason) == (RemoteState.IGNORED, ERASED_REASON)
        assert (each.name, each.decided_by_id) == (ERASED_NAME, undoing.ada.user_id)
        assert each.is_counted
    assert remote.remote_id == remote_id


def test_the_audit_tells_who_erased_it_and_no_name(undoing: Undoing) -> None:
    here, remote = undoing.here(), undoing.there()
    make_link(undoing.session, remote, here)
    public_id = here.public_id

    _erase(undoing, here)

    event = undoing.session.scalars(select(AuditEvent)).one()
    assert (event.action, event.subject, event.detail) == ("customer erased", public_id, "1 linked")
    assert event.user_id == undoing.ada.user_id


@pytest.mark.both_databases
def test_the_receipt_of_its_import_adds_up_and_names_nobody(undoing: Undoing) -> None:
    remote, stays = undoing.there(), undoing.there()
    run = undoing.imported(remote, stays)

    _erase(undoing, undoing.customer_of(remote))

    page = list_items(
        undoing.session, undoing.company.id, run.public_id, outcomes=[ItemOutcome.CREATED]
    )
    assert run.created_count == len(page.rows) == 2
    assert sorted(row.name for row in page.rows) == sorted([ERASED_NAME, stays.name])
    erased = next(row for row in page.rows if row.name == ERASED_NAME)
    assert (erased.customer_public_id, erased.state) == (None, RemoteState.IGNORED)


@pytest.mark.both_databases
def test_the_undo_of_its_import_brings_it_not_back(undoing: Undoing) -> None:
    created, (linked, here) = undoing.there(), undoing.same()
    run = undoing.imported(created, linked)
    _erase(undoing, undoing.customer_of(created))
    _erase(undoing, here)

    undo = undoing.undone(run)

    assert add_up(undo)
    assert set(undoing.codes(undo).values()) == {"skipped already_removed"}
    assert undoing.count(Customer) == undoing.count(CustomerLink) == 0
    assert {created.state, linked.state} == {RemoteState.IGNORED}


@pytest.mark.both_databases
def test_an_undo_that_was_asked_for_before_brings_it_not_back(undoing: Undoing) -> None:
    remote = undoing.there()
    undo = undoing.ask(undoing.imported(remote))

    _erase(undoing, undoing.customer_of(remote))
    undo = undoing.run(undo)

    assert undoing.codes(undo) == {remote.remote_id: "skipped already_removed"}
    assert (remote.state, remote.name) == (RemoteState.IGNORED, ERASED_NAME)


@pytest.mark.both_databases
def test_an_import_that_waits_brings_it_not_back(undoing: Undoing) -> None:
    remote, here = undoing.same()
    run = undoing.start(remote)
    former_id = here.id
    _erase(undoing, here)
    somebody = undoing.here(id=former_id)

    undoing.run(run)

    assert undoing.item(run, remote).outcome is ItemOutcome.SKIPPED
    assert undoing.session.scalars(select(Customer.public_id)).all() == [somebody.public_id]
    assert undoing.count(CustomerLink) == 0


def test_a_matching_under_way_has_to_begin_anew(undoing: Undoing) -> None:
    here = undoing.here()
    undoing.session.rollback()
    lease = claim(undoing.runtime, undoing.account_id)
    assert lease is not None

    _erase(undoing, here)

    with pytest.raises(LeaseLost):
        hold(undoing.session, lease)


@pytest.mark.both_databases
def test_who_looked_like_it_is_like_nobody(undoing: Undoing) -> None:
    here, remote, twin = undoing.here(), undoing.there(), undoing.there(bin=Bin.MAYBE)
    make_link(undoing.session, remote, here)
    make_look_alike(undoing.session, remote, twin)

    _erase(undoing, here)

    assert twin.bin is Bin.NEW


def test_another_company_knows_no_such_customer(
    undoing: Undoing, session: Session, runtime: Runtime
) -> None:
    here, other = undoing.here(), Undoing(session, runtime)
    session.commit()

    with pytest.raises(UnknownCustomer):
        erase_customer(session, other.ada, here.public_id, now=runtime.clock())

    assert undoing.count(Customer) == 1
