"""Settings: the address above its pages."""

from __future__ import annotations

from flask import Blueprint, redirect, url_for
from flask.typing import ResponseReturnValue

from blueprints.guards import admin_required

blueprint = Blueprint("settings", __name__)


@blueprint.get("/settings")
@admin_required
def show() -> ResponseReturnValue:
    """Lead to the first page of the settings."""
    return redirect(url_for("integrations.index"), 303)
