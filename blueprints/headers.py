"""Headers every answer carries: what a page may load, and that nobody keeps copies."""

from __future__ import annotations

from flask import Flask, Response, current_app, request

from blueprints import compression
from blueprints.htmx import is_htmx
from blueprints.static_files import VERSION_ARGUMENT

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
YEAR_S = 365 * 24 * 3600


def register(app: Flask) -> None:
    """Add the headers to every answer, errors included."""
    compression.register(app)
    app.after_request(_add_headers)


def _add_headers(response: Response) -> Response:
    headers = response.headers
    headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    # Not no-referrer: Flask-WTF refuses every POST over https that comes without one.
    headers["Referrer-Policy"] = "same-origin"
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    if current_app.config["SESSION_COOKIE_SECURE"]:
        headers["Strict-Transport-Security"] = f"max-age={YEAR_S}; includeSubDomains"
    if is_htmx() and not _is_asked_again(response):
        # A page takes in what says so, and no error page of a proxy.
        headers["HX-Ours"] = "1"
    if request.endpoint == "static":
        if VERSION_ARGUMENT in request.args:
            headers["Cache-Control"] = f"public, max-age={YEAR_S}, immutable"
    else:
        headers["Cache-Control"] = "no-store"
        response.vary.add("HX-Request")
    return compression.compress(response)


def _is_asked_again(response: Response) -> bool:
    """Say whether a region that asks by itself met trouble that passes: it stays and goes on."""
    is_passing = response.status_code == 503 and "HX-Reswap" in response.headers
    return is_passing and request.headers.get("HX-Source") == request.headers.get("HX-Target")
