"""FreshBooks as the control room sees it."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response

from sandbox.clock import Clock
from sandbox.errors import WrongInput
from sandbox.freshbooks.answers import (
    INVALID_GRANT,
    injected_fault,
    invalid_client,
    no_permission,
    oauth_error,
    too_many_calls,
)
from sandbox.freshbooks.api import API_ENDPOINTS, Api
from sandbox.freshbooks.books import Books
from sandbox.freshbooks.changes import LifeGoesOn
from sandbox.freshbooks.clients import Client
from sandbox.freshbooks.grants import ACCESS_LIFETIME_S, Grants, Permission
from sandbox.freshbooks.identity import business_of
from sandbox.freshbooks.oauth import (
    CLIENT_ID,
    CLIENT_SECRET,
    OAUTH_ENDPOINTS,
    SCOPES,
    OAuth,
    may_redirect,
)
from sandbox.imitation import Imitation
from sandbox.limits import LimitKind, Limits, Remaining
from sandbox.provider import CHANGES
from sandbox.store import Store
from sandbox.traffic import Switchboard

USUAL_REDIRECT = "http://127.0.0.1:5000/settings/integrations/freshbooks/callback"


class FreshBooks(Imitation[Books, Grants]):
    """Books, grants and the paths under /freshbooks."""

    name = "freshbooks"
    title = "FreshBooks"
    vendor = "FreshBooks"
    api_endpoints = API_ENDPOINTS
    oauth_endpoints = OAUTH_ENDPOINTS
    change_kinds = CHANGES
    # FreshBooks documents none and answers 429 all the same. The number at a time is a guess; a
    # number a minute would be one too many, so only the "rate" fault sets it.
    limits = Limits(concurrent=5)

    def __init__(self, store: Store, switchboard: Switchboard, clock: Clock) -> None:
        books = Books(store, clock)
        grants = Grants(store, clock, lambda: switchboard.rotation(self.name))
        super().__init__(clock, books, grants, LifeGoesOn)
        self.blueprint = Blueprint(self.name, __name__, url_prefix="/freshbooks")
        Api(books, grants, switchboard).register(self.blueprint)
        OAuth(grants, switchboard).register(self.blueprint)

    def listed_key(self, row: Mapping[str, object]) -> int | str:
        """Return the id."""
        return int(str(row["id"]))

    def record(self, row: Client) -> Mapping[str, object]:
        """Return the client without what is noise in every answer."""
        return asdict(row)

    def grant(self, account: str | None, redirect_uri: str | None) -> dict[str, object]:
        """Issue tokens for every business, as if all had been ticked on the consent page."""
        if redirect_uri is not None and not may_redirect(redirect_uri):
            raise WrongInput("“redirect_uri” must be on this machine and have no query string.")
        account_id = self._books.account_of(account).account_id
        tokens = self._grants.open(Permission(" ".join(SCOPES)))
        return {
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "redirect_uri": redirect_uri or USUAL_REDIRECT,
            "access_token": tokens.access_token,
            "refresh_token": tokens.refresh_token,
            "expires_in": ACCESS_LIFETIME_S,
            "created_at": tokens.created_at,
            "scope": tokens.scope,
            "account_id": account_id,
            "company_name": business_of(account_id).name,
        }

    def refusal(self, endpoint: str, status: int) -> Response:
        """Return what FreshBooks sends with such a status at such an endpoint."""
        if endpoint in OAUTH_ENDPOINTS and status == 400:
            return oauth_error("invalid_grant", INVALID_GRANT)
        if endpoint in OAUTH_ENDPOINTS and status == 401:
            return invalid_client()
        return injected_fault(status)

    def limit_refusal(self, kind: LimitKind, retry_after_s: int) -> Response:
        """Return what FreshBooks answers when an account is asked about too often."""
        return too_many_calls(retry_after_s)

    def tell_remaining(self, response: Response, remaining: Remaining) -> None:
        """Do nothing: FreshBooks does not tell."""

    def scope_refusal(self) -> Response:
        """Return what FreshBooks answers without the scope; a guess."""
        return no_permission()

    def listed_rows(self, answer: dict[str, object]) -> list[dict[str, object]] | None:
        """Find the clients inside an answer's JSON; None where it lists none."""
        clients = _result(answer).get("clients")
        return clients if isinstance(clients, list) else None

    def spoil_count(self, answer: dict[str, object], lie: int) -> None:
        """Add `lie` to the total of a listing."""
        listed = _result(answer)
        if "total" in listed:
            listed["total"] += lie

    def make_empty(self, answer: dict[str, object]) -> None:
        """Take every client out of a listing; the page stays the one asked for."""
        listed = _result(answer)
        if "clients" in listed:
            listed.update(clients=[], pages=0, total=0)


def _result(answer: Mapping[str, Any]) -> dict[str, Any]:
    response = answer.get("response")
    found = response.get("result") if isinstance(response, dict) else None
    return found if isinstance(found, dict) else {}
