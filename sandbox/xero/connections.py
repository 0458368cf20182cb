"""Who shared which tenant with the app."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from sandbox.clock import Clock
from sandbox.store import Store
from sandbox.xero.tenants import Tenant, tenant_of
from sandbox.xero.times import seven_digit_text

# The person of the consent page; whoever gets a grant from the control room is somebody else.
PERSON_OF_THE_PAGE = 1
TABLES = (
    "CREATE TABLE IF NOT EXISTS xero_people (id INTEGER PRIMARY KEY)",
    "CREATE TABLE IF NOT EXISTS xero_connections (id TEXT PRIMARY KEY, person INTEGER NOT NULL,"
    " tenant_id TEXT NOT NULL, event_id TEXT NOT NULL, created_at REAL NOT NULL,"
    " updated_at REAL NOT NULL, UNIQUE (person, tenant_id))",
)


@dataclass(frozen=True, slots=True)
class Connection:
    """A tenant that a person shared."""

    connection_id: str
    event_id: str
    tenant: Tenant
    created_at: datetime
    updated_at: datetime

    def as_json(self) -> dict[str, object]:
        """Describe it as /connections does."""
        return {
            "id": self.connection_id,
            "authEventId": self.event_id,
            "tenantId": self.tenant.account_id,
            "tenantType": self.tenant.kind,
            "tenantName": self.tenant.name,
            "createdDateUtc": seven_digit_text(self.created_at),
            "updatedDateUtc": seven_digit_text(self.updated_at),
        }


class Connections:
    """All connections of all people."""

    def __init__(self, store: Store, clock: Clock) -> None:
        store.define(*TABLES)
        store.run("INSERT OR IGNORE INTO xero_people VALUES (?)", [PERSON_OF_THE_PAGE])
        self._store = store
        self._clock = clock

    def new_person(self) -> int:
        """Return somebody who has shared nothing yet."""
        return self._store.run("INSERT INTO xero_people DEFAULT VALUES")

    def share(self, person: int, tenants: Iterable[Tenant]) -> str:
        """Connect tenants in one consent; return its event id.

        A tenant that is shared again keeps its connection and takes over the event; a guess.
        """
        event_id, now = str(uuid.uuid4()), self._clock().timestamp()
        self._store.run_many(
            "INSERT INTO xero_connections VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (person, tenant_id)"
            " DO UPDATE SET event_id = excluded.event_id, updated_at = excluded.updated_at",
            (
                (str(uuid.uuid4()), person, tenant.account_id, event_id, now, now)
                for tenant in tenants
            ),
        )
        return event_id

    def of(self, person: int, event_id: str | None = None) -> list[Connection]:
        """Return what a person shared, oldest first, or only what one consent added."""
        rows = self._store.rows(
            "SELECT id, event_id, tenant_id, created_at, updated_at FROM xero_connections"
            " WHERE person = ? AND (? IS NULL OR event_id = ?) ORDER BY created_at, rowid",
            [person, event_id, event_id],
        )
        return [_connection(*row) for row in rows]

    def has(self, person: int, tenant_id: str) -> bool:
        """Tell whether a person shares a tenant."""
        known = self._store.rows(
            "SELECT 1 FROM xero_connections WHERE person = ? AND tenant_id = ?",
            [person, tenant_id],
        )
        return bool(known)

    def end(self, person: int, connection_id: str) -> bool:
        """Take one connection away; tell whether there was one."""
        with self._store.transaction():
            known = self._store.rows(
                "SELECT 1 FROM xero_connections WHERE person = ? AND id = ?",
                [person, connection_id],
            )
            self._store.run(
                "DELETE FROM xero_connections WHERE person = ? AND id = ?", [person, connection_id]
            )
        return bool(known)

    def end_all_of(self, person: int) -> None:
        """Take away everything a person shared."""
        self._store.run("DELETE FROM xero_connections WHERE person = ?", [person])

    def end_all(self) -> None:
        """Take away everything."""
        self._store.run("DELETE FROM xero_connections")


def _connection(
    connection_id: object, event_id: object, tenant_id: object, created: object, updated: object
) -> Connection:
    tenant = tenant_of(str(tenant_id))
    assert tenant is not None, "tenants are fixed"
    created_at, updated_at = (
        datetime.fromtimestamp(float(str(moment)), UTC) for moment in (created, updated)
    )
    return Connection(str(connection_id), str(event_id), tenant, created_at, updated_at)
