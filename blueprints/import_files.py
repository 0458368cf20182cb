"""Imports as files for a spreadsheet: what became of each customer, and the history."""

from __future__ import annotations

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue

from blueprints.guards import admin_required, get_runtime, get_signed_in
from blueprints.import_context import find_run
from services.import_csv import stream_history_csv, stream_outcome_csv
from services.local_days import find_zone, local_day
from services.providers.contract import ProviderKey

blueprint = Blueprint(
    "import_files", __name__, url_prefix="/settings/integrations/<provider:provider>"
)


@blueprint.get("/imports.csv")
@admin_required
def history(provider: ProviderKey) -> ResponseReturnValue:
    """Send all imports from the provider, not only those that the page shows."""
    runtime, who = get_runtime(), get_signed_in()
    today = local_day(find_zone(who.zone), runtime.clock())
    lines = stream_history_csv(runtime, who.company_id, provider=provider)
    return _file(lines, f"{provider.value}-imports-{today}.csv")


@blueprint.get("/imports/<import_id>.csv")
@admin_required
def outcome(provider: ProviderKey, import_id: str) -> ResponseReturnValue:
    """Send what became of each customer of one import or undo."""
    run = find_run(provider, import_id)
    lines = stream_outcome_csv(get_runtime(), get_signed_in().company_id, import_id)
    kind = "undo-of-import" if run.is_undo else "import"
    return _file(lines, f"{provider.value}-{kind}-{run.number}.csv")


def _file(lines: object, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(lines, mimetype="text/csv", headers=headers)  # type: ignore[arg-type]
