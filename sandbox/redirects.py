"""Where a consent page may send a person back to: this machine, or nowhere."""

from urllib.parse import urlencode, urlsplit

LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")


def leads_to_this_machine(address: str) -> bool:
    """Tell whether an address is a page of a program on this machine."""
    try:
        parts = urlsplit(address)
        is_loopback = parts.hostname in LOOPBACK_HOSTS and parts.port != 0
    except ValueError:
        return False
    has_login = parts.username is not None or parts.password is not None
    return (
        is_loopback and parts.scheme in ("http", "https") and not parts.fragment and not has_login
    )


def with_query(address: str, **values: str) -> str:
    """Add parameters to an address that may have some already."""
    return f"{address}{'&' if urlsplit(address).query else '?'}{urlencode(values)}"
