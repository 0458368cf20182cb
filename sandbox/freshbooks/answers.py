"""The envelopes FreshBooks sends: results, and the different errors of its families.

Sources: freshbooks-sdk 1.3.0 and its fixtures, InfiniteRoomLabs/freshbooks-tools
docs/authentication.md, read 2026-11-22.
"""

import json
from collections.abc import Mapping

from flask import Response

INVALID_GRANT = "The provided authorization grant is invalid, expired, or revoked."
NEEDS_LOGIN = "This action requires authentication to continue."
# Of these numbers only 1012 is known from a source; the others are guesses.
CLIENT_NOT_FOUND, BAD_PARAMETER, NO_PERMISSION, INTERNAL = 1012, 1001, 1003, 1000
USUAL_WAIT_S = 30


def answer_value(value: Mapping[str, object], status: int = 200) -> Response:
    """Send a value."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Response(body, status=status, mimetype="application/json")


def result(value: Mapping[str, object]) -> Response:
    """Send a result of the accounting family."""
    return answer_value({"response": {"result": value}})


def unauthenticated() -> Response:
    """Refuse a call without a living access token; the same in every family."""
    body = {"error": "unauthenticated", "error_description": NEEDS_LOGIN}
    return answer_value(body, 401)


def client_not_found(client_id: str) -> Response:
    """Say that there is no such client."""
    error = {
        "errno": CLIENT_NOT_FOUND,
        "field": "userid",
        "message": "Client not found.",
        "object": "client",
        "value": client_id,
    }
    return answer_value({"response": {"errors": [error]}}, 404)


def bad_parameter(field: str, value: str, message: str) -> Response:
    """Refuse a parameter; here `errors` is an object and not a list, which also occurs."""
    error = {
        "errno": BAD_PARAMETER,
        "field": field,
        "message": message,
        "object": "client",
        "value": value,
    }
    return answer_value({"response": {"errors": error}}, 422)


def no_permission() -> Response:
    """Refuse an account the person does not belong to, or a scope never granted: a guess."""
    message = "The server could not verify that you are authorized to access this account."
    error = {"errno": NO_PERMISSION, "field": "", "message": message, "object": "", "value": ""}
    return answer_value({"response": {"errors": [error]}}, 403)


def too_many_calls(retry_after_s: int) -> Response:
    """Refuse for a while; that the header comes is reported, the body is a guess."""
    error = {"errno": 429, "message": "Too many requests."}
    response = answer_value({"response": {"errors": [error]}}, 429)
    response.headers["Retry-After"] = str(retry_after_s)
    return response


def oauth_error(error: str, description: str, *, status: int = 400) -> Response:
    """Return an error of the token endpoint."""
    response = answer_value({"error": error, "error_description": description}, status)
    response.headers["Cache-Control"] = "no-store"
    return response


def invalid_client() -> Response:
    """Refuse an app that is unknown or has the wrong secret; the text is a guess."""
    return oauth_error("invalid_client", "Client authentication failed.", status=401)


def injected_fault(status: int) -> Response:
    """Return what FreshBooks usually sends with a status code."""
    if status == 401:
        return unauthenticated()
    if status == 403:
        return no_permission()
    if status == 404:
        return client_not_found("0")
    if status == 429:
        return too_many_calls(USUAL_WAIT_S)
    if status in (502, 503, 504):
        page = f"<html><head><title>{status}</title></head><body>Please try again</body></html>"
        return Response(page, status=status, mimetype="text/html")
    error = {"errno": INTERNAL, "message": "The sandbox was asked to fail."}
    return answer_value({"response": {"errors": [error]}}, status)
