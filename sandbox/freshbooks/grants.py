"""Codes, access tokens and refresh tokens of FreshBooks, with their lifetimes.

Sources: InfiniteRoomLabs/freshbooks-tools docs/authentication.md (measured against the live API
in August 2026) and freshbooks.com/api/authentication, read 2026-11-22.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.clock import Clock
from sandbox.consent import matches_challenge
from sandbox.freshbooks.answers import INVALID_GRANT
from sandbox.freshbooks.identity import BUSINESSES
from sandbox.grant_tables import RotatingGrants
from sandbox.rotation import Rotation
from sandbox.store import Store

CODE_LIFETIME_S = 300
ACCESS_LIFETIME_S = 43_200
PROFILE_SCOPE = "user:profile:read"
CLIENTS_SCOPE = "user:clients:read"
EVERY_BUSINESS = tuple(business.number for business in BUSINESSES)
TABLES = (
    "CREATE TABLE IF NOT EXISTS freshbooks_codes (code TEXT PRIMARY KEY, scope TEXT NOT NULL,"
    " redirect_uri TEXT NOT NULL, challenge TEXT NOT NULL, expires_at REAL NOT NULL)",
    "CREATE TABLE IF NOT EXISTS freshbooks_grants (id INTEGER PRIMARY KEY, scope TEXT NOT NULL,"
    " refresh_token TEXT NOT NULL UNIQUE, created_at INTEGER NOT NULL, refreshes INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS freshbooks_access (token TEXT PRIMARY KEY, grant_id INTEGER"
    " NOT NULL REFERENCES freshbooks_grants(id), expires_at REAL NOT NULL)",
    "CREATE TABLE IF NOT EXISTS freshbooks_former (refresh_token TEXT PRIMARY KEY, grant_id INTEGER"
    " NOT NULL, ends_at REAL NOT NULL)",
)


# A state file from before the consent page asked has tables without it: such grants keep all.
BUSINESSES_COLUMN = f"businesses TEXT NOT NULL DEFAULT '{' '.join(map(str, EVERY_BUSINESS))}'"


class GrantRefused(Exception):
    """The token endpoint answers 400 invalid_grant."""

    def __init__(self) -> None:
        super().__init__(INVALID_GRANT)


@dataclass(frozen=True, slots=True)
class Permission:
    """What a person allows: the scope, and the numbers of the businesses they sign in with."""

    scope: str
    businesses: tuple[int, ...] = EVERY_BUSINESS


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the token endpoint hands out; they end `ACCESS_LIFETIME_S` after `created_at`."""

    access_token: str
    refresh_token: str
    created_at: int
    scope: str


