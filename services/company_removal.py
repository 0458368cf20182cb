"""Remove a company with everything that is its own, in steps that let others write in between."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Table,
    and_,
    delete,
    exists,
    func,
    select,
    update,
)
from sqlalchemy.orm import Session, aliased

from models import (
    Base,
    Company,
    Connection,
    ConnectionState,
    ImportRun,
    OneTimeLink,
    ProviderCall,
    RemoteAccount,
    ReportSettings,
    SignIn,
    User,
)
from services.accounts import find_company
from services.connections import Revocation, end_connection
from services.database import only_reading, shorten_log
from services.import_queue import ACTIVE
from services.providers.contract import ProviderKey
from services.removal_batches import remove_in_batches
from services.runtime import Runtime

#: What is nobody's: hashes that end with their hour, moments of jobs, calls of the last minutes.
OF_NOBODY = frozenset({"attempt", "heartbeat", "provider_call"})
#: Children first, so that no cascade has anything left. Those without a foreign key before all.
TABLES: tuple[Table, ...] = tuple(
    sorted(reversed(Base.metadata.sorted_tables), key=lambda table: bool(table.foreign_keys))
)


@dataclass(frozen=True, slots=True)
class RemovedCompany:
    """What is gone, by table, and what came of giving the permissions back, by provider."""

    rows: Mapping[str, int]
    revocations: Mapping[ProviderKey, Revocation]


def count_rows(session: Session, company_id: int) -> Mapping[str, int]:
    """Return how many rows of each table are the company's, without the empty ones."""
    counts = {
        table.name: session.scalar(select(func.count()).select_from(table).where(is_own))
        for table, is_own in _own_tables(company_id)
    }
    return {name: count for name, count in counts.items() if count}


def remove_company(
    runtime: Runtime, slug: str, *, tell: Callable[[str, int], None] = lambda _table, _count: None
) -> RemovedCompany:
    """Remove the company and all its rows. Commits, in batches. Calls the network.

    From the first step on nobody of the company gets in and nothing of it is started; interrupted,
    it goes on when it is called again. `tell` hears how many rows of a table went. What was stored
    is overwritten in a SQLite file. Raises UnknownCompany.
    """
    with runtime.sessions() as session:
        company_id = find_company(session, slug).id
        _close(session, company_id, now=runtime.clock())
        session.commit()
    revocations = _give_back(runtime, company_id)
    with runtime.sessions() as session:
        session.execute(delete(ProviderCall).where(_is_called_by_nobody_else(company_id)))
        session.commit()
    removed: dict[str, int] = {}
    for table, is_own in _own_tables(company_id):
        removed[table.name] = remove_in_batches(runtime, table, is_own)
        tell(table.name, removed[table.name])
    with runtime.sessions() as session:
        _remove_the_rest(session, company_id)
        session.commit()
        shorten_log(session)
    return RemovedCompany({name: count for name, count in removed.items() if count}, revocations)


def _close(session: Session, company_id: int, *, now: datetime) -> None:
    """Let nobody of the company in, and nothing of it begin."""
    users = select(User.id).where(User.company_id == company_id)
    for statement in (
        update(SignIn)
        .where(SignIn.user_id.in_(users), SignIn.ended_at.is_(None))
        .values(ended_at=now),
        update(User).where(User.company_id == company_id).values(is_disabled=True),
        update(OneTimeLink)
        .where(OneTimeLink.company_id == company_id)
        .values(ended_at=now, next_attempt_at=None),
        update(ReportSettings).where(ReportSettings.company_id == company_id).values(is_on=False),
        update(ImportRun)
        .where(ImportRun.company_id == company_id, ImportRun.state.in_(ACTIVE))
        .values(wants_stop=True),
    ):
        session.execute(statement.execution_options(synchronize_session=False))


def _give_back(runtime: Runtime, company_id: int) -> Mapping[ProviderKey, Revocation]:
    """Erase the tokens here and ask the providers to end the permissions."""
    with only_reading(), runtime.sessions() as session:
        stands = and_(
            Connection.company_id == company_id, Connection.state != ConnectionState.DISCONNECTED
        )
        found = session.scalars(select(Connection.provider).where(stands)).all()
    return {
        ProviderKey(provider): end_connection(runtime, company_id, ProviderKey(provider))
        for provider in found
    }


def _remove_the_rest(session: Session, company_id: int) -> None:
    """Remove what was written meanwhile, and the company."""
    for table, is_own in _own_tables(company_id):
        session.execute(delete(table).where(is_own))
    session.execute(delete(Company).where(Company.id == company_id))


def _is_called_by_nobody_else(company_id: int) -> ColumnElement[bool]:
    other = aliased(RemoteAccount)
    mine = exists().where(
        RemoteAccount.company_id == company_id,
        RemoteAccount.provider == ProviderCall.provider,
        RemoteAccount.remote_account_id == ProviderCall.remote_account_id,
    )
    others = exists().where(
        other.company_id != company_id,
        other.provider == ProviderCall.provider,
        other.remote_account_id == ProviderCall.remote_account_id,
    )
    return and_(mine, ~others)


def _own_tables(company_id: int) -> list[tuple[Table, ColumnElement[bool]]]:
    """Return every table with rows of companies, children first, and which rows are this one's."""
    return [
        (table, is_of_company(table, company_id))
        for table in TABLES
        if table.name not in OF_NOBODY | {Company.__tablename__}
    ]


def is_of_company(table: Table, company_id: int) -> ColumnElement[bool]:
    """Say of a table's rows whether they are the company's; pure.

    By the column `company_id`, or else by the row they belong to, which is the target of a column
    that ends with its removal. A table that leads to no company is a mistake: raises LookupError.
    """
    if "company_id" in table.c:
        return table.c.company_id == company_id
    if not (owners := _owners(table)):
        raise LookupError(f"the rows of {table.name} belong to no company")
    column, owner = owners[0]
    return column.in_(select(owner.c.id).where(is_of_company(owner, company_id)))


def _owners(table: Table) -> list[tuple[Column[Any], Table]]:
    owners = [
        (foreign_key.parent, foreign_key.column.table)
        for foreign_key in table.foreign_keys
        if foreign_key.ondelete == "CASCADE"
    ]
    if not owners and "account_id" in table.c:
        # Too many rows for a foreign key of their own; see models.matching.
        owners = [(table.c.account_id, Base.metadata.tables[RemoteAccount.__tablename__])]
    return sorted(owners, key=lambda owner: owner[0].name)
