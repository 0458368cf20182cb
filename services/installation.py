"""Whose permission is it: this BlueClerk's, or that of the one the database was copied from?"""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from services.providers.contract import ReconnectRequired


class OtherInstallation(ReconnectRequired):
    """The permission was given at another address; spending its tokens would end it there."""


def is_same_installation(stored_url: str, public_base_url: str) -> bool:
    """Say whether a permission given at the one address may be used at the other.

    Hosts are compared, ports are not, and all names of this machine are one. An empty address is
    that of a row older than the question.
    """
    return not stored_url or _host(stored_url) == _host(public_base_url)


def _host(url: str) -> str:
    host = (urlsplit(url).hostname or "").rstrip(".").lower()
    return "localhost" if _is_loopback(host) else host


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
