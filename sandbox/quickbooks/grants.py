"""Codes, access tokens and refresh tokens of QuickBooks, with their lifetimes.

Sources: intuit/oauth-jsclient 2685393 and its issue 74 (rotation about once a day, the old
refresh token dies), blogs.intuit.com 2025-11-12 (five years at most), intuit-oauth 1.2.6.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.clock import Clock
from sandbox.grant_tables import RotatingGrants
from sandbox.rotation import Rotation
from sandbox.store import Store

CODE_LIFETIME_S = 600
ACCESS_LIFETIME_S = 3600
ROTATION_S = 24 * 3600
REFRESH_LIFETIME_S = 8_726_400
HARD_LIFETIME_S = 5 * 365 * 24 * 3600
TABLES = (
    "CREATE TABLE IF NOT EXISTS quickbooks_codes (code TEXT PRIMARY KEY, realm TEXT NOT NULL,"
    " redirect_uri TEXT NOT NULL, expires_at REAL NOT NULL)",
    "CREATE TABLE IF NOT EXISTS quickbooks_grants (id INTEGER PRIMARY KEY, realm TEXT NOT NULL,"
    " refresh_token TEXT NOT NULL UNIQUE, rotated_at REAL NOT NULL, refresh_ends_at REAL NOT NULL,"
    " hard_ends_at REAL NOT NULL)",
    # Only a switch of the control room ever lets a former refresh token work on.
    "CREATE TABLE IF NOT EXISTS quickbooks_former (refresh_token TEXT PRIMARY KEY, grant_id"
    " INTEGER NOT NULL, ends_at REAL NOT NULL)",
    "CREATE TABLE IF NOT EXISTS quickbooks_access (token TEXT PRIMARY KEY, grant_id INTEGER"
    " NOT NULL REFERENCES quickbooks_grants(id), expires_at REAL NOT NULL)",
)


class GrantRefused(Exception):
    """The token endpoint answers 400 invalid_grant with this description."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the token endpoint hands out; lifetimes in seconds."""

    realm: str
    access_token: str
    refresh_token: str
    refresh_lifetime_s: int
    hard_lifetime_s: int


class Grants(RotatingGrants):
    """All grants there are; one never ends another."""

    provider = "quickbooks"

    def __init__(
        self, store: Store, clock: Clock, rotation: Callable[[], Rotation] = Rotation
    ) -> None:
        super().__init__(store, clock, rotation, TABLES)

    def issue_code(self, realm: str, redirect_uri: str) -> str:
        """Return a code that can be exchanged once, within ten minutes."""
        code = "AB1" + secrets.token_urlsafe(30)
        self._store.run(
            "INSERT INTO quickbooks_codes VALUES (?, ?, ?, ?)",
            [code, realm, redirect_uri, self._now() + CODE_LIFETIME_S],
        )
        return code

    def exchange_code(self, code: str, redirect_uri: str) -> Tokens:
        """Spend a code; raise GrantRefused when it is spent, old or of another address."""
        known = self._spend(code, "realm, redirect_uri, expires_at")
        if known is None or known[1] != redirect_uri or float(str(known[2])) <= self._now():
            raise GrantRefused("Invalid authorization code")
        return self.open(str(known[0]))

    def open(self, realm: str) -> Tokens:
        """Make a further grant for a realm."""
        now = self._now()
        with self._store.transaction():
            refresh_token = _new_refresh_token()
            grant_id = self._store.run(
                "INSERT INTO quickbooks_grants (realm, refresh_token, rotated_at, refresh_ends_at,"
                " hard_ends_at) VALUES (?, ?, ?, ?, ?)",
                [realm, refresh_token, now, now + REFRESH_LIFETIME_S, now + HARD_LIFETIME_S],
            )
            return self._tokens(grant_id)

    def refresh(self, refresh_token: str) -> Tokens:
        """Return a new access token, and once a day a new refresh token; the old one then dies."""
        now = self._now()
        with self._store.transaction():
            known = self._store.rows(
                "SELECT id, rotated_at, refresh_token FROM quickbooks_grants WHERE (refresh_token"
                " = ? OR id IN (SELECT grant_id FROM quickbooks_former WHERE refresh_token = ?"
                " AND ends_at > ?)) AND refresh_ends_at > ? AND hard_ends_at > ?",
                [refresh_token, refresh_token, now, now, now],
            )
            if not known:
                raise GrantRefused(self._why_not(refresh_token))
            grant_id, rotated_at = int(str(known[0][0])), float(str(known[0][1]))
            if self._rotation().renews(usually=now - rotated_at >= ROTATION_S):
                self._rotate(grant_id, str(known[0][2]))
            return self._tokens(grant_id)

    def _rotate(self, grant_id: int, former: str) -> None:
        now = self._now()
        self._retire(former, grant_id)
        self._store.run(
            "UPDATE quickbooks_grants SET refresh_token = ?, rotated_at = ?,"
            " refresh_ends_at = ? WHERE id = ?",
            [_new_refresh_token(), now, now + REFRESH_LIFETIME_S, grant_id],
        )

    def realm_of(self, access_token: str) -> str | None:
        """Return the realm a living access token belongs to."""
        known = self._store.rows(
            "SELECT realm FROM quickbooks_access JOIN quickbooks_grants ON id = grant_id"
            " WHERE token = ? AND expires_at > ?",
            [access_token, self._now()],
        )
        return str(known[0][0]) if known else None

    def _tokens(self, grant_id: int) -> Tokens:
        access_token = "eyJ" + secrets.token_urlsafe(60)
        now = self._now()
        self._store.run("DELETE FROM quickbooks_access WHERE expires_at < ?", [now - ROTATION_S])
        self._add_access(access_token, grant_id, now + ACCESS_LIFETIME_S)
        (realm, refresh_token, soft, hard), *_ = self._store.rows(
            "SELECT realm, refresh_token, refresh_ends_at, hard_ends_at FROM quickbooks_grants"
            " WHERE id = ?",
            [grant_id],
        )
        lifetimes = (round(float(str(end)) - now) for end in (soft, hard))
        return Tokens(str(realm), access_token, str(refresh_token), *lifetimes)

    def _why_not(self, token: str) -> str:
        """Return the description: QuickBooks tells an access token from a worthless one."""
        known = self._store.rows("SELECT 1 FROM quickbooks_access WHERE token = ?", [token])
        return "Incorrect Token type or clientID" if known else "Incorrect or invalid refresh token"


def _new_refresh_token() -> str:
    return f"RT1-{secrets.randbelow(900) + 100}-H0-{secrets.token_hex(20)}"
