"""Tokens at rest: shut in every row but their own, and for every key but the ring's."""

from __future__ import annotations

from pathlib import Path

import pytest

from models import Connection, ConnectionState
from services.providers.contract import ReconnectRequired
from services.runtime import Runtime
from services.token_vault import TokenVault
from tests.conftest import TOKEN_KEY
from tests.fakes import FakeAuthorization
from tests.services.support import Place, one
from tests.services.token_rows import change_connection, held_tokens, supply


def test_a_disconnected_connection_has_no_token(
    runtime: Runtime, harbor: Place, authorization: FakeAuthorization
) -> None:
    change_connection(runtime, harbor, state=ConnectionState.DISCONNECTED)

    with pytest.raises(ReconnectRequired, match="was ended"):
        supply(runtime, harbor)


def test_a_connection_without_tokens_needs_a_reconnect(
    runtime: Runtime, harbor: Place, authorization: FakeAuthorization
) -> None:
    change_connection(runtime, harbor, refresh_token=None)

    with pytest.raises(ReconnectRequired, match="holds no tokens"):
        supply(runtime, harbor)


def test_a_lost_key_asks_for_a_reconnect_instead_of_crashing(
    runtime: Runtime, harbor: Place, authorization: FakeAuthorization
) -> None:
    object.__setattr__(runtime, "vault", TokenVault([b"z" * 32]))

    with pytest.raises(ReconnectRequired, match="cannot be opened"):
        supply(runtime, harbor)


def test_a_rotated_key_renews_under_the_new_one(
    runtime: Runtime, harbor: Place, authorization: FakeAuthorization
) -> None:
    object.__setattr__(runtime, "vault", TokenVault([b"z" * 32, TOKEN_KEY]))

    supply(runtime, harbor, "access-0")

    object.__setattr__(runtime, "vault", TokenVault([b"z" * 32]))
    assert held_tokens(runtime, harbor)["refresh_token"] == "refresh-1"


def test_tokens_of_two_companies_cannot_be_exchanged_in_the_database(
    runtime: Runtime, harbor: Place, elsewhere: Place, authorization: FakeAuthorization
) -> None:
    mine = one(runtime.sessions, Connection, harbor.connection_id)
    change_connection(
        runtime, elsewhere, access_token=mine.access_token, refresh_token=mine.refresh_token
    )

    with pytest.raises(ReconnectRequired, match="cannot be opened"):
        supply(runtime, elsewhere)


def test_no_token_stands_plain_in_the_database_files(
    runtime: Runtime, harbor: Place, authorization: FakeAuthorization, database_path: Path
) -> None:
    supply(runtime, harbor, "access-0")

    written = b"".join(path.read_bytes() for path in database_path.parent.glob("test.db*"))
    for token in (b"access-0", b"access-1", b"refresh-0", b"refresh-1"):
        assert token not in written
    assert b"ada@example.com" in written, "the bytes were read from the right files"
