"""The reading calls of FreshBooks this imitation offers: users/me, clients, one client."""

from collections.abc import Callable

from flask import Blueprint, Response, request

from sandbox.faults import Call
from sandbox.freshbooks.answers import (
    answer_value,
    bad_parameter,
    client_not_found,
    no_permission,
    result,
    unauthenticated,
)
from sandbox.freshbooks.books import ACCOUNTS, Book, Books
from sandbox.freshbooks.clients import shown
from sandbox.freshbooks.grants import CLIENTS_SCOPE, Grants, Permission
from sandbox.freshbooks.identity import accounts_of, describe_person
from sandbox.freshbooks.listing import ParameterRefused, choose, read_page, read_question
from sandbox.spoiling import shown_account
from sandbox.traffic import Switchboard

API_ENDPOINTS: tuple[str, ...] = ("clients", "client", "me")
LONGEST_LABEL = 200


class Api:
    """Registers the calls on the blueprint."""

    def __init__(self, books: Books, grants: Grants, switchboard: Switchboard) -> None:
        self._books = books
        self._grants = grants
        self._switchboard = switchboard

    def register(self, blueprint: Blueprint) -> None:
        """Add the paths, as the real ones are below the host name."""
        clients = "/accounting/account/<account_id>/users/clients"
        blueprint.add_url_rule(clients, view_func=self.clients)
        blueprint.add_url_rule(f"{clients}/<client_id>", view_func=self.client)
        blueprint.add_url_rule("/auth/api/v1/users/me", view_func=self.me)

    def me(self) -> Response:
        """Describe the person and their businesses."""
        call = Call("freshbooks", "me", "users/me", is_api=True)
        return self._switchboard.serve(call, lambda: self._for_person(_me))

    def clients(self, account_id: str) -> Response:
        """List clients, a page at a time."""
        label = f"clients {request.query_string.decode(errors='replace')}"[:LONGEST_LABEL]
        page = _page_number()
        call = Call("freshbooks", "clients", label, is_api=True, page=page, account=account_id)
        return self._serve(call, account_id, _listed)

    def client(self, account_id: str, client_id: str) -> Response:
        """Return one client, in whatever state it is."""
        label = f"client {client_id[:20]}"
        call = Call("freshbooks", "client", label, is_api=True, account=account_id)
        return self._serve(call, account_id, lambda book: _one(book, client_id))

    def _serve(self, call: Call, account_id: str, respond: Callable[[Book], Response]) -> Response:
        return self._switchboard.serve(
            call,
            lambda: self._for_person(lambda allowed: self._within(allowed, account_id, respond)),
        )

    def _for_person(self, respond: Callable[[Permission], Response]) -> Response:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        is_bearer = scheme.lower() == "bearer"
        allowed = self._grants.permission_of(token.strip()) if is_bearer else None
        return unauthenticated() if allowed is None else respond(allowed)

    def _within(
        self, allowed: Permission, account_id: str, respond: Callable[[Book], Response]
    ) -> Response:
        readable = accounts_of(allowed.businesses)
        if CLIENTS_SCOPE not in allowed.scope.split() or account_id not in readable:
            return no_permission()
        known = [account.account_id for account in ACCOUNTS]
        return respond(self._books.open(shown_account(account_id, known)))


def _me(allowed: Permission) -> Response:
    return answer_value(describe_person(allowed.businesses))


def _listed(book: Book) -> Response:
    try:
        page, question = read_page(request.args), read_question(request.args)
    except ParameterRefused as refused:
        return bad_parameter(refused.field, refused.value, str(refused))
    chosen = choose(book, question)
    start = (page.number - 1) * page.per_page
    includes = request.args.getlist("include[]")
    return result(
        {
            "clients": [
                shown(client, book.account.account_id, includes)
                for client in chosen[start : start + page.per_page]
            ],
            "page": page.number,
            "pages": -(-len(chosen) // page.per_page),
            "per_page": page.per_page,
            "total": len(chosen),
        }
    )


def _one(book: Book, client_id: str) -> Response:
    is_number = client_id.isascii() and client_id.isdigit()
    client = book.find(int(client_id)) if is_number else None
    if client is None:
        return client_not_found(client_id)
    includes = request.args.getlist("include[]")
    return result({"client": shown(client, book.account.account_id, includes)})


def _page_number() -> int | None:
    """Return which page is asked for; None for nonsense."""
    try:
        return read_page(request.args).number
    except ParameterRefused:
        return None
