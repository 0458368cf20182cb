"""The OAuth pages and endpoints of FreshBooks: consent, tokens, revocation, discovery.

Sources: InfiniteRoomLabs/freshbooks-tools docs/authentication.md, freshbooks-sdk 1.3.0,
freshbooks.com/api/authentication, read 2026-11-22. FreshBooks lets nobody choose a business: the
grant is the person's, and users/me lists their businesses. So the page of the sandbox asks who
signs in, in the form of the businesses such a person belongs to.
"""

from collections.abc import Callable, Mapping

from flask import Blueprint, Response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from sandbox.consent import asks_for_other_challenge, is_client, problem_of_app
from sandbox.faults import Call
from sandbox.freshbooks.answers import answer_value, invalid_client, oauth_error
from sandbox.freshbooks.grants import (
    ACCESS_LIFETIME_S,
    CLIENTS_SCOPE,
    PROFILE_SCOPE,
    GrantRefused,
    Grants,
    Permission,
    Tokens,
)
from sandbox.freshbooks.identity import BUSINESSES
from sandbox.redirects import leads_to_this_machine, with_query
from sandbox.traffic import Switchboard

OAUTH_ENDPOINTS: tuple[str, ...] = ("token", "revoke")
CLIENT_ID = "sandbox-freshbooks-client"
CLIENT_SECRET = "sandbox-freshbooks-secret"  # noqa: S105 - of the imitation, known to all
# Those switched on for the app; FreshBooks refuses all others in the same words as unknown ones.
SCOPES = (PROFILE_SCOPE, CLIENTS_SCOPE)
MISDIRECTED = "The redirect address is not registered for this app; it has no query string."
BAD_SCOPE = "The requested scope is invalid, unknown, or malformed."
FIRST_BUSINESS = (BUSINESSES[0].number,)


class OAuth:
    """Registers the pages and endpoints on the blueprint."""

    def __init__(self, grants: Grants, switchboard: Switchboard) -> None:
        self._grants = grants
        self._switchboard = switchboard

    def register(self, blueprint: Blueprint) -> None:
        """Add the paths, as the real ones are below their host names."""
        add = blueprint.add_url_rule
        add("/oauth/authorize", view_func=self.consent_page, methods=["GET"])
        add("/oauth/authorize", view_func=self.decide, methods=["POST"])
        add("/auth/oauth/token", view_func=self.token, methods=["POST"])
        add("/auth/oauth/revoke", view_func=self.revoke, methods=["POST"])
        add("/.well-known/oauth-authorization-server", view_func=_discovery)

    def consent_page(self) -> tuple[str, int]:
        """Ask with which businesses the person signs in; the first one is ticked."""
        problem = _problem_of_request()
        if problem is not None:
            return render_template("consent_refused.html", problem=problem), 400
        return _page(FIRST_BUSINESS), 200

    def decide(self) -> AnyResponse | tuple[str, int]:
        """Send the person back with a code, or with the refusal."""
        problem = _problem_of_request()
        if problem is not None:
            return render_template("consent_refused.html", problem=problem), 400
        redirect_uri = request.args["redirect_uri"]
        state = {"state": request.args["state"]} if request.args.get("state") else {}
        if request.form.get("deny"):
            description = "The resource owner or authorization server denied the request."
            refusal = {"error": "access_denied", "error_description": description}
            return redirect(with_query(redirect_uri, **refusal, **state), 302)
        businesses = _chosen_businesses()
        if not businesses:
            return _page((), problem="Choose at least one business."), 400
        permission = Permission(_granted_scope(), businesses)
        challenge = request.args.get("code_challenge", "")
        code = self._grants.issue_code(permission, redirect_uri, challenge)
        return redirect(with_query(redirect_uri, code=code, **state), 302)

    def token(self) -> Response:
        """Exchange a code or a refresh token."""
        label = f"POST /auth/oauth/token {_sent().get('grant_type', '')[:20]}"
        call = Call("freshbooks", "token", label, is_api=False)
        return self._switchboard.serve(call, lambda: _for_client(self._token))

    def revoke(self) -> Response:
        """End a grant; the access token is dead at once."""
        call = Call("freshbooks", "revoke", "POST /auth/oauth/revoke", is_api=False)
        return self._switchboard.serve(call, lambda: _for_client(self._revoke))

    def _token(self) -> Response:
        sent = _sent()
        try:
            if sent.get("grant_type") == "authorization_code":
                address = sent.get("redirect_uri")
                if not address:
                    return oauth_error("invalid_request", "Missing required parameter.")
                code, verifier = sent.get("code", ""), sent.get("code_verifier", "")
                return _token_answer(self._grants.exchange_code(code, address, verifier))
            if sent.get("grant_type") == "refresh_token":
                return _token_answer(self._grants.refresh(sent.get("refresh_token", "")))
        except GrantRefused as refused:
            return oauth_error("invalid_grant", str(refused))
        return oauth_error("unsupported_grant_type", "The grant type is not supported.")

    def _revoke(self) -> Response:
        token = _sent().get("token")
        if not token:
            return oauth_error("invalid_request", "Missing required parameter.")
        self._grants.revoke(token)
        return answer_value({})


