"""The OAuth pages and endpoints of QuickBooks: consent, tokens, revocation, discovery.

Sources: intuit-oauth 1.2.6, intuit/oauth-jsclient 2685393; PKCE is not offered, so its
parameters are ignored.
"""

from collections.abc import Callable

from flask import Blueprint, Response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from sandbox.consent import is_client, problem_of_app, unstored
from sandbox.faults import Call
from sandbox.quickbooks.books import COMPANIES, Books
from sandbox.quickbooks.grants import ACCESS_LIFETIME_S, GrantRefused, Grants, Tokens
from sandbox.redirects import leads_to_this_machine, with_query
from sandbox.traffic import Switchboard

OAUTH_ENDPOINTS: tuple[str, ...] = ("token", "revoke")
CLIENT_ID = "sandbox-quickbooks-client"
CLIENT_SECRET = "sandbox-quickbooks-secret"  # noqa: S105 - of the imitation, known to all
SCOPES = {"com.intuit.quickbooks.accounting", "openid", "profile", "email", "phone", "address"}
REGISTERED_REDIRECTS = ("https://developer.intuit.com/v2/OAuth2Playground/RedirectUrl",)
HARD_EXPIRY_HEADER = "x-include-refresh-token-hard-expires-in"


class OAuth:
    """Registers the pages and endpoints on the blueprint."""

    def __init__(self, books: Books, grants: Grants, switchboard: Switchboard) -> None:
        self._books = books
        self._grants = grants
        self._switchboard = switchboard

    def register(self, blueprint: Blueprint) -> None:
        """Add the paths, as the real ones are below their host names."""
        add = blueprint.add_url_rule
        add("/connect/oauth2", view_func=self.consent_page, methods=["GET"])
        add("/connect/oauth2", view_func=self.decide, methods=["POST"])
        add("/oauth2/v1/tokens/bearer", view_func=self.token, methods=["POST"])
        add("/v2/oauth2/tokens/revoke", view_func=self.revoke, methods=["POST"])
        for name in ("openid_configuration", "openid_sandbox_configuration"):
            add(f"/.well-known/{name}/", endpoint=name, view_func=_discovery)

    def consent_page(self) -> tuple[str, int]:
        """Ask the person which company may be read."""
        problem = _problem_of_request()
        if problem is not None:
            return render_template("consent_refused.html", problem=problem), 400
        companies = [(company, self._books.expected_size(company)) for company in COMPANIES]
        return render_template(
            "consent.html", title="QuickBooks", vendor="Intuit", companies=companies
        ), 200

    def decide(self) -> AnyResponse | tuple[str, int]:
        """Send the person back with a code, or with the refusal."""
        problem = _problem_of_request()
        realm = request.form.get("company", "")
        if problem is None and realm not in [company.account_id for company in COMPANIES]:
            problem = "No such company."
        if problem is not None:
            return render_template("consent_refused.html", problem=problem), 400
        redirect_uri, state = request.args["redirect_uri"], request.args["state"]
        if request.form.get("deny"):
            return redirect(with_query(redirect_uri, error="access_denied", state=state), 302)
        code = self._grants.issue_code(realm, redirect_uri)
        return redirect(with_query(redirect_uri, code=code, state=state, realmId=realm), 302)

    def token(self) -> Response:
        """Exchange a code or a refresh token."""
        label = f"POST /oauth2/v1/tokens/bearer {request.form.get('grant_type', '')[:20]}"
        call = Call("quickbooks", "token", label, is_api=False)
        return self._switchboard.serve(call, lambda: _for_client(self._token))

    def revoke(self) -> Response:
        """End a grant; the token comes as JSON here."""
        call = Call("quickbooks", "revoke", "POST /v2/oauth2/tokens/revoke", is_api=False)
        return self._switchboard.serve(call, lambda: _for_client(self._revoke))

    def _token(self) -> Response:
        grant_type = request.form.get("grant_type")
        try:
            if grant_type == "authorization_code":
                code, address = request.form.get("code", ""), request.form.get("redirect_uri", "")
                return _token_answer(self._grants.exchange_code(code, address))
            if grant_type == "refresh_token":
                token = request.form.get("refresh_token", "")
                return _token_answer(self._grants.refresh(token))
        except GrantRefused as refused:
            return oauth_error("invalid_grant", str(refused))
        return oauth_error("unsupported_grant_type")

    def _revoke(self) -> Response:
        sent = request.get_json(silent=True) if request.is_json else None
        token = sent.get("token") if isinstance(sent, dict) else None
        if not isinstance(token, str):
            return oauth_error("invalid_request")
        return Response(status=200) if self._grants.revoke(token) else oauth_error("invalid_grant")


def oauth_error(error: str, description: str | None = None, *, status: int = 400) -> Response:
    """Return an error of the token endpoint."""
    body = {"error": error} | ({"error_description": description} if description else {})
    return unstored(body, status=status)


def _for_client(respond: Callable[[], Response]) -> Response:
    """Let only the registered client in; it has to use a Basic header."""
    if is_client(CLIENT_ID, CLIENT_SECRET):
        return respond()
    return oauth_error("invalid_client", status=401)


def _token_answer(tokens: Tokens) -> Response:
    body: dict[str, object] = {
        "token_type": "bearer",
        "access_token": tokens.access_token,
        "expires_in": ACCESS_LIFETIME_S,
        "refresh_token": tokens.refresh_token,
        "x_refresh_token_expires_in": tokens.refresh_lifetime_s,
    }
    if request.headers.get(HARD_EXPIRY_HEADER, "").lower() == "true":
        body["x_refresh_token_hard_expires_in"] = tokens.hard_lifetime_s
    return unstored(body)


def _problem_of_request() -> str | None:
    """Say what is wrong with an authorization request; such a one never leads back."""
    scopes = set(request.args.get("scope", "").split())
    problem = problem_of_app(CLIENT_ID, may_redirect)
    if problem is not None:
        return problem
    if "com.intuit.quickbooks.accounting" not in scopes or not scopes <= SCOPES:
        return "The app asks for a scope it may not have."
    if not request.args.get("state"):
        return "The app sent no state."
    return None


def may_redirect(address: str) -> bool:
    """Tell whether a person may be sent there: to this machine, or to a registered address."""
    return address in REGISTERED_REDIRECTS or leads_to_this_machine(address)


def _discovery() -> dict[str, object]:
    """Describe the endpoints; source: intuit-oauth 1.2.6, intuitlib/config.py."""
    base = request.host_url.rstrip("/") + "/quickbooks"
    return {
        "issuer": base,
        "authorization_endpoint": f"{base}/connect/oauth2",
        "token_endpoint": f"{base}/oauth2/v1/tokens/bearer",
        "userinfo_endpoint": f"{base}/v1/openid_connect/userinfo",
        "revocation_endpoint": f"{base}/v2/oauth2/tokens/revoke",
        "jwks_uri": f"{base}/v1/openid_connect/jwks",
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "email", "profile", "address", "phone"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "claims_supported": ["aud", "exp", "iat", "iss", "realmid", "sub"],
    }
