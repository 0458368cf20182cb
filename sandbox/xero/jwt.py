"""Tokens that look like those of Xero's identity server; nobody could verify them."""

import base64
import json
import secrets
from collections.abc import Mapping

CLIENT_ID = "sandbox-xero-client"


def make_jwt(claims: Mapping[str, object], now: float, lifetime_s: int) -> str:
    """Return header, claims and an invented signature."""
    head = {"alg": "RS256", "kid": "SANDBOX", "typ": "JWT"}
    whole = {
        "nbf": int(now),
        "exp": int(now) + lifetime_s,
        "iss": "https://identity.xero.com",
        "aud": "https://identity.xero.com/resources",
        "client_id": CLIENT_ID,
        **claims,
    }
    return f"{_part(head)}.{_part(whole)}.{secrets.token_urlsafe(48)}"


def _part(value: Mapping[str, object]) -> str:
    raw = json.dumps(value, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
