"""The fault catalogue of permissions and tokens, where one answer decides, as a table.

The races, the lease and the callbacks (O2 to O4, O6, O12 to O16) have tests of their own in
tests/services and tests/blueprints.
"""

from __future__ import annotations

from typing import Any

from models import ReadingFailure as Failure
from tests.matrix.faults import FRESHBOOKS, QUICKBOOKS, XERO, Fault, Wishes

UNAVAILABLE, UNREADABLE = Failure.UNAVAILABLE, Failure.UNREADABLE
#: The work was done and the answer got lost. QuickBooks hands out the same value for about a day,
#: Xero takes the one before for half an hour more; at FreshBooks only a new consent helps.
AFTER_A_LOST_ANSWER = {
    QUICKBOOKS: None,
    XERO: None,
    FRESHBOOKS: Failure.RECONNECT_REQUIRED,
}


def _token(fault: str, **more: Any) -> Wishes:
    """Make the wish that the token endpoint meets this trouble."""
    return ({"fault": fault, "endpoint": "token", **more},)


def _answer(body: Any, status: int = 200) -> Wishes:
    return _token("status", status=status, body=body)


TOKEN_FAULTS: tuple[Fault, ...] = (
    Fault("O1", "access ended", token_calls=1),
    *(
        Fault(
            "O5",
            f"answer lost by {way}",
            _token("rotate_refresh", lose_answer=way, times=1),
            ends=UNAVAILABLE,
            afterwards=AFTER_A_LOST_ANSWER,
            token_calls=1,
        )
        for way in ("cut", "503")
    ),
    Fault(
        "O5",
        "half an answer",
        _token("truncate", variant="body", times=1),
        ends=UNREADABLE,
        afterwards=AFTER_A_LOST_ANSWER,
        token_calls=1,
    ),
    Fault(
        "O7",
        "permission ended",
        ({"fault": "revoke"},),
        ends=Failure.RECONNECT_REQUIRED,
        afterwards=Failure.RECONNECT_REQUIRED,
        token_calls=1,
    ),
    Fault(
        "O8",
        "our secret changed",
        _token("status", status=401),
        ends=Failure.WRONG_CREDENTIALS,
        token_calls=1,
    ),
    *(
        Fault("O9", f"status {status}", _token("status", status=status), UNAVAILABLE, token_calls=1)
        for status in (408, 500, 502, 503)
    ),
    Fault("O9", "500 as a page", _answer("<html>Oops</html>", 500), UNAVAILABLE, token_calls=1),
    Fault("O9", "403 as a page", _answer("<html>Oops</html>", 403), UNAVAILABLE, token_calls=1),
    Fault("O9", "a page for people", _token("html200"), UNAVAILABLE, token_calls=1),
    Fault("O9", "an error in a 200", _answer({"error": "slow_down"}), UNREADABLE, token_calls=1),
    Fault(
        "O9", "no grant in a 200", _answer({"error": "invalid_grant"}), UNREADABLE, token_calls=1
    ),
    *(
        Fault("O9", f"{variant}", _token("empty", variant=variant), UNREADABLE, token_calls=1)
        for variant in ("object", "array", "null", "no_body", "no_content")
    ),
    *(
        Fault(
            "O9", f"redirect {status}", _token("redirect", status=status), UNREADABLE, token_calls=1
        )
        for status in (302, 307, 308)
    ),
    *(
        Fault(
            "O9",
            f"expires in {life}",
            _token("malformed", field="expires_in", value=life),
            token_calls=1,
        )
        for life in (None, "soon", "3600", 0, -1, 10**12)
    ),
    Fault("O9", "no expires_in", _token("malformed", field="expires_in"), token_calls=1),
    Fault(
        "O9",
        "no access token",
        _token("malformed", field="access_token", times=1),
        UNREADABLE,
        afterwards=AFTER_A_LOST_ANSWER,
        token_calls=1,
    ),
    Fault("O10", "no refresh token", _token("malformed", field="refresh_token"), token_calls=1),
    Fault(
        "O11", "the same refresh token", _token("rotate_refresh", single_use=False), token_calls=1
    ),
)
