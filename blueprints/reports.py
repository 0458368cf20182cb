"""The daily report as pages: the last days, what was mailed, and each day's sum that adds up."""

from __future__ import annotations

import re
from datetime import date

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints.day_deliveries import load_day
from blueprints.delivery_rows import delivery_rows
from blueprints.guards import get_runtime, get_signed_in
from blueprints.provider_page import kept_notice
from blueprints.report_chart import draw
from services.local_days import DAY, find_zone, local_day
from services.report_history import SHOWN_DAYS, DayDeliveries, list_deliveries
from services.report_sending import preview_day
from services.report_settings import view_report_settings
from services.signup_counts import comparison_words
from services.signup_csv import stream_day
from services.signup_report import view_day, view_last_days

blueprint = Blueprint("reports", __name__)

CHART_DAYS, MORE_CHART_DAYS = 30, 90
# Nobody signed up before there was BlueClerk, and calendars of other centuries are no use.
FIRST_DAY = date(2000, 1, 1)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


@blueprint.get("/reports")
def index() -> ResponseReturnValue:
    """Show the last whole days and what was mailed; everybody who is signed in may."""
    runtime, who = get_runtime(), get_signed_in()
    now, before = runtime.clock(), _day(request.args.get("before", ""))
    days = MORE_CHART_DAYS if request.args.get("days") == str(MORE_CHART_DAYS) else CHART_DAYS
    with runtime.sessions() as session:
        counts = view_last_days(session, who.company_id, days=days, now=now)
        settings = view_report_settings(session, who.company_id, now=now)
        found = list_deliveries(session, who.company_id, days=SHOWN_DAYS + 1, before=before)
    spans, older = _page(found)
    return render_template(
        "reports/index.html",
        chart=draw(counts),
        yesterday=counts[-1].day,
        settings=settings,
        notice=kept_notice(),
        rows=delivery_rows(spans, with_addresses=who.is_admin),
        before=before,
        older=older,
    )


@blueprint.get("/reports/<day>")
def show_day(day: str) -> ResponseReturnValue:
    """Show who signed up on a local day, with the sum that adds up."""
    runtime, who = get_runtime(), get_signed_in()
    asked, now = day_of(day), runtime.clock()
    today = _today()
    if asked > today:
        return render_template("reports/future.html", day=asked, today=today)
    with runtime.sessions() as session:
        view = view_day(session, who.company_id, day=asked, now=now)
    return render_template(
        "reports/day.html",
        view=view,
        compared=comparison_words(view.comparison),
        notice=kept_notice(),
        mails=load_day(asked),
        before=asked - DAY if asked > FIRST_DAY else None,
        after=asked + DAY if asked < today else None,
    )


@blueprint.get("/reports/<day>.csv")
def download(day: str) -> ResponseReturnValue:
    """Send who signed up on a local day as a file; only admins get whom the mail leaves out."""
    runtime, who, asked = get_runtime(), get_signed_in(), begun_day_of(day)
    headers = {"Content-Disposition": f'attachment; filename="sign-ups-{asked}.csv"'}
    lines = stream_day(runtime, who.company_id, day=asked, with_filtered=who.is_admin)
    return Response(lines, mimetype="text/csv", headers=headers)


@blueprint.get("/reports/<day>/mail")
def show_mail(day: str) -> ResponseReturnValue:
    """Show the mail of a local day as text, as it would go out now; sends nothing."""
    asked = day_of(day)
    if asked > _today():
        return redirect(url_for("reports.show_day", day=asked), 303)
    mail = preview_day(get_runtime(), get_signed_in().company_id, day=asked)
    return render_template("reports/mail.html", day=asked, mail=mail)


def day_of(text: str) -> date:
    """Return the day of an address; anything else is no page."""
    return _day(text) or abort(404)


def begun_day_of(text: str) -> date:
    """Return the day of an address that has begun; of a day to come there is one page only."""
    day = day_of(text)
    return day if day <= _today() else abort(404)


def _day(text: str) -> date | None:
    """Return the day that is written as addresses write it, if there is one."""
    if not _DAY.fullmatch(text):
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day >= FIRST_DAY else None


def _today() -> date:
    return local_day(find_zone(get_signed_in().zone), get_runtime().clock())


def _page(found: tuple[DayDeliveries, ...]) -> tuple[tuple[DayDeliveries, ...], date | None]:
    """Return what one page shows, and before which day the next one goes on, if there is more."""
    last_days = sorted({span.day for span in found}, reverse=True)
    if len(last_days) <= SHOWN_DAYS:
        return found, None
    oldest = last_days[SHOWN_DAYS - 1]
    return tuple(span for span in found if span.day >= oldest), oldest
