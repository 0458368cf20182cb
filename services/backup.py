"""Copy the database while it is in use, and prove that the copy is whole."""

from __future__ import annotations

import os
import shlex
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from sqlalchemy import URL

SQLITE = "sqlite"
PAGES_AT_ONCE = 1000
#: The wake-ups of the job engine are no data: the rows say what is to be done.
DUMP = (
    "pg_dump",
    "--format=custom",
    "--no-owner",
    "--no-privileges",
    "--no-password",
    "--exclude-table-data=procrastinate_*",
)
#: To read all of it is to check it: the list of its contents stands at the beginning.
READ = ("pg_restore", f"--file={os.devnull}")


class BackupImpossible(Exception):
    """No copy was made; the message says why and what to do instead."""


def is_one_file(url: URL) -> bool:
    """Say whether a copy can simply take the database's place, as with SQLite."""
    return url.get_backend_name() == SQLITE


def back_up(url: URL, target: Path, *, environ: Mapping[str, str]) -> int:
    """Write a consistent copy to `target`, readable by its owner only; return its size in bytes.

    Readers and writers go on meanwhile. The copy appears under its name only when it is whole.
    `environ` tells where programs are; PostgreSQL is copied by its own. Raises BackupImpossible.
    """
    if target.exists():
        raise BackupImpossible(f"{target} exists already and is not overwritten.")
    try:
        return _write(url, target, environ)
    except (OSError, sqlite3.Error) as error:
        # A full disk, a folder that may not be written to, a database that is none.
        words = getattr(error, "strerror", None) or error
        raise BackupImpossible(f"{target} could not be made: {words}.") from error


def _write(url: URL, target: Path, environ: Mapping[str, str]) -> int:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # A name of its own: two copies at the same moment would take each other's half for the whole.
    number, name = tempfile.mkstemp(".part", f"{target.name}.", target.parent)
    os.close(number)
    draft = Path(name)
    try:
        if is_one_file(url):
            _copy(Path(str(url.database)), draft)
        else:
            _dump(url, draft, environ)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return target.stat().st_size


def _copy(source: Path, draft: Path) -> None:
    address = f"{source.resolve().as_uri()}?mode=ro"
    with (
        closing(sqlite3.connect(address, uri=True)) as there,
        closing(sqlite3.connect(draft)) as here,
    ):
        there.backup(here, pages=PAGES_AT_ONCE)
        # One file without journals, so that it can be moved about.
        here.execute("PRAGMA journal_mode=DELETE")
        [verdict] = here.execute("PRAGMA integrity_check").fetchone()
    if verdict != "ok":
        raise BackupImpossible("The copy is damaged and was removed. Check the disk.")


def _dump(url: URL, draft: Path, environ: Mapping[str, str]) -> None:
    """Let pg_dump write one state of the database; no command line shows the password."""
    address = _without_password(url)
    if shutil.which(DUMP[0], path=environ.get("PATH")) is None:
        command = shlex.join([*DUMP, "--file=blueclerk.dump", f"--dbname={address}"])
        raise BackupImpossible(
            "PostgreSQL is copied by pg_dump, which is not installed here. Install the client of "
            "your server's release (on Debian: apt-get install postgresql-client), or where it is "
            f"installed, run: {command}"
        )
    environ = {**environ, "PGPASSWORD": url.password} if url.password else environ
    _run([*DUMP, f"--file={draft}", f"--dbname={address}"], environ)
    _run([*READ, str(draft)], environ)


def _without_password(url: URL) -> str:
    bare = URL.create(
        "postgresql", url.username, None, url.host, url.port, url.database, query=url.query
    )
    return bare.render_as_string()


def _run(command: list[str], environ: Mapping[str, str]) -> None:
    finished = subprocess.run(  # noqa: S603  (our own command)
        command, env=dict(environ), stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    if finished.returncode != 0:
        words = " ".join(finished.stderr.decode(errors="replace").split())
        raise BackupImpossible(f"The copy is not whole and was removed: {words}")
