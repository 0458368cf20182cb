"""Sending a day's report once more: the question with its numbers, the click; and all as a file."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints.day_deliveries import load_day
from blueprints.guards import admin_required, get_runtime, get_signed_in
from blueprints.htmx import is_htmx
from blueprints.provider_page import Notice, keep_notice
from blueprints.reports import begun_day_of
from blueprints.words import count_of
from services.delivery_csv import stream_deliveries
from services.local_days import find_zone, local_day
from services.report_resend import (
    NothingToSend,
    Resend,
    UnknownDay,
    count_again,
    send_again,
)

blueprint = Blueprint("resending", __name__, url_prefix="/reports")

NOT_SET_UP = " Mail is not set up, so nothing goes out for now."


@blueprint.get("/<day>/deliveries")
@admin_required
def watch(day: str) -> ResponseReturnValue:
    """Answer what became of the day's mails, for htmx while one of them is on its way."""
    asked = begun_day_of(day)
    if not is_htmx():
        return redirect(url_for("reports.show_day", day=asked), 303)
    return render_template("reports/_day_deliveries.html", mails=load_day(asked))


@blueprint.get("/<day>/again")
@admin_required
def ask(day: str) -> ResponseReturnValue:
    """Say who would get the report once more; sends nothing."""
    runtime, asked = get_runtime(), begun_day_of(day)
    mails = load_day(asked)
    if not any(not line.view.is_copy for line in mails.lines):
        raise UnknownDay
    try:
        with runtime.sessions() as session:
            resend = count_again(
                session,
                get_signed_in().company_id,
                day=asked,
                now=runtime.clock(),
                sender=runtime.mail_from,
            )
    except NothingToSend as error:
        keep_notice(Notice("warn", f"Nothing can be sent. {error}"))
        return redirect(url_for("reports.show_day", day=asked), 303)
    count = resend.opened + resend.copies
    if not count:
        keep_notice(Notice("ok", _words(resend)))
        return redirect(url_for("reports.show_day", day=asked), 303)
    return render_template("reports/again.html", mails=mails, count=count)


@blueprint.post("/<day>/send")
@admin_required
def send(day: str) -> ResponseReturnValue:
    """Let the report go to whoever has it not, with `to=all` also as a copy to whoever has."""
    runtime, asked = get_runtime(), begun_day_of(day)
    try:
        with runtime.sessions() as session:
            resend = send_again(
                session,
                get_signed_in(),
                day=asked,
                only_missing=request.form.get("to") != "all",
                wake=runtime.wake,
                now=runtime.clock(),
                sender=runtime.mail_from,
            )
    except NothingToSend as error:
        keep_notice(Notice("warn", f"Nothing was sent. {error}"))
    else:
        waits = "" if runtime.mailer else NOT_SET_UP
        keep_notice(Notice("ok" if runtime.mailer else "warn", f"{_words(resend)}{waits}"))
    return redirect(url_for("reports.show_day", day=asked), 303)


@blueprint.get("/deliveries.csv")
@admin_required
def download() -> ResponseReturnValue:
    """Send every delivery as a file, while it is read."""
    runtime, who = get_runtime(), get_signed_in()
    today = local_day(find_zone(who.zone), runtime.clock())
    headers = {"Content-Disposition": f'attachment; filename="report-deliveries-{today}.csv"'}
    lines = stream_deliveries(runtime, who.company_id)
    return Response(lines, mimetype="text/csv", headers=headers)


def _words(resend: Resend) -> str:
    """Say what is on its way: 3 mails are on their way, 2 of them copies."""
    count = resend.opened + resend.copies
    if not count:
        return f"{count_of(resend.waiting, 'mail')} {_was(resend.waiting)} on the way already."
    what = count_of(count, "mail") if resend.opened else count_of(count, "copy", "copies")
    copies = f", {resend.copies} of them as a copy" if resend.opened and resend.copies else ""
    more = f" {resend.waiting} more {_was(resend.waiting)} already." if resend.waiting else ""
    return f"{what} {'is' if count == 1 else 'are'} on the way{copies}.{more}"


def _was(count: int) -> str:
    return "was" if count == 1 else "were"
