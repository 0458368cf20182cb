"""What a customer's place in an accounting software means, in words; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from services.customer_books import RemoteStanding
from services.providers.contract import ProviderKey
from services.providers.registry import provider_profile


@dataclass(frozen=True, slots=True)
class MergedInto:
    """Who goes on in the books where customers were merged.

    `customer_public_id` is whom that one is linked to here, None if nobody; `is_same` says that
    it is the same customer.
    """

    remote_id: str
    name: str
    remote_public_id: str
    customer_public_id: str | None
    is_same: bool


#: QuickBooks only makes the one that was merged inactive, as it does whom somebody archives; Xero
#: names who goes on. FreshBooks merges nobody, as far as we know: a guess.
HIDES_MERGERS = frozenset({ProviderKey.QUICKBOOKS})
_INVOICE: Mapping[RemoteStanding, str] = MappingProxyType(
    {
        RemoteStanding.LINKED: "can be invoiced in {0}",
        RemoteStanding.ARCHIVED: "cannot be invoiced in {0}: {1}",
        RemoteStanding.MERGED: "cannot be invoiced in {0}: merged into another one there",
        RemoteStanding.GONE: "cannot be invoiced in {0}: no longer there",
        RemoteStanding.MAYBE: "cannot be invoiced in {0} before it is linked",
        RemoteStanding.IGNORED: "cannot be invoiced in {0}: the one there is ignored",
        RemoteStanding.NOT_THERE: "cannot be invoiced in {0}: not there",
        RemoteStanding.NEVER_READ: "may or may not be in {0}: it was not read yet",
        RemoteStanding.NOT_CONNECTED: "",
    }
)
_STEPS: Mapping[RemoteStanding, str] = MappingProxyType(
    {
        RemoteStanding.ARCHIVED: "Make it active again in {0}, or unlink it. It stays here.",
        RemoteStanding.GONE: "Look for it in {0}, or unlink it. It stays here.",
        RemoteStanding.MAYBE: "Say in the review whether it is the same.",
        RemoteStanding.IGNORED: "Restore the one there to link it.",
    }
)


def invoice_words(standing: RemoteStanding, provider: ProviderKey) -> str:
    """Return whether a customer can be invoiced there, as the end of a sentence about it."""
    name = provider_profile(provider).short_name
    return _INVOICE[standing].format(name, standing_words(standing, provider))


def standing_words(standing: RemoteStanding, provider: ProviderKey) -> str:
    """Return how somebody who ended there stands, as the end of a sentence about it."""
    if standing is RemoteStanding.ARCHIVED and provider in HIDES_MERGERS:
        return "archived or merged there"
    return f"{standing.value} there"


def next_step(
    standing: RemoteStanding,
    provider: ProviderKey,
    merged_into: MergedInto | None,
    *,
    is_admin: bool = True,
) -> str:
    """Return what a person can do about it, as a sentence; "" where there is nothing to do.

    Only admins unlink, so others read who does it where the step may be to unlink.
    """
    step = _step(standing, provider, merged_into)
    if is_admin or "nlink it" not in step:
        return step
    return "An admin can unlink it. It stays here."


def _step(standing: RemoteStanding, provider: ProviderKey, merged_into: MergedInto | None) -> str:
    name = provider_profile(provider).short_name
    if standing is RemoteStanding.ARCHIVED and provider in HIDES_MERGERS:
        return (
            "If it was merged into another one there, unlink it here and link that one; "
            f"if not, make it active again in {name}. It stays here."
        )
    if standing is not RemoteStanding.MERGED:
        return _STEPS.get(standing, "").format(name)
    if merged_into is None:
        return f"Look in {name} for the one it was merged into, or unlink it."
    if merged_into.is_same:
        return "The one it was merged into is linked, too, so there is nothing to do."
    if merged_into.customer_public_id is not None:
        return "The one it was merged into is another customer here. Unlink it, or remove one."
    return "Import the one it was merged into, then unlink this one."
