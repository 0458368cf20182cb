"""One batch: customers, links, history, rows and items, written together and adding up."""

from __future__ import annotations

import pytest
from sqlalchemy import inspect, select, update
from sqlalchemy.orm import Session

from models import (
    Bin,
    ChosenOutcome,
    Customer,
    CustomerAction,
    CustomerEvent,
    CustomerLink,
    CustomerOrigin,
    ImportItem,
    ImportRun,
    ItemOutcome,
    RemoteCustomer,
    RemoteState,
    ReviewChoice,
    WhyUnsynced,
)
from services import customer_import
from services.bins import refresh_bins
from services.customer_import import run_import
from services.driver_rows import insert_tuples
from services.import_outcomes import OutcomeReason
from services.row_ids import take_ids
from services.runtime import Runtime
from tests.factories import NOW
from tests.matching_factories import make_choice, make_look_alike
from tests.services.importing import Importing


@pytest.fixture
def importing(session: Session, runtime: Runtime) -> Importing:
    return Importing(session, runtime)


def _carry_out(importing: Importing, run: ImportRun) -> ImportRun:
    run_id = run.id
    importing.session.commit()
    run_import(importing.runtime, run_id, is_prepared=True)
    importing.session.expire_all()
    return importing.session.get_one(ImportRun, run_id)


def _row(importing: Importing, model: type, remote: RemoteCustomer) -> dict[str, object]:
    """Return the customer or the link of somebody there, without what every row has of its own."""
    links = select(CustomerLink).where(CustomerLink.remote_id == remote.remote_id)
    link = importing.session.scalars(links).one()
    row = link if model is CustomerLink else importing.session.get_one(Customer, link.customer_id)
    own = ("id", "public_id", "customer_id")
    names = {column.key for column in inspect(model).columns} - set(own)
    return {name: getattr(row, name) for name in names}


@pytest.mark.both_databases
def test_a_new_customer_is_the_one_of_the_books(importing: Importing) -> None:
    remote = importing.there(
        name="José Brown",
        company_name="Brown LLC",
        email="Jose@example.com",
        phone="(312) 555-0142",
        address="12 Main Street",
    )

    _carry_out(importing, importing.start(remote))

    assert _row(importing, Customer, remote) == {
        "company_id": importing.company.id,
        "name": "José Brown",
        "sort_key": "josé brown",
        "company_name": "Brown LLC",
        "email": "Jose@example.com",
        "email_key": "jose@example.com",
        "is_placeholder_email": False,
        "phone": "(312) 555-0142",
        "address": "12 Main Street",
        "search_text": "jose brown\nbrown llc\njose@example.com\n3125550142",
        "origin": CustomerOrigin.IMPORT,
        "created_at": NOW,
        "revision": 1,
        "kept_revision": 0,
    }
    assert _row(importing, CustomerLink, remote) == {
        "company_id": importing.company.id,
        "account_id": importing.account_id,
        "remote_id": remote.remote_id,
        "linked_at": NOW,
        "differing": "",
    }


