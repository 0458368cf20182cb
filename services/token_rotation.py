"""Seal every stored token anew with the newest key, while everybody goes on using them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Select, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute

from models import Connection, ConsentRequest
from services.account_choice import TOKENS_FIELD
from services.consent import CONSENT_LIFETIME, VERIFIER_FIELD
from services.database import only_reading, retry_while_busy
from services.heartbeat import serving_key
from services.runtime import Runtime
from services.token_vault import UndecryptableToken, sealing_key

#: How long one row is tried while somebody else keeps the database from writing.
PATIENCE_S = 30.0


class ServerUsesOtherKeys(Exception):
    """A server that runs would not be able to open what was sealed anew."""

    def __init__(self) -> None:
        super().__init__(
            "The server that is running seals with another token key. Put the new key first in its "
            "BLUECLERK_TOKEN_KEYS, keep the old one behind it, restart it, and rotate then."
        )


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """A column that holds sealed tokens, and what they are bound to there beside the company."""

    table: type[Connection] | type[ConsentRequest]
    column: InstrumentedAttribute[Any]
    bound_to: InstrumentedAttribute[str]
    field: str


#: Every column that a vault writes; tests hold it against the tables.
SEALED = (
    *(
        SealedColumn(Connection, getattr(Connection, field), Connection.public_id, field)
        for field in (
            "access_token",
            "refresh_token",
            "previous_refresh_token",
            "spare_refresh_token",
        )
    ),
    SealedColumn(
        ConsentRequest, ConsentRequest.code_verifier, ConsentRequest.state_hash, VERIFIER_FIELD
    ),
    SealedColumn(
        ConsentRequest, ConsentRequest.sealed_tokens, ConsentRequest.state_hash, TOKENS_FIELD
    ),
)


@dataclass(frozen=True, slots=True)
class Rotation:
    """What a rotation did, and how many tokens each key opens now.

    `in_use` counts by key id, also of keys that are not in the ring. A consent nobody can answer
    any more counts nowhere. `unopenable` are those that no key of the ring opens in their row.
    """

    resealed: int
    unopenable: int
    in_use: Mapping[str, int]


def rotate_tokens(runtime: Runtime) -> Rotation:
    """Seal anew whatever an older key has sealed. Commits, once per token.

    A token that is renewed meanwhile wins: the older text is replaced only where it still stands.
    So it can be interrupted, repeated, and run beside readings. Raises ServerUsesOtherKeys.
    """
    with only_reading(), runtime.sessions() as session:
        serving = serving_key(session, now=runtime.clock())
    if serving not in (None, runtime.vault.newest_key):
        raise ServerUsesOtherKeys
    resealed = unopenable = 0
    for sealed in SEALED:
        for row_id in _rows_of_older_keys(runtime, sealed):
            try:
                resealed += _reseal_patiently(runtime, sealed, row_id)
            except UndecryptableToken:
                unopenable += 1
    return Rotation(resealed, unopenable, count_keys(runtime))


def count_keys(runtime: Runtime) -> Mapping[str, int]:
    """Return how many tokens of use each key has sealed."""
    with only_reading(), runtime.sessions() as session:
        return Counter(
            sealing_key(token)
            for sealed in SEALED
            for (token,) in session.execute(_in_use(runtime, sealed, sealed.column))
        )


def _rows_of_older_keys(runtime: Runtime, sealed: SealedColumn) -> Sequence[int]:
    newest = runtime.vault.newest_key
    with only_reading(), runtime.sessions() as session:
        rows = session.execute(_in_use(runtime, sealed, sealed.table.id, sealed.column)).all()
    return [row_id for row_id, token in rows if sealing_key(token) != newest]


def _in_use(runtime: Runtime, sealed: SealedColumn, *columns: Any) -> Select[Any]:
    query = select(*columns).where(sealed.column.is_not(None)).order_by(sealed.table.id)
    if sealed.table is ConsentRequest:
        may_be_answered = ConsentRequest.created_at > runtime.clock() - CONSENT_LIFETIME
        keeps_tokens = ConsentRequest.sealed_tokens.is_not(None)
        query = query.where(or_(may_be_answered, keeps_tokens))
    return query


def _reseal_patiently(runtime: Runtime, sealed: SealedColumn, row_id: int) -> int:
    until = time.monotonic() + PATIENCE_S
    return retry_while_busy(partial(_reseal, runtime, sealed, row_id), until=until)


def _reseal(runtime: Runtime, sealed: SealedColumn, row_id: int) -> int:
    """Seal one token anew; return 0 where it is gone or a newer one has taken its place."""
    table, vault = sealed.table, runtime.vault
    with runtime.sessions() as session:
        row = session.execute(
            select(table.company_id, sealed.bound_to, sealed.column).where(table.id == row_id)
        ).first()
        if row is None or row[2] is None or sealing_key(row[2]) == vault.newest_key:
            return 0
        company_id, bound_to, before = row
        token = vault.open(before, company_id=company_id, connection=bound_to, field=sealed.field)
        after = vault.seal(token, company_id=company_id, connection=bound_to, field=sealed.field)
        changed = session.execute(
            update(table)
            .where(table.id == row_id, sealed.column == before)
            .values({sealed.column: after})
            .returning(table.id)
            .execution_options(synchronize_session=False)
        ).first()
        session.commit()
    return int(changed is not None)
