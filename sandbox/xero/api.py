"""The calls of Xero this imitation offers: connections and contacts."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime

from flask import Blueprint, Response, jsonify, request

from sandbox.clock import Clock
from sandbox.faults import Call
from sandbox.spoiling import shown_account
from sandbox.traffic import Switchboard
from sandbox.xero.answers import (
    contacts_answer,
    forbidden,
    not_found,
    query_parse_exception,
    scope_missing,
    token_expired,
    unauthorized,
    validation_exception,
)
from sandbox.xero.books import Book, Books
from sandbox.xero.connections import Connections
from sandbox.xero.grants import Bearer, Grants
from sandbox.xero.listing import ParameterRefused, page_of, read_listing
from sandbox.xero.tenants import ORGANISATION, ORGANISATIONS, Tenant, tenant_of
from sandbox.xero.where import QueryRefused

API_ENDPOINTS: tuple[str, ...] = ("contacts", "connections")
READING_SCOPES = {"accounting.contacts", "accounting.contacts.read"}
LONGEST_LABEL = 200
TENANT_IDS = tuple(tenant.account_id for tenant in ORGANISATIONS)
# Of the 10,000 calls a minute an app has over all tenants; not enforced here.
APP_MINUTE_REMAINING = 9999


class Api:
    """Registers the calls on the blueprint."""

    def __init__(
        self,
        books: Books,
        connections: Connections,
        grants: Grants,
        switchboard: Switchboard,
        clock: Clock,
    ) -> None:
        self._books = books
        self._connections = connections
        self._grants = grants
        self._switchboard = switchboard
        self._clock = clock

    def register(self, blueprint: Blueprint) -> None:
        """Add the paths; the specification writes /Connections, the guides /connections."""
        add = blueprint.add_url_rule
        for name in ("connections", "Connections"):
            add(f"/{name}", endpoint=name, view_func=self.connections)
            add(
                f"/{name}/<connection_id>",
                endpoint=f"end {name}",
                view_func=self.end_connection,
                methods=["DELETE"],
            )
        add("/api.xro/2.0/Contacts", view_func=self.contacts)
        add("/api.xro/2.0/Contacts/<contact_id>", view_func=self.contact)
        blueprint.after_request(_add_headers)

    def connections(self) -> Response:
        """List what the person of the token shared; no tenant and no scope is needed."""
        return self._serve_person("GET connections", self._listed)

    def end_connection(self, connection_id: str) -> Response:
        """Take one tenant away; the other ones and the tokens stay."""
        label = f"DELETE connections {connection_id[:36]}"
        return self._serve_person(label, lambda bearer: self._ended(bearer, connection_id))

    def contacts(self) -> Response:
        """List contacts of the tenant named in the header."""
        page = request.args.get("page", "")
        number = int(page) if page.isascii() and page.isdigit() and len(page) < 10 else None
        asked = request.query_string.decode("ascii", "replace")
        label = f"Contacts {asked}".strip()[:LONGEST_LABEL]
        return self._serve_tenant(label, self._listing, page=number)

    def contact(self, contact_id: str) -> Response:
        """Show one contact, whatever its status."""
        return self._serve_tenant(
            f"Contacts {contact_id[:36]}", lambda book: self._one(book, contact_id)
        )

    def _serve_person(self, label: str, respond: Callable[[Bearer], Response]) -> Response:
        def answer() -> Response:
            bearer = self._bearer()
            return bearer if isinstance(bearer, Response) else respond(bearer)

        return self._switchboard.serve(Call("xero", "connections", label, is_api=True), answer)

    def _serve_tenant(
        self, label: str, respond: Callable[[Book], Response], *, page: int | None = None
    ) -> Response:
        tenant = tenant_of(request.headers.get("Xero-Tenant-Id", "").strip())
        account = tenant.account_id if tenant else ""
        call = Call("xero", "contacts", label, is_api=True, page=page, account=account)
        return self._switchboard.serve(call, lambda: self._behind_gate(tenant, respond))

    def _behind_gate(self, tenant: Tenant | None, respond: Callable[[Book], Response]) -> Response:
        bearer = self._bearer()
        if isinstance(bearer, Response):
            return bearer
        if not bearer.scopes & READING_SCOPES:
            return scope_missing()
        if tenant is None or not self._connections.has(bearer.person, tenant.account_id):
            return forbidden()
        if tenant.kind != ORGANISATION:
            return forbidden()  # A practice has no contacts; what Xero says then is a guess.
        return respond(self._books.open(shown_account(tenant.account_id, TENANT_IDS)))

    def _bearer(self) -> Bearer | Response:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        bearer = self._grants.bearer(token.strip()) if scheme.lower() == "bearer" else None
        if bearer is None:
            return unauthorized("AuthenticationUnsuccessful")
        if bearer.is_expired:
            return token_expired(datetime.fromtimestamp(bearer.expires_at, UTC))
        return bearer

    def _listed(self, bearer: Bearer) -> Response:
        found = self._connections.of(bearer.person, request.args.get("authEventId"))
        return jsonify([connection.as_json() for connection in found])

    def _ended(self, bearer: Bearer, connection_id: str) -> Response:
        if self._connections.end(bearer.person, connection_id.lower()):
            return Response(status=204)
        return not_found()

    def _listing(self, book: Book) -> Response:
        try:
            listing = read_listing(request.args, request.headers.get("If-Modified-Since"))
        except QueryRefused as refused:
            return query_parse_exception(str(refused))
        except ParameterRefused as refused:
            return validation_exception(str(refused))
        return contacts_answer(*page_of(book, listing), self._clock())

    def _one(self, book: Book, contact_id: str) -> Response:
        row = book.find(contact_id.lower())
        if row is None:
            return not_found()
        return contacts_answer([row.body], None, self._clock())


def _add_headers(response: Response) -> Response:
    """Add what every answer carries: a number for support, and the limit of the whole app."""
    response.headers["Xero-Correlation-Id"] = str(uuid.uuid4())
    response.headers.setdefault("X-AppMinLimit-Remaining", str(APP_MINUTE_REMAINING))
    return response
