"""Matching waits for an undo, each batch of which would end it."""

from __future__ import annotations

from sqlalchemy import update

from models import Company, ImportRun, ImportState, RemoteAccount, RunKind
from services.match_job import due_matches
from services.runtime import Runtime
from tests.factories import NOW, make_account
from tests.fakes import FakeAccountingClient
from tests.services.support import Place, read, record


def test_nobody_is_matched_while_an_undo_of_the_company_runs(
    runtime: Runtime, harbor: Place, books: FakeAccountingClient
) -> None:
    books.records = [record(1)]
    read(runtime, harbor)
    with runtime.sessions() as session:
        session.execute(update(RemoteAccount).values(matched_at=None))
        company = session.get_one(Company, harbor.company_id)
        undo = ImportRun(
            company_id=company.id,
            account_id=make_account(session, company, provider="xero").id,
            kind=RunKind.UNDO,
            state=ImportState.RUNNING,
            created_at=NOW,
            chosen_count=1,
        )
        session.add(undo)
        session.commit()
        held_back = due_matches(session, now=NOW)
        undo.state = ImportState.FINISHED
        session.commit()
        after = due_matches(session, now=NOW)

    assert (held_back, after) == ([], [harbor.account_id])
