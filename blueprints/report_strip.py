"""The strip on top of every page of an admin that tells of a report that did not arrive."""

from __future__ import annotations

from flask import Flask, request

from blueprints.guards import get_runtime, get_signed_in
from services.report_trouble import ReportTrouble, find_trouble

#: Pages of the report; every other page spares one statement and tells of mails alone.
REPORT_PAGES = ("reports", "report_settings", "resending")


def register(app: Flask) -> None:
    """Let the template of every page ask for the strip; it is asked for admins alone."""
    app.jinja_env.globals.update(report_trouble=_trouble)


def _trouble() -> ReportTrouble | None:
    runtime, who = get_runtime(), get_signed_in()
    counts_unprepared = request.blueprint in REPORT_PAGES
    # A form may have changed what was seen when the sign-in was looked up.
    if request.method == "GET" and not (who.may_lack or counts_unprepared):
        return None
    with runtime.sessions() as session:
        return find_trouble(
            session,
            who.company_id,
            now=runtime.clock(),
            counts_unprepared=counts_unprepared,
        )