@pytest.mark.both_databases
def test_batches_of_every_kind_add_up(
    importing: Importing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(customer_import, "BATCH_ROWS", 3)
    remotes = [importing.there(), importing.same()[0], importing.doubtful()[0]]
    remotes += [importing.there(bin=Bin.WAITING), importing.there(email=None)]
    remotes += [importing.there(state=state) for state in RemoteState]
    importing.there()

    run = _carry_out(importing, importing.start(*remotes))

    counts = (run.created_count, run.linked_count, run.skipped_count, run.failed_count)
    assert counts == (3, 1, 4, 2)
    items = importing.session.scalars(select(ImportItem)).all()
    done = {item.remote_id: item.customer_id for item in items if item.customer_id}
    links = importing.session.scalars(select(CustomerLink)).all()
    assert {link.remote_id: link.customer_id for link in links} == done
    assert len(set(done.values())) == len(done) == 4
    linked = select(RemoteCustomer.remote_id).where(RemoteCustomer.state == RemoteState.LINKED)
    assert done.keys() <= set(importing.session.scalars(linked))
    assert all(item.reason_code for item in items if not item.customer_id)


def test_codes_stand_beside_the_words(importing: Importing) -> None:
    same, maybe, new = importing.same()[0], importing.doubtful()[0], importing.there()

    run = _carry_out(importing, importing.start(same, maybe, new))

    items = [importing.item(run, each) for each in (same, maybe, new)]
    assert [(item.reason_code, item.reason) for item in items] == [
        ("same", "same name and same e-mail"),
        ("waits", OutcomeReason.WAITS),
        ("", ""),
    ]


def test_who_looks_like_another_in_the_books_is_not_said_to_be_here(importing: Importing) -> None:
    twin, other, doubtful = (
        importing.there(bin=Bin.MAYBE),
        importing.there(),
        importing.doubtful()[0],
    )
    for row in (twin, doubtful):
        make_look_alike(importing.session, row, other)

    run = _carry_out(importing, importing.start(twin, doubtful))

    words = "waits for your decision: it looks like another in the accounting software"
    assert importing.item(run, twin).reason == words
    assert importing.item(run, doubtful).reason == OutcomeReason.WAITS


@pytest.mark.parametrize(
    ("why", "words"),
    [
        (WhyUnsynced.REMOVED_HERE, "waits for your decision: the customer was removed here"),
        (WhyUnsynced.LET_GO, "waits for your decision: the link was ended here"),
    ],
)
@pytest.mark.parametrize("creates_maybes", [False, True])
def test_whom_somebody_took_from_here_is_left_with_the_reason(
    importing: Importing, why: WhyUnsynced, words: str, creates_maybes: bool
) -> None:
    remote = importing.there(bin=Bin.MAYBE, why=why)

    run = _carry_out(importing, importing.start(remote, creates_maybes=creates_maybes))

    assert importing.item(run, remote).reason == words
    assert importing.count(Customer) == 0


def test_who_was_removed_here_is_imported_again_when_a_person_says_so(
    importing: Importing,
) -> None:
    remote = importing.there(bin=Bin.MAYBE, why=WhyUnsynced.REMOVED_HERE, why_at=NOW)
    make_choice(importing.session, remote)
    refresh_bins(importing.session, importing.account_id, [remote.id])
    importing.session.commit()

    run = _carry_out(importing, importing.start(remote))

    assert run.created_count == 1
    assert (remote.why, remote.why_at) == (WhyUnsynced.NEVER_IMPORTED, None)
    assert importing.count(ReviewChoice) == 0


@pytest.mark.both_databases
def test_what_a_link_fills_stands_in_the_history(importing: Importing) -> None:
    remote, customer = importing.same(name="Ann", phone="555-0100")
    importing.session.execute(
        update(RemoteCustomer).values(address="12 Main Street", phone="555-0199")
    )

    run = _carry_out(importing, importing.start(remote))

    event = importing.session.scalars(select(CustomerEvent)).one()
    assert (event.action, event.field) == (CustomerAction.FILLED, "address")
    assert (event.before, event.after) == ("", "12 Main Street")
    assert (event.customer_id, event.account_id) == (customer.id, importing.account_id)
    assert (event.run_id, event.at, event.user_id) == (run.id, NOW, None)
    assert importing.item(run, remote).filled_fields == "address"


def test_a_link_says_which_fields_mean_something_else(importing: Importing) -> None:
    remote, _customer = importing.same(name="Ann", phone="555-0100")
    importing.session.execute(update(RemoteCustomer).values(phone="555-0199", name="Beth"))

    _carry_out(importing, importing.start(remote))

    differing = importing.session.scalars(select(CustomerLink.differing)).one()
    assert differing.split() == ["name", "email", "phone"]


def test_the_reason_of_a_choice_is_the_choice(importing: Importing) -> None:
    remote, customer = importing.doubtful()
    make_choice(importing.session, remote, outcome=ChosenOutcome.LINK, customer_id=customer.id)
    refresh_bins(importing.session, importing.account_id, [remote.id])

    run = _carry_out(importing, importing.start(remote))

    item = importing.item(run, remote)
    assert (item.customer_id, item.reason_code) == (customer.id, "chosen")


@pytest.mark.both_databases
def test_who_is_linked_without_knowing_is_told_as_linked(importing: Importing) -> None:
    """Somebody else was quicker, and the unique link is the truth."""
    remote, customer = importing.there(), importing.here()
    run = importing.start(remote)
    importing.session.add(
        CustomerLink(
            company_id=importing.company.id,
            account_id=importing.account_id,
            remote_id=remote.remote_id,
            customer_id=customer.id,
            linked_at=NOW,
        )
    )

    run = _carry_out(importing, run)

    item = importing.item(run, remote)
    assert (item.outcome, item.reason_code) == (ItemOutcome.SKIPPED, "already_linked")
    assert remote.state is RemoteState.LINKED
    assert importing.count(Customer) == importing.count(CustomerLink) == 1


def test_an_id_that_is_nobodys_any_more_fails_and_costs_no_others(importing: Importing) -> None:
    remote = importing.there()
    run = importing.start(remote)
    importing.session.add(
        ImportItem(run_id=run.id, remote_id="999999", outcome=ItemOutcome.PENDING)
    )
    run.chosen_count += 1

    run = _carry_out(importing, run)

    assert (run.created_count, run.failed_count) == (1, 1)
    gone = select(ImportItem.reason_code).where(ImportItem.remote_id == "999999")
    assert importing.session.scalars(gone).one() == "gone"


@pytest.mark.both_databases
def test_ids_are_taken_above_everybody(importing: Importing) -> None:
    highest = importing.here().id

    ids = take_ids(importing.session, Customer, 3)

    assert ids == [highest + 1, highest + 2, highest + 3]


@pytest.mark.both_databases
def test_rows_go_to_the_driver_as_they_are(importing: Importing) -> None:
    remote_id = "a'); DROP TABLE import_item; --"
    run = importing.start(importing.there())

    insert_tuples(
        importing.session,
        ImportItem,
        ("remote_id", "customer_id"),
        [(remote_id, None), ("%s ? :x", None)],
        same={
            "run_id": run.id,
            "outcome": ItemOutcome.PENDING,
            "reason": "",
            "filled_fields": "",
            "touched_at": NOW,
        },
    )

    stored = select(ImportItem.remote_id, ImportItem.outcome).where(ImportItem.touched_at == NOW)
    rows = importing.session.execute(stored.order_by(ImportItem.remote_id)).all()
    assert sorted(map(tuple, rows)) == [
        ("%s ? :x", ItemOutcome.PENDING),
        (remote_id, ItemOutcome.PENDING),
    ]
