"""The identity server of Xero: consent, tokens, revocation, discovery.

Sources: XeroAPI/Xero-OpenAPI e952d0b, xero-python 15.2.0, developer.xero.com/faq/oauth2; read
2026-11-22. The server's wording of a refusal is hardly ever a description.
"""

import secrets
from collections.abc import Callable
from dataclasses import asdict

from flask import Blueprint, Response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from sandbox.consent import (
    asks_for_other_challenge,
    is_client,
    matches_challenge,
    problem_of_app,
    unstored,
)
from sandbox.faults import Call
from sandbox.redirects import leads_to_this_machine, with_query
from sandbox.traffic import Switchboard
from sandbox.xero.books import Books
from sandbox.xero.connections import PERSON_OF_THE_PAGE, Connections
from sandbox.xero.grants import ACCESS_LIFETIME_S, Consent, GrantRefused, Grants, Tokens
from sandbox.xero.jwt import CLIENT_ID
from sandbox.xero.tenants import ORGANISATION, TENANTS

OAUTH_ENDPOINTS: tuple[str, ...] = ("token", "revoke")
CLIENT_SECRET = "sandbox-xero-secret"  # noqa: S105 - of the imitation, known to all
SCOPES = {
    "offline_access",
    "openid",
    "profile",
    "email",
    "accounting.contacts",
    "accounting.contacts.read",
    "accounting.settings.read",
}


class OAuth:
    """Registers the pages and endpoints on the blueprint."""

    def __init__(
        self, books: Books, connections: Connections, grants: Grants, switchboard: Switchboard
    ) -> None:
        self._books = books
        self._connections = connections
        self._grants = grants
        self._switchboard = switchboard

    def register(self, blueprint: Blueprint) -> None:
        """Add the paths, as the real ones are below their host names."""
        add = blueprint.add_url_rule
        add("/identity/connect/authorize", view_func=self.consent_page, methods=["GET"])
        add("/identity/connect/authorize", view_func=self.decide, methods=["POST"])
        add("/connect/token", view_func=self.token, methods=["POST"])
        add("/connect/revocation", view_func=self.revoke, methods=["POST"])
        add("/.well-known/openid-configuration", view_func=_discovery)

    def consent_page(self) -> tuple[str, int]:
        """Ask the person which organisations may be read; the first one is ticked."""
        problem = _problem_of_request()
        if problem is not None:
            return render_template("consent_refused.html", problem=problem), 400
        tenants = [
            (tenant, self._books.expected_size(tenant) if tenant.kind == ORGANISATION else None)
            for tenant in TENANTS
        ]
        shown = render_template("xero_consent.html", title="Xero", vendor="Xero", tenants=tenants)
        return shown, 200

    def decide(self) -> AnyResponse | tuple[str, int]:
        """Send the person back with a code, or with the refusal."""
        problem = _problem_of_request()
        chosen = request.form.getlist("company")
        tenants = [tenant for tenant in TENANTS if tenant.account_id in chosen]
        is_denied = bool(request.form.get("deny"))
        if problem is None and not is_denied and (len(tenants) < len(set(chosen)) or not tenants):
            problem = "Choose at least one organisation."
        if problem is not None:
            return render_template("consent_refused.html", problem=problem), 400
        address, state = request.args["redirect_uri"], request.args.get("state")
        kept = {"state": state} if state is not None else {}
        if is_denied:
            return redirect(with_query(address, error="access_denied", **kept), 302)
        event_id = self._connections.share(PERSON_OF_THE_PAGE, tenants)
        scope, challenge = request.args["scope"], request.args.get("code_challenge")
        code = self._grants.issue_code(
            Consent(PERSON_OF_THE_PAGE, address, scope, event_id, challenge or None)
        )
        # That scope and session come back too was not seen in a source; apps have to bear it.
        more = {"scope": scope, **kept, "session_state": secrets.token_urlsafe(16)}
        return redirect(with_query(address, code=code, **more), 302)

    def token(self) -> Response:
        """Exchange a code or a refresh token."""
        label = f"POST /connect/token {request.form.get('grant_type', '')[:20]}"
        call = Call("xero", "token", label, is_api=False)
        return self._switchboard.serve(call, lambda: _for_client(self._token))

    def revoke(self) -> Response:
        """End a token set and all connections of its person; a worthless token is fine too."""
        call = Call("xero", "revoke", "POST /connect/revocation", is_api=False)
        return self._switchboard.serve(call, lambda: _for_client(self._revoke))

    def _token(self) -> Response:
        grant_type = request.form.get("grant_type")
        try:
            if grant_type == "authorization_code":
                return self._exchanged()
            if grant_type == "refresh_token":
                return _token_answer(self._grants.refresh(request.form.get("refresh_token", "")))
        except GrantRefused:
            return oauth_error("invalid_grant")
        return oauth_error("unsupported_grant_type")

    def _exchanged(self) -> Response:
        consent = self._grants.spend_code(request.form.get("code", ""))
        if request.form.get("redirect_uri") != consent.redirect_uri:
            raise GrantRefused
        if not _proves(request.form.get("code_verifier"), consent.challenge):
            raise GrantRefused
        tokens = self._grants.open(consent.person, consent.scope, consent.event_id)
        return _token_answer(tokens)

    def _revoke(self) -> Response:
        token = request.form.get("token")
        if not token:
            return oauth_error("invalid_request")
        self._grants.revoke(token)
        return Response(status=200)


def oauth_error(error: str, *, status: int = 400) -> Response:
    """Return an error of the identity server, which comes without a description."""
    return unstored({"error": error}, status=status)


def _proves(verifier: str | None, challenge: str | None) -> bool:
    """Check PKCE: whoever began with a challenge has to end with its verifier, and only they."""
    if challenge is None or not verifier:
        return challenge is None and not verifier
    return matches_challenge(challenge, verifier)


def _for_client(respond: Callable[[], Response]) -> Response:
    """Let only the registered client in, by a Basic header or by the form."""
    if is_client(CLIENT_ID, CLIENT_SECRET, request.form):
        return respond()
    return oauth_error("invalid_client")


def _token_answer(tokens: Tokens) -> Response:
    body = {"expires_in": ACCESS_LIFETIME_S, "token_type": "Bearer"}
    body |= {key: value for key, value in asdict(tokens).items() if value is not None}
    response = unstored(body)
    response.headers["Cache-Control"] = "no-store, no-cache, max-age=0"
    return response


def _problem_of_request() -> str | None:
    """Say what is wrong with an authorization request; such a one never leads back."""
    scopes = set(request.args.get("scope", "").split())
    problem = problem_of_app(CLIENT_ID, leads_to_this_machine)
    if problem is not None:
        return problem
    if not scopes or not scopes <= SCOPES:
        return "The app asks for a scope it may not have."
    if asks_for_other_challenge():
        return "The challenge has to be made with S256."
    return None


def _discovery() -> dict[str, object]:
    """Describe the endpoints; which fields the real document has is from memory."""
    base = request.host_url.rstrip("/") + "/xero"
    return {
        "issuer": base,
        "authorization_endpoint": f"{base}/identity/connect/authorize",
        "token_endpoint": f"{base}/connect/token",
        "revocation_endpoint": f"{base}/connect/revocation",
        "jwks_uri": f"{base}/.well-known/openid-configuration/jwks",
        "scopes_supported": sorted(SCOPES),
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "code_challenge_methods_supported": ["S256"],
    }
