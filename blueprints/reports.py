"""The daily report as pages: the last days, what was mailed, and each day's sum that adds up."""

from __future__ import annotations

import re
from datetime import date

from flask import Blueprint, abort, render_template
from flask.typing import ResponseReturnValue

from blueprints.delivery_rows import DeliveryRow, delivery_row
from blueprints.guards import get_runtime, get_signed_in
from blueprints.report_chart import draw
from services.local_days import DAY, find_zone, local_day
from services.report_history import list_deliveries
from services.report_settings import view_report_settings
from services.signup_report import view_day, view_last_days

blueprint = Blueprint("reports", __name__)

CHART_DAYS = 30
# Nobody signed up before there was BlueClerk, and calendars of other centuries are no use.
FIRST_DAY = date(2000, 1, 1)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


@blueprint.get("/reports")
def index() -> ResponseReturnValue:
    """Show the last whole days and what was mailed; everybody who is signed in may."""
    runtime, who = get_runtime(), get_signed_in()
    now = runtime.clock()
    with runtime.sessions() as session:
        counts = view_last_days(session, who.company_id, days=CHART_DAYS, now=now)
        settings = view_report_settings(session, who.company_id, now=now)
        days = list_deliveries(session, who.company_id)
    return render_template(
        "reports/index.html",
        chart=draw(counts),
        yesterday=counts[-1].day,
        settings=settings,
        rows=[delivery_row(day, with_addresses=who.is_admin) for day in days],
    )


@blueprint.get("/reports/<day>")
def show_day(day: str) -> ResponseReturnValue:
    """Show who signed up on a local day, with the sum that adds up."""
    runtime, who = get_runtime(), get_signed_in()
    now = runtime.clock()
    asked, today = _day_of(day), local_day(find_zone(who.zone), now)
    if asked > today:
        return render_template("reports/future.html", day=asked, today=today)
    with runtime.sessions() as session:
        view = view_day(session, who.company_id, day=asked, now=now)
        row = _mailed(asked)
    return render_template(
        "reports/day.html",
        view=view,
        row=row,
        before=asked - DAY if asked > FIRST_DAY else None,
        after=asked + DAY if asked < today else None,
    )


def _day_of(text: str) -> date:
    """Return the day of an address; anything else is no page."""
    if not _DAY.fullmatch(text):
        abort(404)
    try:
        day = date.fromisoformat(text)
    except ValueError:
        abort(404)
    if day < FIRST_DAY:
        abort(404)
    return day


def _mailed(day: date) -> DeliveryRow | None:
    """Return what was mailed about the day, while it is among the last that are listed."""
    who = get_signed_in()
    with get_runtime().sessions() as session:
        for span in list_deliveries(session, who.company_id):
            if span.first_day <= day <= span.day:
                return delivery_row(span, with_addresses=who.is_admin)
    return None
