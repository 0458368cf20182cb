"""The strip on top of every page of an admin that tells of a run while it is active."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints.addresses import public_id
from blueprints.guards import admin_required, get_runtime, get_signed_in
from blueprints.htmx import is_htmx, next_wait_ms
from services.import_views import ImportView, UnknownImport, view_active, view_import
from services.providers.registry import provider_profile

blueprint = Blueprint("run_strip", __name__)

LONGEST_WAIT_MS = 5_000


def register(app: Flask) -> None:
    """Let the template of every page ask for the strip; it is asked for admins alone."""
    app.jinja_env.globals.update(run_strip=lambda: _context(_active()))


@blueprint.get("/imports/running")
@admin_required
def show() -> ResponseReturnValue:
    """Answer the strip again; when its run has ended how it ended, once, and nothing after that."""
    if not is_htmx():
        return redirect(url_for("auth.home"), 303)
    return render_template("imports/_strip.html", strip=_context(_active() or _ended()))


def _context(run: ImportView | None) -> dict[str, Any] | None:
    if run is None:
        return None
    wait_ms = next_wait_ms(longest_ms=LONGEST_WAIT_MS)
    return {"run": run, "profile": provider_profile(run.provider), "wait_ms": wait_ms}


def _active() -> ImportView | None:
    who = get_signed_in()
    # A form may have changed what was seen when the sign-in was looked up.
    if request.method == "GET" and not who.may_run:
        return None
    with get_runtime().sessions() as session:
        return view_active(session, who.company_id)


def _ended() -> ImportView | None:
    """Return the run that the strip told of, if it is one of ours."""
    asked = public_id(request.args.get("run"))
    if asked is None:
        return None
    try:
        with get_runtime().sessions() as session:
            return view_import(session, get_signed_in().company_id, asked)
    except UnknownImport:
        return None
