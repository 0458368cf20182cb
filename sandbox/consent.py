"""What every consent page and token endpoint checks: the app, its secret, its proof (PKCE)."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping

from flask import Response, request

NOT_REGISTERED = "The redirect address is not registered for this app."


def problem_of_app(
    client_id: str, may_redirect: Callable[[str], bool], *, misdirected: str = NOT_REGISTERED
) -> str | None:
    """Say why an authorization request is not one of this app's for a code."""
    if request.args.get("client_id") != client_id:
        return "The app is not known here: check its client id."
    if not may_redirect(request.args.get("redirect_uri", "")):
        return misdirected
    if request.args.get("response_type") != "code":
        return "The response type has to be “code”."
    return None


def asks_for_other_challenge() -> bool:
    """Tell whether an authorization request has a challenge that S256 did not make."""
    is_s256 = request.args.get("code_challenge_method") == "S256"
    return bool(request.args.get("code_challenge")) and not is_s256


def matches_challenge(challenge: str, verifier: str) -> bool:
    """Tell whether an S256 challenge was made of this verifier (RFC 7636, section 4.2)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    expected = base64.urlsafe_b64encode(digest).rstrip(b"=")
    return hmac.compare_digest(expected, challenge.encode())


def is_client(client_id: str, secret: str, fields: Mapping[str, str] | None = None) -> bool:
    """Tell whether the app itself asks: by a Basic header, or without one by fields of the body."""
    sent, given = request.authorization, ""
    if sent is not None and sent.type == "basic":
        given = f"{sent.username}:{sent.password}"
    elif fields is not None:
        given = f"{fields.get('client_id', '')}:{fields.get('client_secret', '')}"
    return hmac.compare_digest(given.encode(), f"{client_id}:{secret}".encode())


def unstored(body: Mapping[str, object], *, status: int = 200) -> Response:
    """Return JSON of a token endpoint, which nobody may keep."""
    response = Response(json.dumps(body), status, mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response
