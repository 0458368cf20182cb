"""What the tests of one connection's tokens share: ask for one, store some, look at them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import update

from models import Connection
from services.runtime import Runtime
from services.token_lease import TokenLease, seal_tokens
from tests.factories import make_tokens
from tests.services.support import Place, one


def supply(runtime: Runtime, place: Place, refused: str | None = None) -> str:
    return TokenLease(runtime, place.connection_id).supply(refused)


def store_tokens(runtime: Runtime, place: Place, **tokens: Any) -> None:
    """Let another process have renewed the token."""
    with runtime.sessions() as session:
        connection = session.get_one(Connection, place.connection_id)
        for column, value in seal_tokens(runtime.vault, connection, make_tokens(**tokens)).items():
            setattr(connection, column, value)
        connection.token_version += 1
        session.commit()


def change_connection(runtime: Runtime, place: Place, **values: Any) -> None:
    with runtime.sessions() as session:
        session.execute(
            update(Connection).where(Connection.id == place.connection_id).values(**values)
        )
        session.commit()


def held_tokens(runtime: Runtime, place: Place) -> dict[str, str | None]:
    connection = one(runtime.sessions, Connection, place.connection_id)

    def opened(field: str) -> str | None:
        sealed = getattr(connection, field)
        return sealed and runtime.vault.open(
            sealed, company_id=connection.company_id, connection=connection.public_id, field=field
        )

    return {
        field: opened(field)
        for field in ("access_token", "refresh_token", "previous_refresh_token")
    }
