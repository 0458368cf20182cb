"""Xero as the control room sees it."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response

from sandbox.clock import Clock
from sandbox.errors import WrongInput
from sandbox.imitation import Imitation
from sandbox.limits import LimitKind, Limits, Remaining
from sandbox.provider import CHANGES
from sandbox.redirects import leads_to_this_machine
from sandbox.store import Store
from sandbox.traffic import Switchboard
from sandbox.xero.answers import injected_fault, scope_missing, too_many
from sandbox.xero.api import API_ENDPOINTS, Api
from sandbox.xero.books import Books
from sandbox.xero.changes import LifeGoesOn
from sandbox.xero.connections import Connections
from sandbox.xero.grants import ACCESS_LIFETIME_S, Grants
from sandbox.xero.jwt import CLIENT_ID
from sandbox.xero.oauth import CLIENT_SECRET, OAUTH_ENDPOINTS, OAuth, oauth_error
from sandbox.xero.rows import Row

USUAL_REDIRECT = "http://127.0.0.1:5000/settings/integrations/xero/callback"
USUAL_SCOPE = "offline_access accounting.contacts.read"
NOTE_ON_DELETING = "Xero deletes no contact; what was to be deleted is archived."


class Xero(Imitation[Books, Grants]):
    """Books, grants, connections and the paths under /xero."""

    name = "xero"
    title = "Xero"
    vendor = "Xero"
    api_endpoints = API_ENDPOINTS
    oauth_endpoints = OAUTH_ENDPOINTS
    # A flip makes a customer of somebody who was never invoiced, and moves no date.
    change_kinds: tuple[str, ...] = (*CHANGES, "flip")
    # Per app and tenant: developer.xero.com, "OAuth 2.0 API limits"; read 2026-11-22.
    limits = Limits(concurrent=5, per_minute=60, per_day=5000)

    def __init__(self, store: Store, switchboard: Switchboard, clock: Clock) -> None:
        books = Books(store, clock)
        self._connections = Connections(store, clock)
        grants = Grants(store, clock, self._connections, lambda: switchboard.rotation(self.name))
        super().__init__(clock, books, grants, LifeGoesOn)
        self.blueprint = Blueprint(self.name, __name__, url_prefix="/xero")
        api = Api(books, self._connections, grants, switchboard, clock)
        api.register(self.blueprint)
        oauth = OAuth(books, self._connections, grants, switchboard)
        oauth.register(self.blueprint)

    def listed_key(self, row: Mapping[str, object]) -> int | str:
        """Return the id."""
        return str(row["ContactID"])

    def record(self, row: Row) -> Mapping[str, object]:
        """Return the whole contact."""
        return row.contact()

    def change(self, account: str | None, wishes: Mapping[str, int]) -> dict[str, object]:
        """Change an organisation; nothing is deleted there, so that is archiving, and says so."""
        done = super().change(account, wishes)
        return done | ({"note": NOTE_ON_DELETING} if wishes.get("delete") else {})

    def grant(self, account: str | None, redirect_uri: str | None) -> dict[str, object]:
        """Issue tokens of a person of their own, who shares this organisation only."""
        if redirect_uri is not None and not leads_to_this_machine(redirect_uri):
            raise WrongInput("“redirect_uri” must be on this machine.")
        person = self._connections.new_person()
        event_id = self._connections.share(person, [self._books.account_of(account)])
        tokens = self._grants.open(person, USUAL_SCOPE, event_id)
        return {
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "redirect_uri": redirect_uri or USUAL_REDIRECT,
            "access_token": tokens.access_token,
            "expires_in": ACCESS_LIFETIME_S,
            "refresh_token": tokens.refresh_token,
            "scope": tokens.scope,
            "tenants": [connection.as_json() for connection in self._connections.of(person)],
        }

    def refusal(self, endpoint: str, status: int) -> Response:
        """Return what Xero sends with such a status at such an endpoint."""
        if endpoint in OAUTH_ENDPOINTS and status in (400, 401):
            return oauth_error(
                "invalid_grant" if status == 400 else "invalid_client", status=status
            )
        return injected_fault(status, self._clock())

    def limit_refusal(self, kind: LimitKind, retry_after_s: int) -> Response:
        """Return 429 with the limit that was reached and the seconds to wait."""
        return too_many(kind.value, retry_after_s)

    def tell_remaining(self, response: Response, remaining: Remaining) -> None:
        """Say in headers what the organisation has left."""
        for name, left in (("Min", remaining.minute), ("Day", remaining.day)):
            if left is not None:
                response.headers[f"X-{name}Limit-Remaining"] = str(left)

    def scope_refusal(self) -> Response:
        """Return the 401 that no refreshing cures."""
        return scope_missing()

    def listed_rows(self, answer: dict[str, Any]) -> list[dict[str, object]] | None:
        """Find the contacts."""
        contacts = answer.get("Contacts")
        return contacts if isinstance(contacts, list) else None

    def spoil_count(self, answer: dict[str, Any], lie: int) -> None:
        """Change `itemCount`, which pages have."""
        pagination = answer.get("pagination")
        if isinstance(pagination, dict):
            pagination["itemCount"] = max(0, pagination["itemCount"] + lie)

    def make_empty(self, answer: dict[str, Any]) -> None:
        """Leave an empty list; the counts become 0."""
        if "Contacts" in answer:
            answer["Contacts"] = []
        if isinstance(answer.get("pagination"), dict):
            answer["pagination"] |= {"pageCount": 0, "itemCount": 0}
