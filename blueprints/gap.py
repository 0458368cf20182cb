"""The gap both ways: who is only in the accounting software, linked, only here, or differing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

from blueprints.addresses import public_id
from blueprints.customer_history import FIELD_WORDS
from blueprints.forms import one_line
from blueprints.guards import admin_required, get_runtime, get_signed_in
from blueprints.provider_page import is_standing
from services.connection_views import ConnectionView, view_connection
from services.connections import NotConnected
from services.customer_lists import MAX_SEARCH_CHARACTERS
from services.gap import GapShow, count_gap, list_gap
from services.gap_csv import standing_there, stream_gap_csv
from services.local_days import find_zone, local_day
from services.providers.contract import ProviderKey
from services.providers.registry import provider_profile

CHIPS = (
    (GapShow.ONLY_THERE, "Only there"),
    (GapShow.LINKED, "Linked"),
    (GapShow.ONLY_HERE, "Only here"),
    (GapShow.DIFFERING, "Differing"),
)

blueprint = Blueprint("gap", __name__, url_prefix="/settings/integrations/<provider:provider>")


@dataclass(frozen=True, slots=True)
class GapPlace:
    """Where in the lists a person is; all of it stands in the address."""

    show: GapShow
    query: str
    after: str | None


@blueprint.get("/gap")
@admin_required
def show(provider: ProviderKey) -> ResponseReturnValue:
    """Show both sides beside each other; reads our own rows only, writes nothing."""
    place, company_id = _place(), get_signed_in().company_id
    with get_runtime().sessions() as session:
        connection = _standing(view_connection(session, company_id, provider))
        counts = count_gap(session, company_id, connection.account_id)
        page = list_gap(
            session,
            company_id,
            connection.account_id,
            show=place.show,
            query=place.query,
            after=place.after,
        )
    context: dict[str, Any] = {
        "profile": provider_profile(provider),
        "connection": connection,
        "counts": counts,
        "page": page,
        "place": place,
        "chips": CHIPS,
        "field_words": FIELD_WORDS,
        "standing_there": standing_there,
    }
    return render_template("gap/show.html", **context)


@blueprint.get("/gap.csv")
@admin_required
def download(provider: ProviderKey) -> ResponseReturnValue:
    """Send a whole list as a file for a spreadsheet, while it is read."""
    runtime, who, place = get_runtime(), get_signed_in(), _place()
    with runtime.sessions() as session:
        connection = _standing(view_connection(session, who.company_id, provider))
    today = local_day(find_zone(who.zone), runtime.clock())
    lines = stream_gap_csv(
        runtime, who.company_id, connection.account_id, show=place.show, query=place.query
    )
    name = f"{provider.value}-{place.show.value}-{today}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(lines, mimetype="text/csv", headers=headers)


def _standing(connection: ConnectionView | None) -> ConnectionView:
    if connection is None or not is_standing(connection):
        raise NotConnected
    return connection


def _place() -> GapPlace:
    """Read where the person is; an unknown word shows who is only there."""
    try:
        wanted = GapShow(request.args.get("show", ""))
    except ValueError:
        wanted = GapShow.ONLY_THERE
    query = one_line(request.args.get("q", ""))[:MAX_SEARCH_CHARACTERS]
    return GapPlace(wanted, query, public_id(request.args.get("after")))
