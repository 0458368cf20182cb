"""An import: each chosen customer ends once, with a reason, whatever happens meanwhile."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from models import (
    AuditEvent,
    Company,
    Customer,
    CustomerLink,
    ImportItem,
    ImportRun,
    ImportState,
    ItemOutcome,
    Reading,
    RemoteCustomer,
    RemoteState,
)
from services import customer_import, import_batch
from services.accounts import SignedIn
from services.customer_import import (
    ImportAlreadyRunning,
    LeaseLost,
    NothingChosen,
    due_imports,
    process_batch,
    run_import,
    start_import,
    start_import_of,
)
from services.import_batch import OutcomeReason
from services.import_choice import ImportScope, choose
from services.placeholder_email import is_placeholder_email
from services.runtime import Runtime
from services.same_customers import count_same
from tests.conftest import Clock, WakeUps
from tests.factories import (
    make_account,
    make_company,
    make_connection,
    make_customer,
    make_link,
    make_reading,
    make_remote_customer,
    make_signed_in,
    make_user,
)


@pytest.fixture
def reading(session: Session) -> Reading:
    account = make_account(session, make_company(session))
    return make_reading(session, make_connection(session, account))


@pytest.fixture
def ada(session: Session, reading: Reading) -> SignedIn:
    company = session.get_one(Company, reading.company_id)
    return make_signed_in(session, make_user(session, company))


def _start(
    session: Session, ada: SignedIn, remotes: list[RemoteCustomer], wake_ups: WakeUps, clock: Clock
) -> int:
    run = start_import(
        session,
        ada,
        remotes[0].account_id,
        public_ids=[remote.public_id for remote in remotes],
        wake=wake_ups,
        now=clock(),
    )
    return run.id


def _items(session: Session, run_id: int) -> dict[str, ImportItem]:
    session.expire_all()
    rows = session.scalars(select(ImportItem).where(ImportItem.run_id == run_id))
    return {item.remote_id: item for item in rows}


def test_a_chosen_customer_becomes_a_customer_with_a_link(
    session: Session,
    runtime: Runtime,
    reading: Reading,
    ada: SignedIn,
    wake_ups: WakeUps,
    clock: Clock,
) -> None:
    remote = make_remote_customer(
        session, reading, name="Okafor Marine", email="n@okafor.example.com", phone="555-0142"
    )
    run_id = _start(session, ada, [remote], wake_ups, clock)

    run_import(runtime, run_id)

    session.expire_all()
    customer = session.scalars(select(Customer)).one()
    link = session.scalars(select(CustomerLink)).one()
    assert (customer.name, customer.email, customer.phone) == (
        "Okafor Marine",
        "n@okafor.example.com",
        "555-0142",
    )
    assert (link.remote_id, link.customer_id) == (remote.remote_id, customer.id)
    assert remote.state is RemoteState.LINKED
    assert _items(session, run_id)[remote.remote_id].outcome is ItemOutcome.CREATED


def test_the_outcomes_add_up_to_the_number_chosen(
    session: Session,
    runtime: Runtime,
    reading: Reading,
    ada: SignedIn,
    wake_ups: WakeUps,
    clock: Clock,
) -> None:
    states = [
        RemoteState.UNSYNCED,
        RemoteState.LINKED,
        RemoteState.IGNORED,
        RemoteState.VANISHED,
        RemoteState.LEFT_OUT,
    ]
    remotes = [make_remote_customer(session, reading, state=state) for state in states]
    run_id = _start(session, ada, remotes, wake_ups, clock)

    run_import(runtime, run_id)

    session.expire_all()
    run = session.get_one(ImportRun, run_id)
    counts = (run.created_count, run.linked_count, run.skipped_count, run.failed_count)
    assert counts == (1, 0, 2, 2)
    assert sum(counts) == run.chosen_count
    assert run.state is ImportState.FINISHED
    reasons = [_items(session, run_id)[remote.remote_id].reason for remote in remotes]
    assert reasons == [
        "",
        OutcomeReason.ALREADY_LINKED,
        OutcomeReason.IGNORED,
        OutcomeReason.GONE,
        OutcomeReason.LEFT_OUT,
    ]


def test_a_second_import_creates_nothing(
    session: Session,
    runtime: Runtime,
    reading: Reading,
    ada: SignedIn,
    wake_ups: WakeUps,
    clock: Clock,
) -> None:
    remotes = [make_remote_customer(session, reading) for _ in range(3)]
    run_import(runtime, _start(session, ada, remotes, wake_ups, clock))

    run_import(runtime, _start(session, ada, remotes, wake_ups, clock))

    assert session.scalar(select(func.count()).select_from(Customer)) == 3
    assert session.scalar(select(func.count()).select_from(CustomerLink)) == 3


def test_a_second_click_is_shown_the_first_run(
    session: Session, reading: Reading, ada: SignedIn, wake_ups: WakeUps, clock: Clock
) -> None:
    remotes = [make_remote_customer(session, reading)]
    first = session.get_one(ImportRun, _start(session, ada, remotes, wake_ups, clock))

    with pytest.raises(ImportAlreadyRunning) as refused:
        _start(session, ada, remotes, wake_ups, clock)

    assert refused.value.public_id == first.public_id
    assert len(wake_ups.rows) == 1


def test_the_same_id_twice_is_one_item(
    session: Session, reading: Reading, ada: SignedIn, wake_ups: WakeUps, clock: Clock
) -> None:
    remote = make_remote_customer(session, reading)

    run_id = _start(session, ada, [remote, remote], wake_ups, clock)

    assert session.get_one(ImportRun, run_id).chosen_count == 1


def test_ids_of_another_company_choose_nobody(
    session: Session, reading: Reading, ada: SignedIn, wake_ups: WakeUps, clock: Clock
) -> None:
    foreign_account = make_account(session, make_company(session))
    foreign = make_reading(session, make_connection(session, foreign_account))
    remote = make_remote_customer(session, foreign)

    with pytest.raises(NothingChosen):
        start_import(
            session,
            ada,
            reading.account_id,
            public_ids=[remote.public_id],
            wake=wake_ups,
            now=clock(),
        )

    assert session.scalar(select(func.count()).select_from(ImportRun)) == 0


def test_a_customer_without_email_gets_a_placeholder(
    session: Session,
    runtime: Runtime,
    reading: Reading,
    ada: SignedIn,
    wake_ups: WakeUps,
    clock: Clock,
) -> None:
    remote = make_remote_customer(session, reading, email=None)

    run_import(runtime, _start(session, ada, [remote], wake_ups, clock))

    customer = session.scalars(select(Customer)).one()
    assert customer.is_placeholder_email
    assert is_placeholder_email(customer.email)
    assert customer.email.startswith("quickbooks-")


def test_who_is_surely_here_is_linked_and_only_empty_fields_are_filled(
    session: Session,
    runtime: Runtime,
    reading: Reading,
    ada: SignedIn,
    wake_ups: WakeUps,
    clock: Clock,
) -> None:
    company = session.get_one(Company, reading.company_id)
    here = make_customer(
        session,
        company,
        name="Cool  Cars",
        email="Cars@example.com",
        email_key="cars@example.com",
        sort_key="cool cars",
        phone="555-0100",
    )
    remote = make_remote_customer(
        session,
        reading,
        name="cool cars",
        email="cars@example.com",
        phone="555-0199",
        address="65 Ocean Drive",
    )
    run_id = _start(session, ada, [remote], wake_ups, clock)

    run_import(runtime, run_id)

    session.expire_all()
    item = _items(session, run_id)[remote.remote_id]
    assert item.outcome is ItemOutcome.LINKED
    assert item.filled_fields == "address"
    assert (here.name, here.phone, here.address) == ("Cool  Cars", "555-0100", "65 Ocean Drive")
    assert session.scalar(select(func.count()).select_from(Customer)) == 1


@pytest.mark.parametrize("twice_here", [True, False])
def test_an_ambiguous_look_alike_is_not_linked(
    session: Session,
    runtime: Runtime,
    reading: Reading,
    ada: SignedIn,
    wake_ups: WakeUps,
    clock: Clock,
    twice_here: bool,
) -> None:
    company = session.get_one(Company, reading.company_id)
    alike = {"name": "Cool Cars", "email": "cars@example.com"}
    for _ in range(2 if twice_here else 1):
        make_customer(session, company, **alike)
    remotes = [
        make_remote_customer(session, reading, **alike) for _ in range(1 if twice_here else 2)
    ]
    run_id = _start(session, ada, remotes, wake_ups, clock)

    run_import(runtime, run_id)

    outcomes = {item.outcome for item in _items(session, run_id).values()}
    assert outcomes == {ItemOutcome.CREATED}


def test_a_customer_linked_already_is_not_linked_again(
    session: Session,
    runtime: Runtime,
    reading: Reading,
    ada: SignedIn,
    wake_ups: WakeUps,
    clock: Clock,
) -> None:
    company = session.get_one(Company, reading.company_id)
    alike = {"name": "Cool Cars", "email": "cars@example.com"}
    here = make_customer(session, company, **alike)
    make_link(session, make_remote_customer(session, reading, **alike), here)
    remote = make_remote_customer(session, reading, **alike)
    run_id = _start(session, ada, [remote], wake_ups, clock)

    run_import(runtime, run_id)

    assert _items(session, run_id)[remote.remote_id].outcome is ItemOutcome.CREATED


def test_the_number_said_before_is_the_number_linked(
    session: Session,
    runtime: Runtime,
    reading: Reading,
    ada: SignedIn,
    wake_ups: WakeUps,
    clock: Clock,
) -> None:
    company = session.get_one(Company, reading.company_id)
    for number in range(4):
        alike = {"name": f"Pier {number}", "email": f"pier{number}@example.com"}
        make_customer(session, company, **alike)
        make_remote_customer(session, reading, **alike)
    make_remote_customer(session, reading, name="Pier 0", email="pier0@example.com")
    make_remote_customer(session, reading, email=None)
    said = count_same(session, reading.account_id)

    run = start_import_of(
        session, ada, reading.account_id, scope=ImportScope.ALL, wake=wake_ups, now=clock()
    )
    run_import(runtime, run.id)

    session.expire_all()
    assert said == 3
    assert session.get_one(ImportRun, run.id).linked_count == said
    assert session.get_one(ImportRun, run.id).created_count == 3


def test_new_leaves_out_whoever_shares_a_name_or_an_address(
    session: Session, reading: Reading
) -> None:
    company = session.get_one(Company, reading.company_id)
    make_customer(session, company, name="Cool Cars", email="cars@example.com")
    make_remote_customer(session, reading, name="Cool Cars", email=None)
    make_remote_customer(session, reading, name="Somebody", email="cars@example.com")
    new = make_remote_customer(session, reading, name="Nobody", email=None)

    chosen = choose(session, reading.account_id, ImportScope.NEW)

    assert chosen == {new.remote_id}


def test_a_run_left_by_a_killed_process_goes_on_after_its_lease(
    session: Session,
    runtime: Runtime,
    reading: Reading,
    ada: SignedIn,
    wake_ups: WakeUps,
    clock: Clock,
) -> None:
    remotes = [make_remote_customer(session, reading) for _ in range(3)]
    run_id = _start(session, ada, remotes, wake_ups, clock)
    killed = customer_import._claim(runtime, run_id)
    assert killed is not None
    process_batch(session, run_id, owner=killed, now=clock(), size=1)

    clock.advance(seconds=31)
    due = due_imports(session, now=clock())
    session.rollback()
    run_import(runtime, run_id)

    assert due == [run_id]
    session.expire_all()
    assert session.get_one(ImportRun, run_id).created_count == 3
    assert session.scalar(select(func.count()).select_from(Customer)) == 3


def test_a_worker_that_comes_back_too_late_saves_nothing(
    session: Session,
    runtime: Runtime,
    reading: Reading,
    ada: SignedIn,
    wake_ups: WakeUps,
    clock: Clock,
) -> None:
    remotes = [make_remote_customer(session, reading) for _ in range(2)]
    run_id = _start(session, ada, remotes, wake_ups, clock)
    paused = customer_import._claim(runtime, run_id)
    clock.advance(seconds=31)
    second = customer_import._claim(runtime, run_id)
    assert paused is not None
    assert second is not None

    with pytest.raises(LeaseLost):
        process_batch(session, run_id, owner=paused, now=clock())

    assert session.scalar(select(func.count()).select_from(Customer)) == 0


def test_a_run_that_is_held_is_not_claimed_twice(
    session: Session,
    runtime: Runtime,
    reading: Reading,
    ada: SignedIn,
    wake_ups: WakeUps,
    clock: Clock,
) -> None:
    run_id = _start(session, ada, [make_remote_customer(session, reading)], wake_ups, clock)
    customer_import._claim(runtime, run_id)

    run_import(runtime, run_id)

    session.expire_all()
    assert session.get_one(ImportRun, run_id).created_count == 0


def test_one_broken_row_costs_no_others(
    session: Session,
    runtime: Runtime,
    reading: Reading,
    ada: SignedIn,
    wake_ups: WakeUps,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    remotes = [make_remote_customer(session, reading, name=f"C{n}") for n in range(5)]
    whole = import_batch._new_customer

    def breaking(account: object, remote: RemoteCustomer, **rest: object) -> object:
        if remote.name == "C3":
            raise ValueError("cannot be written")
        return whole(account, remote, **rest)  # type: ignore[arg-type]

    monkeypatch.setattr(import_batch, "_new_customer", breaking)
    run_id = _start(session, ada, remotes, wake_ups, clock)

    run_import(runtime, run_id)

    item = _items(session, run_id)[remotes[3].remote_id]
    run = session.get_one(ImportRun, run_id)
    assert (run.created_count, run.failed_count, run.state) == (4, 1, ImportState.FINISHED)
    assert item.reason == OutcomeReason.BROKEN
    assert remotes[3].state is RemoteState.UNSYNCED


def test_a_database_that_cannot_be_written_leaves_the_run_to_the_sweep(
    session: Session,
    runtime: Runtime,
    reading: Reading,
    ada: SignedIn,
    wake_ups: WakeUps,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*_args: object, **_rest: object) -> None:
        raise OperationalError("INSERT", {}, Exception("database or disk is full"))

    run_id = _start(session, ada, [make_remote_customer(session, reading)], wake_ups, clock)
    monkeypatch.setattr(customer_import, "write_batch", full)

    with pytest.raises(OperationalError):
        run_import(runtime, run_id)

    session.rollback()
    assert due_imports(session, now=clock() + timedelta(seconds=31)) == [run_id]


def test_a_finished_run_is_written_down(
    session: Session,
    runtime: Runtime,
    reading: Reading,
    ada: SignedIn,
    wake_ups: WakeUps,
    clock: Clock,
) -> None:
    run_import(
        runtime, _start(session, ada, [make_remote_customer(session, reading)], wake_ups, clock)
    )

    event = session.scalars(select(AuditEvent).where(AuditEvent.action == "imported")).one()
    assert event.detail == "1 created, 0 linked"
    assert event.user_id == ada.user_id
