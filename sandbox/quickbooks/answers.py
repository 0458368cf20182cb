"""The envelopes QuickBooks sends: query answers, both kinds of faults, JSON or XML."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from flask import Response, request

from sandbox.quickbooks.times import answer_time

NAMESPACE = "http://schema.intuit.com/finance/v3"
# message, code, type; sources: recorded answers in ruckus/quickbooks-ruby 21e7715 and
# python-quickbooks 0.9.12 (handle_exceptions). These come in lower case, others capitalised.
GATE_FAULTS = {
    401: (
        "message=AuthenticationFailed; errorCode=003200; statusCode=401",
        "3200",
        "AUTHENTICATION",
    ),
    403: (
        "message=ApplicationAuthorizationFailed; errorCode=003100; statusCode=403",
        "3100",
        "SERVICE",
    ),
}
THROTTLED = "message=ThrottleExceeded; errorCode=003001; statusCode=429"


def answer(body: str) -> Response:
    """Send a JSON text, or the same as XML to whoever did not ask for JSON."""
    if "json" in request.headers.get("Accept", ""):
        return Response(body, content_type="application/json;charset=UTF-8")
    return Response(_xml(json.loads(body)), content_type="application/xml;charset=UTF-8")


def answer_value(value: Mapping[str, object]) -> Response:
    """Send a value."""
    return answer(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def gate_fault(status: int, detail: str | None, moment: datetime) -> Response:
    """Refuse at the gate: the keys are in lower case there."""
    message, code, kind = GATE_FAULTS[status]
    error = {"message": message, "detail": detail, "code": code, "element": None}
    response = answer_value(
        {
            "warnings": None,
            "intuitObject": None,
            "fault": {"error": [error], "type": kind},
            "report": None,
            "queryResponse": None,
            "batchItemResponse": [],
            "attachableResponse": [],
            "syncErrorResponse": None,
            "requestId": None,
            "time": int(moment.timestamp() * 1000),
            "status": None,
            "cdcresponse": [],
        }
    )
    response.status_code = status
    return response


def business_fault(
    code: str,
    message: str,
    detail: str,
    moment: datetime,
    *,
    kind: str = "ValidationFault",
    status: int = 400,
) -> Response:
    """Refuse for a reason of the request itself: the keys are capitalised."""
    error = {"Message": message, "Detail": detail, "code": code}
    fault = {"Error": [error], "type": kind}
    response = answer_value({"Fault": fault, "time": answer_time(moment)})
    response.status_code = status
    return response


def injected_fault(status: int, moment: datetime) -> Response:
    """Return what QuickBooks usually sends with a status code."""
    if status in GATE_FAULTS:
        return gate_fault(status, "Token expired" if status == 401 else None, moment)
    if status == 429:
        detail = "The request limit was reached.  Try again later"
        return business_fault("3001", THROTTLED, detail, moment, kind="SERVICE", status=status)
    if status in (502, 503, 504):
        page = f"<html><head><title>{status}</title></head><body>Service Unavailable</body></html>"
        return Response(page, status=status, mimetype="text/html")
    message = "An application error has occurred while processing your request"
    detail = "System Failure Error: the sandbox was asked to fail"
    return business_fault("10000", message, detail, moment, kind="SystemFault", status=status)


def _xml(value: dict[str, Any]) -> str:
    time = value.get("time", "")
    inner = "".join(_element(key, part) for key, part in value.items() if key != "time")
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    opening = f'<IntuitResponse xmlns="{NAMESPACE}" time={quoteattr(str(time))}>'
    return f"{head}{opening}{inner}</IntuitResponse>"


def _element(name: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return "".join(_element(name, part) for part in value)
    if isinstance(value, dict):
        inner = "".join(_element(key, part) for key, part in value.items())
        return f"<{name}>{inner}</{name}>"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"<{name}>{escape(text)}</{name}>"
