"""Many at once ask for imports, and carry them out: one run for one wish, each customer once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from threading import Lock, Thread
from typing import Any

import pytest
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from models import (
    Customer,
    CustomerLink,
    ImportItem,
    ImportRun,
    ImportState,
    ItemOutcome,
    RemoteAccount,
    RemoteCustomer,
    RemoteState,
    Role,
)
from services import decisions
from services.company_lock import lock_company
from services.customer_import import due_imports, run_import
from services.database import only_reading
from services.import_batch import write_batch
from services.import_request import ImportRepeated, ImportRequest, start_requested
from services.review_query import Meant
from services.runtime import Runtime
from services.sign_ins import SignedIn
from tests.factories import (
    NOW,
    make_account,
    make_connection,
    make_reading,
    make_signed_in,
    make_user,
)
from tests.matching_factories import make_matched
from tests.services import workers
from tests.services.importing import Importing
from tests.services.support import rows

pytestmark = pytest.mark.both_databases(in_suite=True)
CLICKS = 50
PATIENCE_S = 30
IMPORTS, WINDOW, STEP = 8, 20, 8


@pytest.fixture
def importing(session: Session, runtime: Runtime) -> Importing:
    return Importing(session, runtime)


def _in_turn(*calls: Callable[[], Any]) -> Callable[[], Any]:
    """Return work for threads: each that comes takes the next of the calls."""
    taken: Iterator[Callable[[], Any]] = iter(calls)
    lock = Lock()

    def work() -> Any:
        with lock:
            call = next(taken)
        return call()

    return work


def _ask(importing: Importing, who: SignedIn, public_ids: list[str]) -> str:
    """Press the button; return the run that is shown afterwards."""
    runtime = importing.runtime
    try:
        with runtime.sessions() as session:
            return start_requested(
                session,
                importing.account_id,
                ImportRequest(Meant(tuple(public_ids))),
                requested_by_id=who.user_id,
                wake=runtime.wake,
                now=runtime.clock(),
            )
    except ImportRepeated as error:
        return error.public_id


def _carry_out(runtime: Runtime) -> None:
    """Do what a few sweeps find; whoever comes too late to a run is told so."""
    for _ in range(IMPORTS):
        with only_reading(), runtime.sessions() as session:
            due = due_imports(session, now=runtime.clock())
        for run_id in due:
            run_import(runtime, run_id)


def test_fifty_clicks_at_once_make_one_run(importing: Importing) -> None:
    public_ids = [importing.there().public_id for _ in range(3)]
    importing.session.rollback()

    shown = workers.in_threads(lambda: _ask(importing, importing.ada, public_ids), CLICKS)

    assert len(set(shown)) == 1
    assert importing.count(ImportRun) == 1
    assert importing.count(ImportItem) == 3


def test_overlapping_imports_of_two_admins_end_in_the_union(
    importing: Importing, session: Session
) -> None:
    user = make_user(session, importing.company, role=Role.ADMIN)
    admins = [importing.ada, make_signed_in(session, user)]
    everybody = [importing.there().public_id for _ in range(STEP * (IMPORTS - 1) + WINDOW)]
    session.rollback()

    def import_window(number: int) -> None:
        chosen = everybody[number * STEP : number * STEP + WINDOW]
        _ask(importing, admins[number % 2], chosen)
        _carry_out(importing.runtime)

    windows = [lambda number=number: import_window(number) for number in range(IMPORTS)]
    ended = workers.in_threads(_in_turn(*windows), IMPORTS)
    _carry_out(importing.runtime)

    assert ended == [None] * IMPORTS
    runs = session.scalars(select(ImportRun)).all()
    assert [run.state for run in runs] == [ImportState.FINISHED] * IMPORTS
    sums = [run.created_count + run.linked_count + run.skipped_count for run in runs]
    assert sums == [WINDOW] * IMPORTS
    assert sum(run.created_count for run in runs) == len(everybody)
    assert importing.count(Customer) == importing.count(CustomerLink) == len(everybody)
    outcomes = Counter(session.scalars(select(ImportItem.outcome)))
    assert outcomes[ItemOutcome.CREATED] == len(everybody)
    assert outcomes.total() == IMPORTS * WINDOW


def test_two_books_of_a_company_create_the_same_person_once(
    importing: Importing, session: Session
) -> None:
    """The second batch looks while the first is written and not committed."""
    person = {"name": "Hedvika Oyelaran", "email": "hedvika@example.com"}
    company_id = importing.company.id
    first, first_id = importing.account_id, importing.start(importing.there(**person)).id
    xero = make_account(session, importing.company, provider="xero")
    make_matched(session, xero)
    importing.reading = make_reading(session, make_connection(session, xero), finished_at=NOW)
    importing.account_id = xero.id
    second_id = importing.start(importing.there(**person)).id
    session.rollback()
    runtime, lease = importing.runtime, importing.claim(session.get_one(ImportRun, first_id))
    other = Thread(target=run_import, args=(runtime, second_id), kwargs={"is_prepared": True})

    with runtime.sessions() as own:
        lock_company(own, company_id)  # as process_batch does
        run, account = own.get_one(ImportRun, lease.run_id), own.get_one(RemoteAccount, first)
        write_batch(own, account, run, own.scalars(_items(run)).all(), now=NOW)
        other.start()
        # Long enough to be through where nothing holds it back.
        other.join(0.5)
        own.commit()
    other.join(PATIENCE_S)

    assert importing.count(Customer) == importing.count(CustomerLink) == 1


def _items(run: ImportRun) -> Select[ImportItem]:
    return select(ImportItem).where(ImportItem.run_id == run.id)


def test_what_one_imports_and_another_ignores_is_only_one_of_both(
    importing: Importing, session: Session
) -> None:
    runtime = importing.runtime
    public_ids = [importing.there().public_id for _ in range(30)]
    session.rollback()
    _ask(importing, importing.ada, public_ids)

    def ignore() -> None:
        for public_id in public_ids[::-1]:
            with runtime.sessions() as own:
                decisions.ignore(
                    own,
                    importing.ada,
                    importing.account_id,
                    meant=Meant((public_id,)),
                    now=runtime.clock(),
                )

    workers.in_threads(_in_turn(lambda: _carry_out(runtime), ignore), 2)

    linked = _remote_ids(runtime, RemoteState.LINKED)
    ignored = _remote_ids(runtime, RemoteState.IGNORED)
    run = session.scalars(select(ImportRun)).one()
    assert len(linked) + len(ignored) == len(public_ids)
    assert linked == set(session.scalars(select(CustomerLink.remote_id)))
    assert importing.count(Customer) == len(linked) == run.created_count
    assert run.created_count + run.skipped_count == len(public_ids)


def _remote_ids(runtime: Runtime, state: RemoteState) -> set[str]:
    query = select(RemoteCustomer.remote_id).where(RemoteCustomer.state == state)
    return {remote_id for (remote_id,) in rows(runtime.sessions, query)}
