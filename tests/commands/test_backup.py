"""A copy made while the database is in use can take its place."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path

import pytest
from sqlalchemy import create_engine, func, make_url, select
from sqlalchemy.orm import Session, sessionmaker

from models import Customer
from services.backup import BackupImpossible, back_up
from services.database import prepare_engine
from tests.factories import make_company, make_customer


def test_a_copy_made_in_use_can_take_the_place_of_the_database(
    sessions: sessionmaker[Session], database_path: Path, tmp_path: Path
) -> None:
    with sessions() as session:
        company = make_company(session)
        make_customer(session, company)
    copy = tmp_path / "copies" / "copy.db"
    with sessions() as writer:
        make_company(writer, name="being written")
        writer.execute(select(Customer))
        back_up(make_url(f"sqlite:///{database_path}"), copy)
    with sessions() as session:
        make_customer(session, company)

    sessions.kw["bind"].dispose()
    for name in ("", "-wal", "-shm"):
        Path(f"{database_path}{name}").unlink(missing_ok=True)
    shutil.copy(copy, database_path)

    engine = create_engine(f"sqlite:///{database_path}")
    prepare_engine(engine)
    with Session(engine) as session:
        assert session.scalar(select(func.count()).select_from(Customer)) == 1
    engine.dispose()


def test_a_copy_is_one_file_for_its_owner_only(database_path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copies" / "copy.db"

    size_bytes = back_up(make_url(f"sqlite:///{database_path}"), copy)

    assert [path.name for path in copy.parent.iterdir()] == ["copy.db"]
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert copy.stat().st_size == size_bytes


def test_a_copy_overwrites_nothing(database_path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    copy.write_text("precious")

    with pytest.raises(BackupImpossible, match="not overwritten"):
        back_up(make_url(f"sqlite:///{database_path}"), copy)

    assert copy.read_text() == "precious"


def test_another_database_is_backed_up_by_its_own_tools(tmp_path: Path) -> None:
    with pytest.raises(BackupImpossible, match="not SQLite"):
        back_up(make_url("postgresql+psycopg://there/blueclerk"), tmp_path / "copy.db")
