"""New keys for old, while tokens are renewed and read: nothing fails, nothing newer is lost."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import LargeBinary, event, update

from models import Base, Connection
from services import token_rotation
from services.consent import ConsentAnswer, NothingShared, begin_consent, complete_consent
from services.heartbeat import note_token_key
from services.providers.contract import ProviderKey, ReconnectRequired
from services.runtime import Runtime
from services.token_lease import TokenLease
from services.token_rotation import SEALED, ServerUsesOtherKeys, rotate_tokens
from services.token_vault import TokenVault
from tests.conftest import TOKEN_KEY, Clock
from tests.fakes import FakeAuthorization
from tests.services import workers
from tests.services.support import Place, one
from tests.services.token_rows import change_connection, held_tokens, store_tokens, supply

NEW_KEY = b"n" * 32
OLD, NEW = TokenVault([TOKEN_KEY]), TokenVault([NEW_KEY])


@pytest.fixture
def rotating(runtime: Runtime) -> Runtime:
    """The same installation after the new key was put in front."""
    return replace(runtime, vault=TokenVault([NEW_KEY, TOKEN_KEY]))


def _with_the_new_key_only(runtime: Runtime) -> Runtime:
    return replace(runtime, vault=NEW)


@pytest.mark.both_databases(in_suite=True)
def test_every_token_opens_with_the_new_key_alone(
    runtime: Runtime, rotating: Runtime, harbor: Place, elsewhere: Place
) -> None:
    change_connection(runtime, elsewhere, spare_refresh_token=None)
    with runtime.sessions() as session:
        connection = session.get_one(Connection, harbor.connection_id)
        for column in ("previous_refresh_token", "spare_refresh_token"):
            sealed = OLD.seal(
                column, company_id=harbor.company_id, connection=connection.public_id, field=column
            )
            setattr(connection, column, sealed)
        session.commit()

    first, second = rotate_tokens(rotating), rotate_tokens(rotating)

    assert (first.resealed, first.unopenable) == (6, 0)
    assert (second.resealed, second.in_use) == (0, {NEW.newest_key: 6})
    opened = held_tokens(_with_the_new_key_only(runtime), harbor)
    assert opened["refresh_token"] == "refresh-0"
    assert opened["previous_refresh_token"] == "previous_refresh_token"
    assert supply(_with_the_new_key_only(runtime), elsewhere) == "access-0"


@pytest.mark.both_databases
def test_a_token_renewed_between_look_and_write_wins(
    runtime: Runtime, rotating: Runtime, harbor: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_rows, renewed = token_rotation._rows_of_older_keys, []

    def rows_then_a_refresh(*arguments: Any) -> Any:
        found = real_rows(*arguments)
        if not renewed:
            renewed.append(store_tokens(runtime, harbor, refresh_token="refresh-1"))
        return found

    monkeypatch.setattr(token_rotation, "_rows_of_older_keys", rows_then_a_refresh)

    rotate_tokens(rotating)

    assert held_tokens(rotating, harbor)["refresh_token"] == "refresh-1"


@pytest.mark.both_databases
def test_a_token_renewed_within_the_unit_is_not_overwritten(
    rotating: Runtime, harbor: Place
) -> None:
    """PostgreSQL lets another one write between our look and our write; so the text is compared."""
    engine = rotating.sessions.kw["bind"]

    def renew_first(connection: Any, statement: Any, *_: Any) -> None:
        if str(statement).startswith("UPDATE connection") and not renewed:
            renewed.append(True)
            connection.exec_driver_sql("UPDATE connection SET access_token = refresh_token")

    renewed: list[bool] = []
    event.listen(engine, "before_execute", renew_first)

    rotation = rotate_tokens(rotating)

    row = one(rotating.sessions, Connection, harbor.connection_id)
    assert rotation.resealed == 1, "the refresh token only"
    assert row.access_token != row.refresh_token
    assert row.access_token is not None and row.access_token[:4].hex() == OLD.newest_key


@pytest.mark.both_databases
def test_readings_and_refreshes_go_on_while_keys_are_rotated_to_and_fro(
    rotating: Runtime, harbor: Place, authorization: FakeAuthorization
) -> None:
    back = replace(rotating, vault=TokenVault([TOKEN_KEY, NEW_KEY]))
    authorization.meanwhile = lambda: None
    over = threading.Event()

    def renew_and_read() -> str:
        held = ""
        for turn in range(8):
            lease = TokenLease(rotating if turn % 2 else back, harbor.connection_id)
            held = lease.supply(held or None)
        return "never failed" if held.startswith("access-") else held

    def rotate_without_end() -> None:
        while not over.is_set():
            rotate_tokens(rotating)
            rotate_tokens(back)

    rotating_thread = threading.Thread(target=rotate_without_end)
    rotating_thread.start()
    try:
        results = workers.in_threads(renew_and_read, 4)
    finally:
        over.set()
        rotating_thread.join()

    assert results == ["never failed"] * 4
    newest = held_tokens(rotating, harbor)["refresh_token"]
    assert authorization.accepted == {newest}, "the one token that still works is the stored one"


def test_a_consent_under_way_is_finished_after_the_old_key_is_gone(
    runtime: Runtime, rotating: Runtime, harbor: Place, authorization: FakeAuthorization
) -> None:
    with runtime.sessions() as session:
        url = begin_consent(runtime, session, harbor.admin, provider=ProviderKey.XERO)
    state = url.partition("state=")[2]

    rotate_tokens(rotating)

    authorization.accounts = ()
    answer = ConsentAnswer(state=state, code="code", remote_account_id="", error="")
    with pytest.raises(NothingShared):
        complete_consent(
            _with_the_new_key_only(runtime), harbor.admin, provider=ProviderKey.XERO, answer=answer
        )
    assert authorization.exchanged, "the sealed verifier was opened and sent"


def test_a_consent_nobody_can_answer_keeps_no_key(
    runtime: Runtime, rotating: Runtime, harbor: Place, clock: Clock, authorization: Any
) -> None:
    with runtime.sessions() as session:
        begin_consent(runtime, session, harbor.admin, provider=ProviderKey.XERO)
    clock.advance(minutes=11)

    rotation = rotate_tokens(rotating)

    assert set(rotation.in_use) == {NEW.newest_key}


def test_a_lost_key_is_told_and_the_rest_is_rotated(
    rotating: Runtime, harbor: Place, elsewhere: Place
) -> None:
    lost = TokenVault([b"l" * 32])
    change_connection(rotating, harbor, access_token=lost.seal("x", company_id=1, **_BOUND))

    rotation = rotate_tokens(rotating)

    assert (rotation.resealed, rotation.unopenable) == (3, 1)
    assert rotation.in_use == {NEW.newest_key: 3, lost.newest_key: 1}


def test_nothing_is_rotated_under_a_server_that_could_not_open_it(
    runtime: Runtime, rotating: Runtime, harbor: Place, clock: Clock
) -> None:
    with runtime.sessions() as session:
        note_token_key(session, runtime.vault.newest_key, now=clock.now)

    with pytest.raises(ServerUsesOtherKeys):
        rotate_tokens(rotating)

    with runtime.sessions() as session:
        note_token_key(session, NEW.newest_key, now=clock.now.replace(second=1))
    assert rotate_tokens(rotating).resealed == 2


@pytest.mark.parametrize("column", ["access_token", "refresh_token"])
def test_a_token_in_another_row_or_field_asks_for_a_reconnect(
    runtime: Runtime, harbor: Place, elsewhere: Place, column: str
) -> None:
    mine = one(runtime.sessions, Connection, harbor.connection_id)
    change_connection(runtime, elsewhere, **{column: mine.access_token})

    with pytest.raises(ReconnectRequired, match="cannot be opened"):
        supply(runtime, elsewhere)


def test_two_fields_of_one_row_cannot_be_exchanged(runtime: Runtime, harbor: Place) -> None:
    with runtime.sessions() as session:
        session.execute(
            update(Connection).values(
                access_token=Connection.refresh_token, refresh_token=Connection.access_token
            )
        )
        session.commit()

    with pytest.raises(ReconnectRequired, match="cannot be opened"):
        supply(runtime, harbor)


def test_every_column_that_holds_bytes_sealed_is_rotated() -> None:
    holds_bytes = {
        column
        for table in Base.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, LargeBinary) and table.name != "kept_frequencies"
    }

    assert {sealed.column.property.columns[0] for sealed in SEALED} == holds_bytes


_BOUND = {"connection": "00112233aabbccdd", "field": "access_token"}
