"""Which addresses may be called at all: those of the provider, over https. No network."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit


class RefusedAddress(ValueError):
    """The address is not one this transport may call, or it is http outside this machine."""


def origin_of(address: str) -> str:
    """Return scheme, host and port. Raises RefusedAddress unless it is https or this machine."""
    parts = urlsplit(address)
    if not parts.hostname or "@" in parts.netloc or "\\" in address:
        raise RefusedAddress("This is not an address of a provider.")
    port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    origin = f"{parts.scheme}://{parts.netloc.removesuffix(f':{port}').lower()}:{port}"
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(address)):
        raise RefusedAddress("Only https is spoken outside this machine.")
    return origin


def is_loopback(address: str) -> bool:
    """Say whether an address names this machine itself."""
    host = urlsplit(address).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
