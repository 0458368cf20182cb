"""Review & import: the list behind the number, filtered, searched, compared, taken as a file."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, redirect, render_template
from flask.typing import ResponseReturnValue

from blueprints.guards import admin_required, get_runtime, get_signed_in
from blueprints.htmx import is_htmx, next_wait_ms
from blueprints.review_context import count_waiting, load_context
from blueprints.review_place import asked_place, is_typed_on, place_address, place_before
from services.connections import require_connection
from services.local_days import find_zone, local_day
from services.providers.contract import ProviderKey
from services.review_csv import stream_review_csv

blueprint = Blueprint("review", __name__, url_prefix="/settings/integrations/<provider:provider>")


@blueprint.get("/review")
@admin_required
def show(provider: ProviderKey) -> ResponseReturnValue:
    """Show the list at a place; reads our own rows only."""
    return render_template("review/review.html", **load_context(provider))


@blueprint.get("/review/list")
@admin_required
def found(provider: ProviderKey) -> ResponseReturnValue:
    """Answer the list's region at another place, and tell the browser the page's address."""
    place = asked_place()
    address = place_address(provider, place)
    if not is_htmx():
        return redirect(address, 303)
    response = make_response(render_template("review/_list.html", **load_context(provider)))
    before = place_before()
    if before != place:
        header = "HX-Replace-Url" if is_typed_on(before, place) else "HX-Push-Url"
        response.headers[header] = address
    return response


@blueprint.get("/review/waiting")
@admin_required
def waiting(provider: ProviderKey) -> ResponseReturnValue:
    """Answer how many are still being compared; with the last one the list looks again."""
    place = asked_place()
    if not is_htmx():
        return redirect(place_address(provider, place), 303)
    page, counts = count_waiting(provider)
    return render_template(
        "review/_waiting.html", page=page, counts=counts, place=place, wait_ms=next_wait_ms()
    )


@blueprint.get("/review.csv")
@admin_required
def download(provider: ProviderKey) -> ResponseReturnValue:
    """Send whom the list would show on all its pages as a file for a spreadsheet."""
    runtime, who, place = get_runtime(), get_signed_in(), asked_place()
    with runtime.sessions() as session:
        account_id = require_connection(session, who.company_id, provider).account_id
    today = local_day(find_zone(who.zone), runtime.clock())
    lines = stream_review_csv(runtime, account_id, query=place.query, sort=place.sort)
    name = f"{provider.value}-{place.query.show.value.replace('_', '-')}-{today}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(lines, mimetype="text/csv", headers=headers)
