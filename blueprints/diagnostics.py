"""Settings > Diagnostics: what works and what does not, as a page and as text for a mail."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

from flask import Blueprint, Response, current_app, render_template
from flask.typing import ResponseReturnValue

from blueprints.diagnostic_rows import Card, write_cards
from blueprints.fact_rows import Times
from blueprints.guards import admin_required, get_runtime, get_signed_in
from blueprints.words import until, when
from services.diagnostics import Diagnostics, view_diagnostics
from services.local_days import find_zone

blueprint = Blueprint("diagnostics", __name__, url_prefix="/settings")


@blueprint.get("/diagnostics")
@admin_required
def show() -> ResponseReturnValue:
    """Show the facts; reads our own rows only and asks no provider."""
    diagnostics = _load()
    now, zone = diagnostics.server.now, find_zone(diagnostics.server.zone)
    times = Times(
        past=partial(when, now=now, zone=zone), coming=partial(until, now=now, zone=zone), now=now
    )
    return render_template(
        "diagnostics/index.html",
        cards=write_cards(diagnostics, times=times),
        not_connected=[profile.short_name for profile in diagnostics.not_connected],
        has_connections=bool(diagnostics.connections),
        warnings=diagnostics.warnings,
    )


@blueprint.get("/diagnostics.txt")
@admin_required
def show_text() -> ResponseReturnValue:
    """Answer the same facts as plain text, with moments that stay true in a mail."""
    diagnostics = _load()
    times = Times(past=_stamp, coming=_stamp, now=diagnostics.server.now)
    return Response(_text(diagnostics, times), mimetype="text/plain")


def _load() -> Diagnostics:
    runtime = get_runtime()
    with runtime.sessions() as session:
        return view_diagnostics(
            session,
            get_signed_in().company_id,
            jobs_engine=current_app.extensions["settings"].jobs_engine.value,
            has_mail_server=runtime.mailer is not None,
            now=runtime.clock(),
        )


def _text(diagnostics: Diagnostics, times: Times) -> str:
    lines = ["BlueClerk diagnostics", "", *(diagnostics.warnings or ("All is well.",)), ""]
    for card in write_cards(diagnostics, times=times):
        lines += [*_card_lines(card), ""]
    missing = ", ".join(profile.short_name for profile in diagnostics.not_connected)
    return "\n".join([*lines, f"Not connected: {missing or 'none'}", ""])


def _card_lines(card: Card) -> list[str]:
    return [f"{card.title}: {card.tag}", *(f"  {row.label}: {row.value}" for row in card.rows)]


def _stamp(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
