"""An import: each chosen customer ends once, with a reason, whatever happened meanwhile."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import (
    AuditEvent,
    Bin,
    Customer,
    CustomerLink,
    ImportRun,
    ImportState,
    ItemOutcome,
    RemoteState,
)
from services.customer_import import (
    NothingChosen,
    run_import,
    start_import,
)
from services.import_choice import ImportScope
from services.import_outcomes import OutcomeReason
from services.import_request import plan_all
from services.placeholder_email import is_placeholder_email
from services.review_query import Meant
from services.runtime import Runtime
from tests.conftest import Clock
from tests.matching_factories import make_choice, make_suggestion
from tests.services.importing import Importing


@pytest.fixture
def importing(session: Session, runtime: Runtime) -> Importing:
    return Importing(session, runtime)


def test_a_chosen_customer_becomes_a_customer_with_a_link(importing: Importing) -> None:
    remote = importing.there(name="Okafor Marine", email="n@okafor.example.com", phone="555-0142")

    run = importing.run(importing.start(remote))

    customer = importing.session.scalars(select(Customer)).one()
    link = importing.session.scalars(select(CustomerLink)).one()
    assert customer.name == "Okafor Marine"
    assert customer.email == "n@okafor.example.com"
    assert customer.phone == "555-0142"
    assert (link.remote_id, link.customer_id) == (remote.remote_id, customer.id)
    assert remote.state is RemoteState.LINKED
    assert importing.item(run, remote).outcome is ItemOutcome.CREATED


def test_the_outcomes_add_up_to_the_number_chosen(importing: Importing) -> None:
    reasons = {
        RemoteState.UNSYNCED: "",
        RemoteState.LINKED: OutcomeReason.ALREADY_LINKED,
        RemoteState.IGNORED: OutcomeReason.IGNORED,
        RemoteState.VANISHED: OutcomeReason.GONE,
        RemoteState.LEFT_OUT: OutcomeReason.LEFT_OUT,
    }
    remotes = [importing.there(state=state) for state in reasons]

    run = importing.run(importing.start(*remotes))

    counts = (run.created_count, run.linked_count, run.skipped_count, run.failed_count)
    assert counts == (1, 0, 2, 2)
    assert sum(counts) == run.chosen_count
    assert run.state is ImportState.FINISHED
    found = [importing.item(run, remote).reason for remote in remotes]
    assert found == list(reasons.values())


def test_a_second_import_creates_nothing(importing: Importing) -> None:
    remotes = [importing.there() for _ in range(3)]
    importing.run(importing.start(*remotes))

    importing.run(importing.start(*remotes))

    assert importing.count(Customer) == 3
    assert importing.count(CustomerLink) == 3


def test_the_same_id_twice_is_one_item(importing: Importing) -> None:
    remote = importing.there()

    run = importing.start(remote, remote)

    assert run.chosen_count == 1


def test_ids_of_another_company_choose_nobody(
    importing: Importing, session: Session, runtime: Runtime, clock: Clock
) -> None:
    foreign = Importing(session, runtime).there()

    with pytest.raises(NothingChosen):
        start_import(
            session,
            importing.account_id,
            choice=Meant((foreign.public_id,)),
            requested_by_id=importing.ada.user_id,
            wake=runtime.wake,
            now=clock(),
        )

    assert importing.count(ImportRun) == 0


def test_a_customer_without_email_gets_a_placeholder(importing: Importing) -> None:
    remote = importing.there(email=None)

    importing.run(importing.start(remote))

    customer = importing.session.scalars(select(Customer)).one()
    assert customer.is_placeholder_email
    assert is_placeholder_email(customer.email)
    assert customer.email.startswith("quickbooks-")


def test_a_link_replaces_the_placeholder_by_the_address_of_the_books(importing: Importing) -> None:
    placeholder = "hand-0123456789abcdef@placeholder.local"
    here = importing.here(name="Cool Cars", email=placeholder, is_placeholder_email=True)
    remote = importing.there(name="Cool Cars", email="Office@example.com", bin=Bin.SAME)
    make_suggestion(importing.session, remote, here)

    run = importing.run(importing.start(remote))

    importing.session.refresh(here)
    assert (here.email, here.email_key) == ("Office@example.com", "office@example.com")
    assert not here.is_placeholder_email
    assert importing.item(run, remote).filled_fields == "email"


def test_linking_fills_empty_fields_only(importing: Importing) -> None:
    here = importing.here(name="Cool  Cars", phone="555-0100")
    remote = importing.there(
        name="cool cars", phone="555-0199", address="65 Ocean Drive", bin=Bin.SAME
    )
    make_suggestion(importing.session, remote, here)

    run = importing.run(importing.start(remote))

    item = importing.item(run, remote)
    assert item.outcome is ItemOutcome.LINKED
    assert item.filled_fields == "address"
    assert (here.name, here.phone, here.address) == ("Cool  Cars", "555-0100", "65 Ocean Drive")
    assert importing.count(Customer) == 1


@pytest.mark.parametrize("creates_maybes", [False, True])
def test_each_bin_has_its_outcome(importing: Importing, creates_maybes: bool) -> None:
    new, waiting = importing.there(), importing.there(bin=Bin.WAITING)
    same, _customer = importing.same()
    maybe, _customer = importing.doubtful()

    run = importing.start(new, waiting, same, maybe, creates_maybes=creates_maybes)
    run = importing.run(run)

    outcomes = [importing.item(run, each) for each in (new, same, maybe, waiting)]
    reasons = ["", "same name and same e-mail"]
    reasons += ["", ""] if creates_maybes else [OutcomeReason.WAITS, OutcomeReason.NOT_COMPARED]
    assert [item.reason for item in outcomes] == reasons
    counts = (run.created_count, run.linked_count, run.skipped_count)
    assert counts == ((3, 1, 0) if creates_maybes else (1, 1, 2))


def test_the_number_said_before_is_the_number_linked(importing: Importing, clock: Clock) -> None:
    for _ in range(3):
        importing.same()
    importing.doubtful()
    importing.there(email=None)
    said = plan_all(importing.session, importing.account_id)

    run = start_import(
        importing.session,
        importing.account_id,
        choice=ImportScope.ALL,
        creates_maybes=True,
        requested_by_id=importing.ada.user_id,
        wake=importing.runtime.wake,
        now=clock(),
    )
    run = importing.run(run)

    assert (said.link, said.create, said.without_email) == (3, 2, 1)
    assert (run.linked_count, run.created_count) == (3, 2)


def test_who_waits_is_compared_before_anybody_is_created(importing: Importing) -> None:
    alike = {"name": "Cool Cars Detailing", "email": "cars@example.com", "phone": "(814) 555-0117"}
    importing.here(**alike, kept_revision=0)
    remote = importing.there(**alike, kept_revision=0)

    run = importing.run(importing.start(remote))

    item = importing.item(run, remote)
    assert item.outcome is ItemOutcome.LINKED
    assert item.reason == "same name, same e-mail and same phone"


def test_a_finished_run_is_written_down(importing: Importing) -> None:
    importing.run(importing.start(importing.there()))

    event = importing.session.scalars(
        select(AuditEvent).where(AuditEvent.action == "imported")
    ).one()
    assert event.detail == "1 created, 0 linked"
    assert event.user_id == importing.ada.user_id


@pytest.mark.parametrize("is_decided", [False, True])
def test_who_changed_since_the_comparison_is_left_open_unless_decided(
    importing: Importing, session: Session, is_decided: bool
) -> None:
    """A reading may end between the comparison and the batch, or the comparison may fail."""
    changed, same, unchanged = importing.there(), importing.same()[0], importing.there()
    changed.revision, same.revision = 2, 2
    session.commit()
    if is_decided:
        make_choice(session, changed)
    run_id = importing.start(changed, same, unchanged).id
    session.rollback()

    run_import(importing.runtime, run_id, is_prepared=True)

    run = session.get_one(ImportRun, run_id)
    skipped = (ItemOutcome.SKIPPED, OutcomeReason.NOT_COMPARED)
    outcomes = [importing.item(run, each) for each in (changed, same, unchanged)]
    assert [(each.outcome, each.reason) for each in outcomes] == [
        (ItemOutcome.CREATED, "") if is_decided else skipped,
        skipped,
        (ItemOutcome.CREATED, ""),
    ]
