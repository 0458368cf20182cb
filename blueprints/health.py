"""For whoever watches the process: does it live, and can it work?"""

from __future__ import annotations

import hmac
from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, current_app, jsonify, request
from flask.typing import ResponseReturnValue

from blueprints.guards import get_runtime, public
from services.readiness import look

blueprint = Blueprint("health", __name__)
#: Prometheus has asked for this format since long before its present one.
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})
#: Whoever sends one of these stands between us and who asks, whether we count on it or not.
OF_PROXIES = (
    *("Forwarded", "Via", "X-Real-IP"),
    *("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"),
)


@blueprint.get("/healthz")
@public
def alive() -> ResponseReturnValue:
    """Answer as long as the process does; asks nobody, not even the database."""
    return Response("ok\n", mimetype="text/plain")


@blueprint.get("/readyz")
@public
def ready() -> ResponseReturnValue:
    """Say which parts work; 503 while one of them does not. Mail that waits changes no status."""
    readiness = look(get_runtime())
    parts = {
        "database": readiness.database,
        "schema": readiness.schema,
        "scheduler": readiness.scheduler,
        "delivery": readiness.delivery,
        "workers": readiness.has_hands,
    }
    body = {
        "ready": readiness.is_ready,
        "not_ready": [name for name, is_ready in parts.items() if not is_ready],
        "scheduler_heartbeat_age_s": readiness.beat_age_s,
        "delivery_heartbeat_age_s": readiness.delivery_age_s,
        "oldest_unsent_delivery_age_s": readiness.oldest_unsent_s,
    }
    if readiness.workers is not None:
        body |= {"workers": readiness.workers, "worker_heartbeat_age_s": readiness.worker_age_s}
    return jsonify(body), 200 if readiness.is_ready else 503


@blueprint.get("/metrics")
@public
def metrics() -> ResponseReturnValue:
    """Tell what was counted and what waits, to this machine and whoever has the token; else 404."""
    if not (_has_token() or _is_asked_from_here()):
        abort(404)
    page = current_app.extensions["metrics"].write(get_runtime())
    return Response(page, content_type=METRICS_TYPE)


def _has_token() -> bool:
    token = current_app.extensions["settings"].metrics_token
    given = request.headers.get("Authorization", "")
    return bool(token) and hmac.compare_digest(given.encode(), f"Bearer {token}".encode())


def _is_asked_from_here() -> bool:
    """Say whether a program of this machine asks us directly, by the address of this machine."""
    before_proxies = request.environ.get("werkzeug.proxy_fix.orig", request.environ)
    try:
        is_here = ip_address(before_proxies["REMOTE_ADDR"]).is_loopback
        name = urlsplit(f"//{request.host}").hostname
    except (KeyError, ValueError):  # a socket has no address
        return False
    is_by_proxy = any(header in request.headers for header in OF_PROXIES)
    return is_here and name in THIS_MACHINE and not is_by_proxy
