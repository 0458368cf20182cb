"""For whoever watches the process: does it live, and can it work?"""

from __future__ import annotations

from flask import Blueprint, Response, jsonify
from flask.typing import ResponseReturnValue

from blueprints.guards import get_runtime, public
from services.readiness import look

blueprint = Blueprint("health", __name__)


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
    }
    body = {
        "ready": readiness.is_ready,
        "not_ready": [name for name, is_ready in parts.items() if not is_ready],
        "scheduler_heartbeat_age_s": readiness.beat_age_s,
        "delivery_heartbeat_age_s": readiness.delivery_age_s,
        "oldest_unsent_delivery_age_s": readiness.oldest_unsent_s,
    }
    return jsonify(body), 200 if readiness.is_ready else 503
