"""Where a try to sign in comes from, and the cookie by which a browser is known again."""

from __future__ import annotations

import math

from flask import Response, current_app, request

from blueprints.guards import get_runtime
from services import known_browsers
from services.database import only_reading
from services.sign_in_limits import TooManyTries, Visitor
from services.throttle import network_of


def current_visitor() -> Visitor:
    """Return who tries; the address is the one that ProxyFix found, never a header as it came."""
    return Visitor(
        network=network_of(request.remote_addr),
        cookie=request.cookies.get(_cookie_name()),
        key=get_runtime().link_key,
    )


def remember_browser(response: Response, email: str) -> Response:
    """Let the browser be known as one that signed in with this address and its password."""
    visitor = current_visitor()
    with only_reading(), get_runtime().sessions() as session:
        cookie = known_browsers.remember_browser(
            session, key=visitor.key, cookie=visitor.cookie, email=email
        )
    response.set_cookie(
        _cookie_name(),
        cookie,
        max_age=known_browsers.REMEMBERED_FOR,
        secure=_is_secure(),
        httponly=True,
        samesite="Lax",
    )
    return response


def when_again(error: TooManyTries) -> str:
    """Say in words when a password is looked at again."""
    minutes = max(1, math.ceil(error.retry_after_s / 60))
    return "Try again in a minute." if minutes == 1 else f"Try again in {minutes} minutes."


def _cookie_name() -> str:
    return "__Host-blueclerk-browser" if _is_secure() else "blueclerk-browser"


def _is_secure() -> bool:
    return bool(current_app.config["SESSION_COOKIE_SECURE"])
