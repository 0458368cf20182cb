"""The alert: opened, polled, checked again."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints.alert_answers import answer_alert
from blueprints.guards import admin_required, get_runtime, get_signed_in
from blueprints.htmx import is_htmx, next_wait_ms
from blueprints.provider_page import ProviderPage, asked_reading, load_page
from blueprints.review_place import asked_place, place_address
from models import ConnectionState
from services.alert import look_for_end
from services.connections import require_connection
from services.database import only_reading
from services.providers.contract import ProviderKey
from services.unsynced import ensure_fresh, note_look

blueprint = Blueprint("unsynced", __name__, url_prefix="/settings/integrations/<provider:provider>")

#: For two calls of 0.15 s: where nothing has changed FreshBooks is asked twice, the others once.
PATIENCE_S = 0.45
#: The list shows no progress, so it waits longer before it leads to the alert, which does.
LIST_TIMES = 5


@blueprint.get("/unsynced")
@admin_required
def show(provider: ProviderKey) -> ResponseReturnValue:
    """Answer the opened alert: see that a number is there or on its way, then say how it stands.

    With `reading` (a poll) it only looks at that one, with `look` (a poll of an import) at what
    is stored.
    """
    reading = asked_reading()
    if reading is None and "look" not in request.args:
        reading = _start_if_due(provider, is_asked_for=False)
    return _answer(provider, reading)


@blueprint.post("/check")
@admin_required
def check(provider: ProviderKey) -> ResponseReturnValue:
    """Check again, however young the last reading is; `accept` takes a list that lost a field.

    From the list it leads back to its place, or to the alert while the reading still runs.
    """
    accepts_loss = request.form.get("accept") == "1"
    reading = _start_if_due(provider, is_asked_for=True, accepts_loss=accepts_loss)
    return _answer(provider, reading)


@blueprint.get("/unsynced/bins")
@admin_required
def bins(provider: ProviderKey) -> ResponseReturnValue:
    """Answer the alert's bins and first rows, which look again while some are being compared."""
    if not is_htmx():
        return redirect(url_for("integrations.detail", provider=provider, opened=1), 303)
    page = load_page(provider, is_opened=True)
    if page.alert.summary is None:
        return answer_alert(page)
    return render_template("unsynced/_bins.html", page=page, wait_ms=next_wait_ms())


def _start_if_due(
    provider: ProviderKey, *, is_asked_for: bool, accepts_loss: bool = False
) -> str | None:
    """Return the reading to follow, None where the stored number is fresh or nothing may run."""
    runtime = get_runtime()
    with runtime.sessions() as session:
        connection = require_connection(session, get_signed_in().company_id, provider)
        if connection.state is not ConnectionState.CONNECTED:
            return None
        reading = ensure_fresh(
            session,
            connection,
            wake=runtime.wake,
            now=runtime.clock(),
            is_asked_for=is_asked_for,
            accepts_loss=accepts_loss,
        )
    if reading is not None:
        times = LIST_TIMES if _came_from_list() else 1
        look_for_end(runtime, reading, patience_s=PATIENCE_S * times)
    return reading


def _answer(provider: ProviderKey, reading: str | None) -> ResponseReturnValue:
    with only_reading():
        page = load_page(provider, is_opened=True, reading=reading)
    _note_look(page)
    if _came_from_list() and page.alert.summary is not None:
        return redirect(place_address(provider, asked_place()), 303)
    return answer_alert(page)


def _came_from_list() -> bool:
    return request.form.get("from") == "list"


def _note_look(page: ProviderPage) -> None:
    """Remember that the number was seen, once per whole reading: who comes later is new."""
    connection = page.connection
    if connection is None or connection.is_looked_at or page.alert.summary is None:
        return
    runtime = get_runtime()
    with runtime.sessions() as session:
        note_look(session, connection.id, now=runtime.clock())
