"""Our app at a provider, and where its addresses begin. No network."""

from __future__ import annotations

from dataclasses import dataclass, field

from services.providers.contract import OnCall, ProviderKey


@dataclass(frozen=True, slots=True)
class ProviderAccess:
    """Our app at a provider. With `sandbox_url` the local sandbox stands in for the provider.

    `on_call` hears of every call that is made, OAuth included.
    """

    client_id: str
    client_secret: str = field(repr=False)
    environment: str = "production"
    sandbox_url: str | None = None
    on_call: OnCall | None = field(default=None, repr=False, compare=False)


def base_url(provider: ProviderKey, access: ProviderAccess, official_url: str) -> str:
    """Return the official address, or that of the sandbox's part where one is set."""
    if access.sandbox_url is None:
        return official_url
    return f"{access.sandbox_url.rstrip('/')}/{provider.value}"
