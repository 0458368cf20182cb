"""The envelopes Xero sends: contacts, its three ways to refuse, JSON or XML.

Sources: XeroAPI/Xero-OpenAPI e952d0b, pyxero issue 337 (401 in PascalCase), developer.xero.com;
read 2026-11-22.
"""

import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape

from flask import Response, request

from sandbox.xero.rows import encoded
from sandbox.xero.times import date_text, milliseconds

PROVIDER_NAME = "Sandbox"
NOT_FOUND = "The resource you're looking for cannot be found"
UNAVAILABLE = "The Xero API is temporarily unavailable"
USUAL_RETRY_S = 60


def contacts_answer(
    contacts: list[bytes], pagination: Mapping[str, int] | None, moment: datetime
) -> Response:
    """Send contacts that are JSON already; the count of all comes with pages only."""
    head: dict[str, object] = {
        "Id": str(uuid.uuid4()),
        "Status": "OK",
        "ProviderName": PROVIDER_NAME,
        "DateTimeUTC": date_text(milliseconds(moment), has_offset=False),
    }
    if pagination is not None:
        head["pagination"] = pagination
    body = encoded(head)[:-1] + b',"Contacts":[' + b",".join(contacts) + b"]}"
    if _wants_json():
        return Response(body, content_type="application/json; charset=utf-8")
    return _as_xml("Response", json.loads(body))


def validation_exception(message: str) -> Response:
    """Refuse a parameter."""
    elements = [{"ValidationErrors": [{"Message": message}]}]
    text = "A validation exception occurred"
    return _api_exception(10, "ValidationException", text, {"Elements": elements})


def query_parse_exception(message: str) -> Response:
    """Refuse a `where` or an `order`."""
    return _api_exception(16, "QueryParseException", message, {})


def token_expired(expired_at: datetime) -> Response:
    """Refuse a token whose half hour is over; refreshing helps."""
    moment = expired_at.astimezone(UTC).strftime("%m/%d/%Y %H:%M:%S")
    return unauthorized(f"TokenExpired: token expired at {moment}", expired=True)


def unauthorized(detail: str, *, expired: bool = False) -> Response:
    """Refuse a caller; without `expired` no refreshing helps."""
    response = _problem(401, "Unauthorized", detail)
    challenge = "Bearer error=invalid_token" if expired else "Bearer"
    response.headers["WWW-Authenticate"] = challenge
    return response


def scope_missing() -> Response:
    """Refuse a token that was never allowed to read contacts."""
    return unauthorized("AuthorizationUnsuccessful")


def forbidden() -> Response:
    """Refuse a tenant that the caller does not name, or that is not shared."""
    return _problem(403, "Forbidden", "AuthenticationUnsuccessful")


def too_many(problem: str, retry_after_s: int) -> Response:
    """Refuse a call over a limit; the body is plain text."""
    response = _plain(429, "Rate limit exceeded, please try again later.")
    response.headers["Retry-After"] = str(retry_after_s)
    response.headers["X-Rate-Limit-Problem"] = problem
    return response


def not_found() -> Response:
    """Say in plain text that there is nothing."""
    return _plain(404, NOT_FOUND)


def injected_fault(status: int, moment: datetime) -> Response:
    """Return what Xero usually sends with a status code."""
    if status == 400:
        return validation_exception("The sandbox was asked to refuse this.")
    if status == 401:
        return token_expired(moment)
    if status == 403:
        return forbidden()
    if status == 429:
        return too_many("minute", USUAL_RETRY_S)
    return not_found() if status == 404 else _plain(status, UNAVAILABLE)


def _problem(status: int, title: str, detail: str) -> Response:
    body: dict[str, object] = {
        "Type": None,
        "Title": title,
        "Status": status,
        "Detail": detail,
        "Instance": str(uuid.uuid4()),
        "Extensions": {},
    }
    return Response(json.dumps(body), status, mimetype="application/json")


def _api_exception(number: int, kind: str, message: str, more: Mapping[str, Any]) -> Response:
    body = {"ErrorNumber": number, "Type": kind, "Message": message, **more}
    if not _wants_json():
        response = _as_xml("ApiException", body)
        response.status_code = 400
        return response
    return Response(json.dumps(body), 400, content_type="application/json; charset=utf-8")


def _plain(status: int, sentence: str) -> Response:
    return Response(sentence, status, mimetype="text/plain")


def _wants_json() -> bool:
    """Tell whether JSON is asked for; whoever does not ask gets XML."""
    return "json" in request.headers.get("Accept", "").lower()


def _as_xml(root: str, value: Mapping[str, Any]) -> Response:
    text = f'<?xml version="1.0" encoding="utf-8"?>{_element(root, value)}'
    return Response(text, content_type="text/xml; charset=utf-8")


def _element(name: str, value: object) -> str:
    if isinstance(value, list):
        inner = "".join(_element(_singular(name), part) for part in value)
    elif isinstance(value, Mapping):
        inner = "".join(_element(key, part) for key, part in value.items())
    else:
        inner = escape(str(value).lower() if isinstance(value, bool) else str(value))
    return f"<{name}>{inner}</{name}>"


def _singular(name: str) -> str:
    return name.removesuffix("es") if name == "Addresses" else name.removesuffix("s")
