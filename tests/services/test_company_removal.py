"""A company is removed with everything that is its own, and nothing that is another's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import ColumnElement, Table, create_engine, event, func, select, true
from sqlalchemy.orm import sessionmaker

from models import (
    Base,
    Company,
    Customer,
    LinkPurpose,
    ProviderCall,
    RemoteAccount,
    Role,
)
from services import removal_batches
from services.account_errors import UnknownCompany
from services.company_removal import OF_NOBODY, is_of_company, remove_company
from services.connections import Revocation
from services.database import prepare_engine
from services.invitations import view_invitation
from services.link_errors import InvitationEnded
from services.one_time_links import add_link, link_token
from services.providers.contract import ProviderKey, ProviderUnavailable
from services.runtime import Runtime
from tests.factories import NOW, make_company, make_customer
from tests.fakes import FakeAuthorization
from tests.services.filled_companies import fill_company
from tests.services.reporting import LINK_KEY
from tests.services.support import Place, count, one


@pytest.mark.both_databases(in_suite=True)
def test_no_row_of_the_company_is_left_and_all_rows_of_another_are(
    runtime: Runtime, authorization: FakeAuthorization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal_batches, "FIRST_ROWS", 1)
    with runtime.sessions() as session:
        gone, stays = fill_company(session, slug="gone"), fill_company(session, slug="stays")
    before = {company_id: _rows_of(runtime, company_id) for company_id in (gone, stays)}

    removed = remove_company(runtime, "gone")

    assert set(before[gone]) == set(Base.metadata.tables) - OF_NOBODY
    assert all(before[gone].values()), "the test fills every table"
    assert removed.rows == {
        name: len(rows) for name, rows in before[gone].items() if name != "company"
    }
    assert _rows_of(runtime, stays) == before[stays] == _rows_of(runtime)


def _rows_of(runtime: Runtime, company_id: int | None = None) -> dict[str, Sequence[Any]]:
    """Return the rows of a company by table, or all there are."""
    with runtime.sessions() as session:
        return {
            table.name: session.execute(
                select(table).where(_is_of(table, company_id) if company_id is not None else true())
            ).all()
            for table in Base.metadata.sorted_tables
            if table.name not in OF_NOBODY
        }


def _is_of(table: Table, company_id: int) -> ColumnElement[bool]:
    is_company = table.name == "company"
    return table.c.id == company_id if is_company else is_of_company(table, company_id)


def test_the_permission_is_given_back_first(
    runtime: Runtime, harbor: Place, elsewhere: Place, authorization: FakeAuthorization
) -> None:
    slug = one(runtime.sessions, Company, harbor.company_id).slug

    removed = remove_company(runtime, slug)

    assert authorization.revoked == ["refresh-0"]
    assert removed.revocations == {ProviderKey.QUICKBOOKS: Revocation.CONFIRMED}
    assert count(runtime.sessions, Company) == 1


def test_a_provider_in_trouble_does_not_keep_the_company(
    runtime: Runtime, harbor: Place, authorization: FakeAuthorization
) -> None:
    authorization.error = ProviderUnavailable("down", status=500)
    slug = one(runtime.sessions, Company, harbor.company_id).slug

    removed = remove_company(runtime, slug)

    assert removed.revocations == {ProviderKey.QUICKBOOKS: Revocation.UNCONFIRMED}
    assert count(runtime.sessions, Company) == 0


def test_interrupted_nobody_gets_in_and_a_second_time_ends_it(
    runtime: Runtime,
    harbor: Place,
    authorization: FakeAuthorization,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slug = one(runtime.sessions, Company, harbor.company_id).slug
    with runtime.sessions() as session:
        link = add_link(
            session,
            company_id=harbor.company_id,
            purpose=LinkPurpose.INVITATION,
            email="kim@example.org",
            role=Role.ADMIN,
            now=NOW,
        )
        token = link_token(LINK_KEY, link)
        session.commit()

    def die(_table: str, _count: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        remove_company(runtime, slug, tell=die)

    with runtime.sessions() as session:
        user = session.execute(select(Base.metadata.tables["user_account"])).one()
        with pytest.raises(InvitationEnded):
            view_invitation(session, token, link_key=LINK_KEY, now=NOW)
    assert user.is_disabled
    remove_company(runtime, slug)
    assert count(runtime.sessions, Company) == 0


def test_the_calls_of_shared_books_stay_counted(
    runtime: Runtime, authorization: FakeAuthorization
) -> None:
    with runtime.sessions() as session:
        gone, stays = make_company(session, slug="gone"), make_company(session)
        for company, remote_id in ((gone, "shared"), (stays, "shared"), (gone, "own")):
            session.add(
                RemoteAccount(
                    company_id=company.id, provider="xero", remote_account_id=remote_id, name="x"
                )
            )
        for remote_id in ("shared", "own"):
            session.add(
                ProviderCall(
                    provider="xero", remote_account_id=remote_id, begun_at=NOW, until_at=NOW
                )
            )
        session.commit()

    remove_company(runtime, "gone")

    with runtime.sessions() as session:
        assert session.scalars(select(ProviderCall.remote_account_id)).all() == ["shared"]


def test_nothing_of_a_customer_is_left_in_the_file(
    runtime: Runtime, database_path: Path, authorization: FakeAuthorization
) -> None:
    engine = create_engine(f"sqlite:///{database_path}")
    # Some builds of SQLite overwrite by themselves; most do not.
    event.listen(engine, "connect", lambda opened, _: opened.execute("PRAGMA secure_delete=OFF"))
    prepare_engine(engine)
    runtime = replace(runtime, sessions=sessionmaker(engine, expire_on_commit=False))
    with runtime.sessions() as session:
        company, other = make_company(session, slug="gone"), make_company(session)
        for number in range(300):
            make_customer(session, company, email=f"canary-{number}@example.com")
        make_customer(session, other, email="stays@example.com")

    remove_company(runtime, "gone")

    engine.dispose()
    written = b"".join(path.read_bytes() for path in database_path.parent.glob("test.db*"))
    assert b"canary-" not in written
    assert b"stays@example.com" in written, "the bytes were read from the right files"


def test_an_unknown_company_removes_nothing(runtime: Runtime, harbor: Place) -> None:
    with pytest.raises(UnknownCompany):
        remove_company(runtime, "nobody")

    with runtime.sessions() as session:
        assert session.scalar(select(func.count()).select_from(Company)) == 1
        assert session.scalar(select(func.count()).select_from(Customer)) == 0
