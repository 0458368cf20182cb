"""One at a time changes a company's lists: its customers, the remote ones, links, decisions.

SQLite has one writer anyhow. On PostgreSQL two who decide at once would each work out bins and
differences from what the other is about to change, and would wait for each other's rows.
"""

from __future__ import annotations

from sqlalchemy import Integer, Select, cast, func, literal, select
from sqlalchemy.orm import Session

from models import ImportRun, RemoteAccount

#: The room of these locks; `services.throttle` and `services.call_turns` have rooms of one number.
ROOM = 1


def lock_company(session: Session, company_id: int) -> None:
    """Let nobody else change the company's lists until the caller's transaction ends.

    Comes first in the transaction, before any row is locked or read to be changed: whoever waits
    here holds nothing, and sees what the one before wrote.
    """
    _lock(session, select(cast(literal(company_id), Integer).label("company_id")))


def lock_company_of_account(session: Session, account_id: int) -> None:
    """Do the same for the company of a remote account."""
    query = select(RemoteAccount.company_id).where(RemoteAccount.id == account_id)
    _lock(session, query)


def lock_company_of_run(session: Session, run_id: int) -> None:
    """Do the same for the company of a run."""
    _lock(session, select(ImportRun.company_id).where(ImportRun.id == run_id))


def _lock(session: Session, company: Select[int]) -> None:
    if session.get_bind().dialect.name == "postgresql":
        found = company.subquery()
        session.execute(select(func.pg_advisory_xact_lock(ROOM, found.c.company_id)))
