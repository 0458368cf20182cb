"""Settings > Integrations: the three cards, and the page of each provider."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from blueprints.guards import admin_required, get_runtime, get_signed_in
from blueprints.provider_page import (
    asked_reading,
    is_standing,
    load_page,
    missing_settings,
    render_page,
)
from services.connection_views import (
    AccountCounts,
    ConnectionView,
    count_customers,
    list_connections,
)
from services.first_steps import view_first_steps
from services.providers.contract import ProviderKey
from services.providers.registry import PROVIDERS, ProviderProfile
from services.remote_counts import count_unsynced_each

blueprint = Blueprint("integrations", __name__, url_prefix="/settings/integrations")


@dataclass(frozen=True, slots=True)
class Card:
    """One provider in the list; `connection` is None unless it stands.

    `unsynced` is of the last whole reading, less whom somebody decided about since.
    """

    profile: ProviderProfile
    connection: ConnectionView | None
    counts: AccountCounts
    unsynced: int
    missing_settings: tuple[str, ...]


@blueprint.get("")
@admin_required
def index() -> ResponseReturnValue:
    """Show the providers; reads our own rows only."""
    runtime = get_runtime()
    with runtime.sessions() as session:
        found = list_connections(session, get_signed_in().company_id)
        standing = {key: view for key, view in found.items() if is_standing(view)}
        counts = {
            key: count_customers(session, view.account_id, counted=view.counted_count)
            for key, view in standing.items()
        }
        accounts = [view.account_id for view in standing.values() if view.read_at]
        unsynced = count_unsynced_each(session, accounts)
        steps = view_first_steps(session, get_signed_in().company_id)
    cards = [
        Card(
            profile=profile,
            connection=standing.get(key),
            counts=counts.get(key, AccountCounts()),
            unsynced=unsynced.get(standing[key].account_id, 0) if key in standing else 0,
            missing_settings=missing_settings(key),
        )
        for key, profile in PROVIDERS.items()
    ]
    return render_template("integrations/index.html", cards=cards, steps=steps)


@blueprint.get("/<provider:provider>")
@admin_required
def detail(provider: ProviderKey) -> ResponseReturnValue:
    """Show one provider. Reads our own rows only, in three statements while the alert is closed.

    `opened` and `reading` are where a fragment's address leads a browser without scripts.
    """
    page = load_page(provider, is_opened="opened" in request.args, reading=asked_reading())
    return render_page(page)
