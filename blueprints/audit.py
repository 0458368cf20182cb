"""Settings > Audit: who did what, and when."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

from blueprints.guards import admin_required, get_runtime, get_signed_in
from services.audit_views import count_audit, list_audit, stream_audit_csv
from services.audit_words import AuditKind
from services.local_days import find_zone, local_day

MAX_KEY_CHARACTERS = 40
CHIPS = (
    (AuditKind.ALL, "All"),
    (AuditKind.CONNECTIONS, "Connections"),
    (AuditKind.IMPORTS, "Imports"),
    (AuditKind.DECISIONS, "Decisions"),
    (AuditKind.CUSTOMERS, "Customers"),
    (AuditKind.REPORT, "Report"),
    (AuditKind.USERS, "Users"),
)

blueprint = Blueprint("audit", __name__, url_prefix="/settings")


@blueprint.get("/audit")
@admin_required
def show() -> ResponseReturnValue:
    """Show one page, newest first."""
    company_id, kind = get_signed_in().company_id, _kind()
    after = request.args.get("after", "")[:MAX_KEY_CHARACTERS]
    with get_runtime().sessions() as session:
        counts = count_audit(session, company_id)
        page = list_audit(session, company_id, kind=kind, after=after)
    return render_template(
        "audit/index.html", page=page, counts=counts, kind=kind, after=after, chips=CHIPS
    )


@blueprint.get("/audit.csv")
@admin_required
def download() -> ResponseReturnValue:
    """Send everything of a kind as a file for a spreadsheet, while it is read."""
    runtime, who, kind = get_runtime(), get_signed_in(), _kind()
    zone = find_zone(who.zone)
    today = local_day(zone, runtime.clock())
    lines = stream_audit_csv(runtime, who.company_id, zone=zone, kind=kind)
    part = "" if kind is AuditKind.ALL else f"-{kind.value}"
    headers = {"Content-Disposition": f'attachment; filename="audit{part}-{today}.csv"'}
    return Response(lines, mimetype="text/csv", headers=headers)


def _kind() -> AuditKind:
    """Return which kind is asked for; an unknown word asks for all."""
    try:
        return AuditKind(request.args.get("kind", ""))
    except ValueError:
        return AuditKind.ALL