class Grants(RotatingGrants):
    """All grants there are; one never ends another."""

    provider = "freshbooks"

    def __init__(
        self, store: Store, clock: Clock, rotation: Callable[[], Rotation] = Rotation
    ) -> None:
        super().__init__(store, clock, rotation, TABLES)
        for table in ("freshbooks_codes", "freshbooks_grants"):
            _add_businesses(store, table)

    def issue_code(self, permission: Permission, redirect_uri: str, challenge: str) -> str:
        """Return a code that can be exchanged once, within five minutes."""
        code = secrets.token_hex(32)
        self._store.run(
            "INSERT INTO freshbooks_codes (code, redirect_uri, challenge, expires_at, scope,"
            " businesses) VALUES (?, ?, ?, ?, ?, ?)",
            [code, redirect_uri, challenge, self._now() + CODE_LIFETIME_S, *_kept(permission)],
        )
        return code

    def exchange_code(self, code: str, redirect_uri: str, verifier: str) -> Tokens:
        """Spend a code; refuse one that is spent, old, or of another address or browser."""
        known = self._spend(code, "redirect_uri, challenge, expires_at, scope, businesses")
        if known is None:
            raise GrantRefused
        address, challenge, expires_at, *kept = (str(value) for value in known)
        if address != redirect_uri or float(expires_at) <= self._now():
            raise GrantRefused
        if challenge and not matches_challenge(challenge, verifier):
            raise GrantRefused
        return self.open(_read(*kept))

    def open(self, permission: Permission) -> Tokens:
        """Make a further grant."""
        created_at, refresh_token = int(self._now()), _new_refresh_token()
        with self._store.transaction():
            grant_id = self._store.run(
                "INSERT INTO freshbooks_grants (refresh_token, created_at, refreshes, scope,"
                " businesses) VALUES (?, ?, 0, ?, ?)",
                [refresh_token, created_at, *_kept(permission)],
            )
            return self._tokens(grant_id, Tokens("", refresh_token, created_at, permission.scope))

    def refresh(self, refresh_token: str) -> Tokens:
        """Return a new pair; the old refresh token is worthless at once, unless a switch says no.

        That the old access token dies too is a guess.
        """
        now = self._now()
        with self._store.transaction():
            known = self._store.rows(
                "SELECT id, scope, created_at, refreshes, refresh_token FROM freshbooks_grants"
                " WHERE refresh_token = ? OR id IN (SELECT grant_id FROM freshbooks_former"
                " WHERE refresh_token = ? AND ends_at > ?)",
                [refresh_token, refresh_token, now],
            )
            if not known:
                raise GrantRefused
            grant_id, scope, before, refreshes, current = known[0]
            created_at = self._creation(int(str(before)), int(str(refreshes)))
            self._store.run(
                "UPDATE freshbooks_grants SET created_at = ?, refreshes = refreshes + 1"
                " WHERE id = ?",
                [created_at, grant_id],
            )
            newest = self._rotate(int(str(grant_id)), str(current))
            return self._tokens(int(str(grant_id)), Tokens("", newest, created_at, str(scope)))

    def _creation(self, before: int, refreshes: int) -> int:
        """Return when the next pair says it was created.

        Every second refresh repeats the time of the pair before, as long as that leaves the new
        one some life: it was seen at FreshBooks, the rule behind it is a guess.
        """
        repeats = refreshes % 2 == 1 and before + ACCESS_LIFETIME_S > self._now()
        return before if repeats else int(self._now())

    def _rotate(self, grant_id: int, former: str) -> str:
        if not self._rotation().renews(usually=True):
            return former
        newest = _new_refresh_token()
        self._retire(former, grant_id)
        self._store.run(
            "UPDATE freshbooks_grants SET refresh_token = ? WHERE id = ?", [newest, grant_id]
        )
        return newest

    def permission_of(self, access_token: str) -> Permission | None:
        """Return what a living access token may read."""
        known = self._store.rows(
            "SELECT scope, businesses FROM freshbooks_access"
            " JOIN freshbooks_grants ON id = grant_id WHERE token = ? AND expires_at > ?",
            [access_token, self._now()],
        )
        return _read(*map(str, known[0])) if known else None

    def _tokens(self, grant_id: int, tokens: Tokens) -> Tokens:
        """Add the access token, the only one of its grant."""
        access_token = ".".join(("eyJ" + secrets.token_urlsafe(20), secrets.token_urlsafe(60)))
        self._store.run("DELETE FROM freshbooks_access WHERE grant_id = ?", [grant_id])
        self._add_access(access_token, grant_id, tokens.created_at + ACCESS_LIFETIME_S)
        return Tokens(access_token, tokens.refresh_token, tokens.created_at, tokens.scope)


def _add_businesses(store: Store, table: str) -> None:
    with store.transaction():
        columns = {str(name) for _, name, *_ in store.rows(f"PRAGMA table_info({table})")}
        if "businesses" not in columns:
            store.run(f"ALTER TABLE {table} ADD COLUMN {BUSINESSES_COLUMN}")


def _kept(permission: Permission) -> tuple[str, str]:
    """Return the columns `scope` and `businesses`."""
    return permission.scope, " ".join(map(str, permission.businesses))


def _read(scope: str, businesses: str) -> Permission:
    return Permission(scope, tuple(map(int, businesses.split())))


def _new_refresh_token() -> str:
    return secrets.token_hex(32)
