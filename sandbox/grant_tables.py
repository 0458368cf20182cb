"""The tables in which an imitation keeps codes, grants and tokens, and what all do with them."""

from collections.abc import Callable, Iterable

from sandbox.clock import Clock
from sandbox.rotation import Rotation
from sandbox.store import Store, Value


class GrantTables:
    """Codes, grants and access tokens; `refresh_tokens` names the one table of each its own."""

    provider: str
    refresh_tokens: str

    def __init__(
        self, store: Store, clock: Clock, rotation: Callable[[], Rotation], tables: Iterable[str]
    ) -> None:
        store.define(*tables)
        self._store = store
        self._clock = clock
        self._rotation = rotation

    def expire_access_tokens(self) -> None:
        """End the life of every access token."""
        self._store.run(
            f"UPDATE {self.provider}_access SET expires_at = min(expires_at, ?)",  # noqa: S608 - fixed names
            [self._now()],
        )

    def end_all(self) -> None:
        """Revoke every grant, and every code that might become one."""
        with self._store.transaction():
            for table in ("access", self.refresh_tokens, "codes", "grants"):
                self._store.run(f"DELETE FROM {self.provider}_{table}")  # noqa: S608 - fixed names

    def _now(self) -> float:
        return self._clock().timestamp()

    def _spend(self, code: str, columns: str) -> tuple[Value, ...] | None:
        """Return these columns of a code, which is worthless from now on."""
        table = f"{self.provider}_codes"
        with self._store.transaction():
            known = self._store.rows(f"SELECT {columns} FROM {table} WHERE code = ?", [code])  # noqa: S608 - fixed names
            self._store.run(f"DELETE FROM {table} WHERE code = ?", [code])  # noqa: S608 - fixed names
        return known[0] if known else None

    def _add_access(self, token: str, grant_id: int, expires_at: float) -> None:
        self._store.run(
            f"INSERT INTO {self.provider}_access VALUES (?, ?, ?)",  # noqa: S608 - fixed names
            [token, grant_id, expires_at],
        )

    def _end(self, grant_id: Value) -> None:
        for table in ("access", self.refresh_tokens):
            self._store.run(
                f"DELETE FROM {self.provider}_{table} WHERE grant_id = ?",  # noqa: S608 - fixed names
                [grant_id],
            )
        self._store.run(f"DELETE FROM {self.provider}_grants WHERE id = ?", [grant_id])  # noqa: S608 - fixed names


class RotatingGrants(GrantTables):
    """Grants with one current refresh token each; only a switch lets a former one work on."""

    refresh_tokens = "former"

    def revoke(self, token: str) -> bool:
        """End the grant of an access or refresh token; tell whether there was one."""
        with self._store.transaction():
            known = self._store.rows(
                f"SELECT id FROM {self.provider}_grants WHERE refresh_token = ? UNION"  # noqa: S608 - fixed names
                f" SELECT grant_id FROM {self.provider}_access WHERE token = ?",
                [token, token],
            )
            for (grant_id,) in known:
                self._end(grant_id)
        return bool(known)

    def _retire(self, refresh_token: str, grant_id: int) -> None:
        """Note a refresh token that another one follows."""
        self._store.run(
            f"INSERT INTO {self.provider}_former VALUES (?, ?, ?)",  # noqa: S608 - fixed names
            [refresh_token, grant_id, self._now() + self._rotation().grace(0)],
        )
