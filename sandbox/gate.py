"""Who may talk to the sandbox: programs and pages on this machine, and no other web site."""

import ipaddress
from urllib.parse import urlsplit

from flask import Response, request

LOOPBACK_NAMES = ("localhost",)


def is_loopback(host: str | None) -> bool:
    """Tell whether a host name or address is this machine."""
    if host is None:
        return False
    if host in LOOPBACK_NAMES:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def refuse_strangers() -> Response | None:
    """Refuse other machines, other names for this one, and forms of other sites."""
    if not is_loopback(request.remote_addr) or not is_loopback(_host_of(f"//{request.host}")):
        return _refused("The sandbox only talks to this machine.")
    if request.method not in ("GET", "HEAD", "OPTIONS") and _is_foreign():
        return _refused("The sandbox takes no forms from other sites.")
    return None


def _is_foreign() -> bool:
    """Browsers say where a form comes from; programs say nothing."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = request.headers.get("Origin")
    return origin is not None and urlsplit(origin).netloc != request.host


def _host_of(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None


def _refused(sentence: str) -> Response:
    return Response(f"{sentence}\n", status=403, mimetype="text/plain")