def may_redirect(address: str) -> bool:
    """Tell whether a person may be sent there: to this machine, without a query string.

    The real portal takes https only; the sandbox takes http too, and says so on its page.
    """
    return "?" not in address and leads_to_this_machine(address)


def _problem_of_request() -> str | None:
    """Say what is wrong with an authorization request; such a one never leads back."""
    problem = problem_of_app(CLIENT_ID, may_redirect, misdirected=MISDIRECTED)
    if problem is not None:
        return problem
    if not set(request.args.get("scope", "").split()) <= set(SCOPES):
        return BAD_SCOPE
    if asks_for_other_challenge():
        return "The code challenge method has to be “S256”."
    return None


def _page(ticked: tuple[int, ...], problem: str | None = None) -> str:
    names = {"title": "FreshBooks", "vendor": "FreshBooks"}
    return render_template(
        "freshbooks_consent.html", businesses=BUSINESSES, ticked=ticked, problem=problem, **names
    )


def _chosen_businesses() -> tuple[int, ...]:
    """Return what is ticked, the first without any such field: a program that just allows.

    The page sends an empty field along, so that nothing ticked is something else.
    """
    if "business" not in request.form:
        return FIRST_BUSINESS
    sent = request.form.getlist("business")
    return tuple(known.number for known in BUSINESSES if str(known.number) in sent)


def _granted_scope() -> str:
    """Return what is granted: the profile in any case, everything when nothing was asked for."""
    asked = request.args.get("scope", "").split() or SCOPES
    return " ".join(scope for scope in SCOPES if scope == PROFILE_SCOPE or scope in asked)


def _sent() -> Mapping[str, str]:
    """Return the fields of the body: a form, or JSON as in the vendor's own examples."""
    if not request.is_json:
        return request.form
    sent = request.get_json(silent=True)
    fields = sent if isinstance(sent, dict) else {}
    return {name: value for name, value in fields.items() if isinstance(value, str)}


def _for_client(respond: Callable[[], Response]) -> Response:
    """Let only the registered client in: by fields of the body, or by a Basic header."""
    return respond() if is_client(CLIENT_ID, CLIENT_SECRET, _sent()) else invalid_client()


def _token_answer(tokens: Tokens) -> Response:
    response = answer_value(
        {
            "access_token": tokens.access_token,
            "token_type": "Bearer",
            "expires_in": ACCESS_LIFETIME_S,
            "refresh_token": tokens.refresh_token,
            "scope": tokens.scope,
            "created_at": tokens.created_at,
            "direct_buy_tokens": {},
        }
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def _discovery() -> dict[str, object]:
    """Describe the endpoints; the path is known, which fields it has is a guess by RFC 8414."""
    base = request.host_url.rstrip("/") + "/freshbooks"
    return {
        "issuer": base,
        "authorization_endpoint": f"{base}/oauth/authorize",
        "token_endpoint": f"{base}/auth/oauth/token",
        "revocation_endpoint": f"{base}/auth/oauth/revoke",
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": list(SCOPES),
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
    }
