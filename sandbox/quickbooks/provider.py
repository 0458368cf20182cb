"""QuickBooks as the control room sees it."""

from collections.abc import Mapping

from flask import Blueprint, Response

from sandbox.clock import Clock
from sandbox.errors import WrongInput
from sandbox.limits import LimitKind, Limits, Remaining
from sandbox.provider import CHANGES
from sandbox.quickbooks.answers import injected_fault
from sandbox.quickbooks.api import API_ENDPOINTS, Api
from sandbox.quickbooks.books import Books
from sandbox.quickbooks.changes import LifeGoesOn
from sandbox.quickbooks.grants import ACCESS_LIFETIME_S, Grants
from sandbox.quickbooks.listing import listed_rows, make_empty, spoil_count
from sandbox.quickbooks.oauth import (
    CLIENT_ID,
    CLIENT_SECRET,
    OAUTH_ENDPOINTS,
    OAuth,
    may_redirect,
    oauth_error,
)
from sandbox.store import Store
from sandbox.traffic import Switchboard

USUAL_REDIRECT = "http://127.0.0.1:5000/settings/integrations/quickbooks/callback"


class QuickBooks:
    """Books, grants and the paths under /quickbooks."""

    name = "quickbooks"
    title = "QuickBooks"
    vendor = "Intuit"
    api_endpoints = API_ENDPOINTS
    oauth_endpoints = OAUTH_ENDPOINTS
    change_kinds = CHANGES
    # Per realm and app: blogs.intuit.com 2016-08-08, enforced since 2019; read 2026-11-22.
    limits = Limits(concurrent=10, per_minute=500)

    def __init__(self, store: Store, switchboard: Switchboard, clock: Clock) -> None:
        self._clock = clock
        self._books = Books(store, clock)
        self._grants = Grants(store, clock, lambda: switchboard.rotation(self.name))
        self.blueprint = Blueprint(self.name, __name__, url_prefix="/quickbooks")
        Api(self._books, self._grants, switchboard, clock).register(self.blueprint)
        OAuth(self._books, self._grants, switchboard).register(self.blueprint)

    def census(self, account: str | None = None) -> dict[str, int]:
        """Count the customers of a realm by kind."""
        return self._books.open(account).census()

    def reset(self, account: str | None, size: int | None, seed: int | None) -> None:
        """Make new customers, which only change data tell; grants stay as they are."""
        self._books.reset(account, size, seed)

    def change(self, account: str | None, wishes: Mapping[str, int]) -> dict[str, object]:
        """Change a realm; deleting is deactivating, which only its change data tell apart."""
        with self._books.changing(account) as book:
            life = LifeGoesOn(book, self._clock())
            done = life.run(wishes)
            self._books.save(book, life.changed)
        return {"realm": book.account.account_id, **{kind: done[kind] for kind in CHANGES}}

    def grant(self, account: str | None, redirect_uri: str | None) -> dict[str, object]:
        """Issue tokens as the consent page would have led to."""
        if redirect_uri is not None and not may_redirect(redirect_uri):
            raise WrongInput("“redirect_uri” must be on this machine.")
        company = self._books.account_of(account)
        tokens = self._grants.open(company.account_id)
        return {
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "redirect_uri": redirect_uri or USUAL_REDIRECT,
            "access_token": tokens.access_token,
            "expires_in": ACCESS_LIFETIME_S,
            "refresh_token": tokens.refresh_token,
            "x_refresh_token_expires_in": tokens.refresh_lifetime_s,
            "realm_id": tokens.realm,
            "company_name": company.name,
        }

    def expire_access_tokens(self) -> None:
        """Make every access token answer 401 until it is refreshed."""
        self._grants.expire_access_tokens()

    def end_grants(self) -> None:
        """Make refreshing answer invalid_grant as well."""
        self._grants.end_all()

    def refusal(self, endpoint: str, status: int) -> Response:
        """Return what QuickBooks sends with such a status at such an endpoint."""
        if endpoint in OAUTH_ENDPOINTS and status == 400:
            return oauth_error("invalid_grant", "Incorrect or invalid refresh token")
        if endpoint in OAUTH_ENDPOINTS and status == 401:
            return oauth_error("invalid_client", status=401)
        return injected_fault(status, self._clock())

    def limit_refusal(self, kind: LimitKind, retry_after_s: int) -> Response:
        """Return the 429 of QuickBooks: one body for every limit, and no Retry-After."""
        return injected_fault(429, self._clock())

    def tell_remaining(self, response: Response, remaining: Remaining) -> None:
        """Say nothing: QuickBooks does not tell what is left."""

    def scope_refusal(self) -> Response:
        """Return 403 with 3100; there is one scope, so a lost one is a lost permission."""
        return injected_fault(403, self._clock())

    def listed_rows(self, answer: dict[str, object]) -> list[dict[str, object]] | None:
        """Find the customers of a query or of change data."""
        return listed_rows(answer)

    def spoil_count(self, answer: dict[str, object], lie: int) -> None:
        """Change `totalCount`, which only counts and change data have."""
        spoil_count(answer, lie)

    def make_empty(self, answer: dict[str, object]) -> None:
        """Leave out the list, as QuickBooks does past the end; a count becomes 0."""
        make_empty(answer)

    def delete_listed(self, account: str, row: Mapping[str, object]) -> bool:
        """Deactivate a customer that a page just showed; only counted ones can be."""
        with self._books.changing(account) as book:
            changed = LifeGoesOn(book, self._clock()).delete(int(str(row["Id"])))
            self._books.save(book, changed)
        return bool(changed)
