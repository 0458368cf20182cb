"""The only place that knows what a placeholder e-mail is; pure."""

from __future__ import annotations

import hashlib

PLACEHOLDER_DOMAIN = "placeholder.local"
HASH_CHARACTERS = 16


def make_placeholder_email(
    provider: str, *, company_id: int, remote_account_id: str, remote_id: str
) -> str:
    """Return the address of a customer without one: the same for the same remote customer.

    The parts are separated by a character that none of them can hold, so that ("1", "23") and
    ("12", "3") differ.
    """
    identity = "\x1f".join((str(company_id), remote_account_id, remote_id))
    digest = hashlib.sha256(identity.encode("utf-8")).hexdigest()
    return f"{provider}-{digest[:HASH_CHARACTERS]}@{PLACEHOLDER_DOMAIN}"


def is_placeholder_email(address: str) -> bool:
    """Say whether the whole domain of the address is the placeholder domain."""
    _, at, domain = address.strip().rpartition("@")
    return bool(at) and domain.rstrip(".").casefold() == PLACEHOLDER_DOMAIN
