"""H21: refusals that come with status 200, in the form of each provider."""

from __future__ import annotations

from typing import Any

from models import ReadingFailure as Failure
from tests.matrix.faults import FRESHBOOKS, QUICKBOOKS, XERO, Fault, answered


def _intuit(code: str, kind: str = "SERVICE") -> dict[str, Any]:
    return {"fault": {"error": [{"message": "Refused", "code": code}], "type": kind}}


def _xero(status: int, detail: str = "") -> dict[str, Any]:
    return {"Title": "Refused", "Status": status, "Detail": detail}


def _freshbooks(number: int, *, in_a_list: bool = True) -> dict[str, Any]:
    error = {"errno": number, "message": "Refused"}
    return {"response": {"errors": [error] if in_a_list else error}}


REFUSALS: tuple[Fault, ...] = (
    Fault(
        "H21",
        "a limit in a 200",
        {
            QUICKBOOKS: answered(200, _intuit("003001")),
            XERO: answered(200, _xero(429)),
            FRESHBOOKS: answered(200, _freshbooks(429)),
        },
        ends=Failure.RATE_LIMITED,
    ),
    Fault(
        "H21",
        "a missing scope in a 200",
        {
            QUICKBOOKS: answered(200, _intuit("3100")),
            XERO: answered(200, _xero(401, "AuthorizationUnsuccessful")),
            FRESHBOOKS: answered(200, _freshbooks(403, in_a_list=False)),
        },
        ends=Failure.SCOPE_MISSING,
    ),
    Fault(
        "H21",
        "a refused token in a 200",
        {
            QUICKBOOKS: answered(200, _intuit("3200", "AUTHENTICATION")),
            XERO: answered(200, _xero(401, "TokenExpired")),
            FRESHBOOKS: answered(200, _freshbooks(401)),
        },
        ends=Failure.RECONNECT_REQUIRED,
        extra_calls=1,
        token_calls=1,
    ),
    Fault(
        "H21",
        "an unknown refusal in a 200",
        {
            QUICKBOOKS: answered(200, _intuit("4711")),
            XERO: answered(200, _xero(418)),
            FRESHBOOKS: answered(200, _freshbooks(4711, in_a_list=False)),
        },
        ends=Failure.UNREADABLE,
    ),
)
