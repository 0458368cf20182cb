"""Codes, token sets and connections of Xero, with their lifetimes.

A connection belongs to a person and a tenant, not to a token set: every token set of a person
sees all that this person ever shared. Sources: developer.xero.com/faq/oauth2 (rotation, 30
minutes of grace), xero-python 15.2.0 oauth2.py (revoking), read 2026-11-22.
"""

import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.clock import Clock
from sandbox.grant_tables import GrantTables
from sandbox.rotation import Rotation
from sandbox.store import Store
from sandbox.xero.connections import Connections
from sandbox.xero.jwt import make_jwt

CODE_LIFETIME_S = 300
ACCESS_LIFETIME_S = 1800
REFRESH_LIFETIME_S = 60 * 24 * 3600
GRACE_S = 1800
# So long an expired access token is still told from one that never was.
REMEMBERED_S = 24 * 3600
TABLES = (
    "CREATE TABLE IF NOT EXISTS xero_codes (code TEXT PRIMARY KEY, person INTEGER NOT NULL,"
    " redirect_uri TEXT NOT NULL, scope TEXT NOT NULL, event_id TEXT NOT NULL,"
    " challenge TEXT, expires_at REAL NOT NULL)",
    "CREATE TABLE IF NOT EXISTS xero_grants (id INTEGER PRIMARY KEY, person INTEGER NOT NULL,"
    " scope TEXT NOT NULL, event_id TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS xero_refresh (token TEXT PRIMARY KEY, grant_id INTEGER NOT NULL"
    " REFERENCES xero_grants(id), ends_at REAL NOT NULL, is_newest INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS xero_access (token TEXT PRIMARY KEY, grant_id INTEGER NOT NULL"
    " REFERENCES xero_grants(id), expires_at REAL NOT NULL)",
)


class GrantRefused(Exception):
    """The token endpoint answers 400 invalid_grant."""


@dataclass(frozen=True, slots=True)
class Consent:
    """What a person agreed to; the challenge is that of PKCE, if one was sent."""

    person: int
    redirect_uri: str
    scope: str
    event_id: str
    challenge: str | None


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the token endpoint hands out.

    Without offline_access there is nothing to refresh with, without openid no id_token.
    """

    access_token: str
    refresh_token: str | None
    scope: str
    id_token: str | None


@dataclass(frozen=True, slots=True)
class Bearer:
    """Whom an access token speaks for; an expired one is still recognised for a day."""

    person: int
    scopes: frozenset[str]
    expires_at: float
    is_expired: bool


class Grants(GrantTables):
    """All token sets there are; one never ends another."""

    provider = "xero"
    refresh_tokens = "refresh"

    def __init__(
        self,
        store: Store,
        clock: Clock,
        connections: Connections,
        rotation: Callable[[], Rotation] = Rotation,
    ) -> None:
        super().__init__(store, clock, rotation, TABLES)
        self._connections = connections

    def issue_code(self, consent: Consent) -> str:
        """Return a code that can be exchanged once, within five minutes."""
        code = secrets.token_urlsafe(32)
        self._store.run(
            "INSERT INTO xero_codes VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                code,
                consent.person,
                consent.redirect_uri,
                consent.scope,
                consent.event_id,
                consent.challenge,
                self._now() + CODE_LIFETIME_S,
            ],
        )
        return code

    def spend_code(self, code: str) -> Consent:
        """Return what a code stands for; raise GrantRefused when it is spent or old."""
        columns = "expires_at, person, redirect_uri, scope, event_id, challenge"
        known = self._spend(code, columns)
        if known is None or float(str(known[0])) <= self._now():
            raise GrantRefused
        _, person, redirect_uri, scope, event_id, challenge = known
        kept = None if challenge is None else str(challenge)
        return Consent(int(str(person)), str(redirect_uri), str(scope), str(event_id), kept)

    def open(self, person: int, scope: str, event_id: str) -> Tokens:
        """Make a further token set."""
        with self._store.transaction():
            grant_id = self._store.run(
                "INSERT INTO xero_grants (person, scope, event_id) VALUES (?, ?, ?)",
                [person, scope, event_id],
            )
            return self._tokens(grant_id)

    def refresh(self, refresh_token: str) -> Tokens:
        """Return new tokens; the refresh token before them works for another half hour.

        That the grace counts from the first use, and that a use within it gives yet another
        new token, is a guess.
        """
        now = self._now()
        with self._store.transaction():
            known = self._store.rows(
                "SELECT grant_id FROM xero_refresh WHERE token = ? AND ends_at > ?",
                [refresh_token, now],
            )
            if not known:
                raise GrantRefused
            grant_id = int(str(known[0][0]))
            self._store.run("DELETE FROM xero_refresh WHERE ends_at <= ?", [now])
            if not self._rotation().renews(usually=True):
                return self._tokens(grant_id, refresh_token)
            self._store.run(
                "UPDATE xero_refresh SET is_newest = 0, ends_at = min(ends_at, ?)"
                " WHERE grant_id = ? AND is_newest",
                [now + self._rotation().grace(GRACE_S), grant_id],
            )
            return self._tokens(grant_id)

    def bearer(self, access_token: str) -> Bearer | None:
        """Return whom an access token speaks for; None if there never was such a token."""
        known = self._store.rows(
            "SELECT person, scope, expires_at FROM xero_access JOIN xero_grants"
            " ON id = grant_id WHERE token = ?",
            [access_token],
        )
        if not known:
            return None
        person, scope, expires_at = known[0]
        ends = float(str(expires_at))
        return Bearer(int(str(person)), frozenset(str(scope).split()), ends, ends <= self._now())

    def revoke(self, refresh_token: str) -> None:
        """End a token set and, as Xero does, all connections of its person."""
        with self._store.transaction():
            known = self._store.rows(
                "SELECT id, person FROM xero_grants JOIN xero_refresh ON id = grant_id"
                " WHERE token = ?",
                [refresh_token],
            )
            for grant_id, person in known:
                self._connections.end_all_of(int(str(person)))
                self._end(grant_id)

    def end_all(self) -> None:
        """Revoke everything of everybody."""
        with self._store.transaction():
            super().end_all()
            self._connections.end_all()

    def _tokens(self, grant_id: int, refresh_token: str | None = None) -> Tokens:
        now = self._now()
        ((person, scope, event_id),) = self._store.rows(
            "SELECT person, scope, event_id FROM xero_grants WHERE id = ?", [grant_id]
        )
        claims = {
            "sub": f"person-{int(str(person))}",
            "authentication_event_id": event_id,
            "scope": str(scope).split(),
            "jti": uuid.uuid4().hex.upper(),
        }
        access_token = make_jwt(claims, now, ACCESS_LIFETIME_S)
        is_named = "openid" in str(scope).split()
        id_token = make_jwt({"sub": claims["sub"]}, now, CODE_LIFETIME_S) if is_named else None
        self._store.run("DELETE FROM xero_access WHERE expires_at < ?", [now - REMEMBERED_S])
        self._add_access(access_token, grant_id, now + ACCESS_LIFETIME_S)
        if refresh_token is None and "offline_access" in str(scope).split():
            refresh_token = secrets.token_urlsafe(32)
            self._store.run(
                "INSERT INTO xero_refresh VALUES (?, ?, ?, 1)",
                [refresh_token, grant_id, now + REFRESH_LIFETIME_S],
            )
        return Tokens(access_token, refresh_token, str(scope), id_token)
