"""Say yes to the daily report by the link of a mail, signed in or not."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from blueprints.guards import get_runtime, public
from services.recipient_confirmation import confirm, view_confirmation

blueprint = Blueprint("confirm", __name__)


@blueprint.get("/confirm/<token>")
@public
def show(token: str) -> ResponseReturnValue:
    """Ask, or say how it stands; changes nothing, because mail scanners open every link."""
    runtime = get_runtime()
    with runtime.sessions() as session:
        view = view_confirmation(session, token, link_key=runtime.link_key, now=runtime.clock())
    return render_template("confirm/confirm.html", view=view, token=token)


@blueprint.post("/confirm/<token>")
@public
def submit(token: str) -> ResponseReturnValue:
    """Send the reports from now on; a second time changes nothing."""
    runtime = get_runtime()
    with runtime.sessions() as session:
        confirm(session, token, link_key=runtime.link_key, now=runtime.clock())
    return redirect(url_for("confirm.show", token=token), 303)
