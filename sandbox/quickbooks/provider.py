"""QuickBooks as the control room sees it."""

from collections.abc import Mapping

from flask import Blueprint, Response

from sandbox.clock import Clock
from sandbox.errors import WrongInput
from sandbox.imitation import Imitation
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
from sandbox.quickbooks.rows import Row
from sandbox.store import Store
from sandbox.traffic import Switchboard

USUAL_REDIRECT = "http://127.0.0.1:5000/settings/integrations/quickbooks/callback"


class QuickBooks(Imitation[Books, Grants]):
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
        books = Books(store, clock)
        grants = Grants(store, clock, lambda: switchboard.rotation(self.name))
        super().__init__(clock, books, grants, LifeGoesOn)
        self.blueprint = Blueprint(self.name, __name__, url_prefix="/quickbooks")
        Api(books, grants, switchboard, clock).register(self.blueprint)
        OAuth(books, grants, switchboard).register(self.blueprint)

    def listed_key(self, row: Mapping[str, object]) -> int | str:
        """Return the id."""
        return int(str(row["Id"]))

    def record(self, row: Row) -> Mapping[str, object]:
        """Return the whole customer."""
        return row.customer()

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
