"""Settings > Reports: whether, when and to whom the daily report is mailed; a test to oneself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints.addresses import public_id
from blueprints.delivery_rows import delivery_rows
from blueprints.error_pages import find_answer
from blueprints.guards import admin_required, get_runtime, get_signed_in
from blueprints.htmx import is_htmx
from blueprints.proof import password_again
from blueprints.provider_page import Notice, keep_notice, kept_notice
from blueprints.report_form import Entered
from blueprints.words import until
from models import EmptyDay
from services.account_errors import UnknownZone
from services.database import only_reading
from services.local_days import find_zone
from services.mail import MailError, UncertainOutcome
from services.recipient_confirmation import AskedAlready, UnknownRecipient, ask_again
from services.report_history import list_deliveries
from services.report_recipients import RecipientState, list_recipients
from services.report_sending import SendingError
from services.report_settings import (
    SHOWN_ADDRESSES,
    ReportSettingsError,
    ReportSettingsView,
    ReportWish,
    change_report_settings,
    check_wish,
    view_report_settings,
)
from services.report_test import send_own_test
from services.zone_names import offered_zones

blueprint = Blueprint("report_settings", __name__, url_prefix="/settings/reports")

HOURS = range(24)
SHOWN_DAYS = 5
BLANK = ReportWish(is_on=False, local_hour=0, zone="UTC", on_empty_day=EmptyDay.SKIP, recipients=())


@blueprint.get("")
@admin_required
def show() -> ResponseReturnValue:
    """Show the settings as they are."""
    return _page(notice=kept_notice())


@blueprint.post("")
@admin_required
@password_again("save the settings of the daily report", "recipients")
def save() -> ResponseReturnValue:
    """Store the settings whole, or say beside each field what cannot be."""
    runtime, who = get_runtime(), get_signed_in()
    entered = Entered.read(request.form)
    with only_reading(), runtime.sessions() as session:
        recipients = list_recipients(session, who.company_id)
    wish = entered.wish(recipients)
    if errors := _errors(wish):
        with only_reading():
            return _page(entered=entered, errors=errors), 422
    with runtime.sessions() as session:
        view = change_report_settings(session, who, wish=wish, now=runtime.clock())
    told = _typed_again(entered.typed_again(recipients)) + _asked(view)
    keep_notice(Notice("ok", f"The settings are saved.{told}"))
    return redirect(url_for("report_settings.show"), 303)


@blueprint.post("/ask")
@admin_required
def ask() -> ResponseReturnValue:
    """Ask a recipient by mail once more, at most once an hour; what was entered stays."""
    runtime, recipient = get_runtime(), public_id(request.form.get("recipient"))
    if recipient is None:
        raise UnknownRecipient
    try:
        with runtime.sessions() as session:
            address = ask_again(session, get_signed_in(), recipient, now=runtime.clock())
    except AskedAlready as error:
        notice = Notice("warn", _asked_already(error))
    else:
        notice = Notice("ok", f"{address} is being asked again by e-mail.")
    if "zone" in request.form and (page := _unsaved_page(notice)):
        return page
    keep_notice(notice)
    return redirect(url_for("report_settings.show"), 303)


@blueprint.post("/test")
@admin_required
def test() -> ResponseReturnValue:
    """Mail yesterday's report to whoever asks, by the way of the real one, and say how it went."""
    who = get_signed_in()
    status = 200
    try:
        answer = send_own_test(get_runtime(), who)
    except (MailError, SendingError) as error:
        notice, status = Notice("bad", _trouble(error)), find_answer(error).status
    else:
        notice = Notice(
            "ok",
            f"The mail server took the test for {who.email} and answered {answer.code}. "
            "Tests are not listed under the deliveries.",
        )
    if is_htmx():
        return render_template("reports/_test.html", test_notice=notice), status
    if status == 200:
        keep_notice(notice)
        return redirect(url_for("report_settings.show"), 303)
    with only_reading():
        return _page(notice=notice), status


def _unsaved_page(notice: Notice) -> str | None:
    """Return the page as it was filled in, None where nothing in it waits to be saved."""
    runtime, entered = get_runtime(), Entered.read(request.form)
    with only_reading():
        with runtime.sessions() as session:
            view = view_report_settings(session, get_signed_in().company_id, now=runtime.clock())
        if not entered.differs_from(view):
            return None
        not_saved = f"{notice.text} What you changed on this page is not saved yet."
        return _page(entered=entered, notice=replace(notice, text=not_saved))


def _errors(wish: ReportWish) -> Mapping[str, str]:
    """Ask about each field by itself, so that all of them are answered at once."""
    questions = {
        "hour": replace(BLANK, local_hour=wish.local_hour),
        "zone": replace(BLANK, zone=wish.zone),
        "recipients": replace(BLANK, is_on=wish.is_on, recipients=wish.recipients),
    }
    errors = {}
    for field, question in questions.items():
        try:
            check_wish(question)
        except (ReportSettingsError, UnknownZone) as error:
            errors[field] = str(error)
    return errors


def _typed_again(addresses: Sequence[str]) -> str:
    """Say of addresses on the list that typing them again changed nothing."""
    if not addresses:
        return ""
    was = "was" if len(addresses) == 1 else "were"
    shown = ", ".join(addresses[:SHOWN_ADDRESSES])
    more = len(addresses) - SHOWN_ADDRESSES
    shown += f" and {more:,} more" if more > 0 else ""
    return f" {shown} {was} on the list already; what the row says counts."


def _asked(view: ReportSettingsView) -> str:
    """Name whom a mail asks now, because reports begin only after that."""
    asked = [
        recipient.address
        for recipient in view.recipients
        if recipient.state is RecipientState.NOT_CONFIRMED and not recipient.confirmation_sent_at
    ]
    if not asked:
        return ""
    is_or_are = "is" if len(asked) == 1 else "are"
    then = "" if view.is_on else ", once the report is on"
    return f" {', '.join(asked)} {is_or_are} asked by e-mail first{then}."


def _asked_already(error: AskedAlready) -> str:
    zone, now = find_zone(get_signed_in().zone), get_runtime().clock()
    again = until(error.again_at, now=now, zone=zone)
    return f"The link was sent less than an hour ago. It can be sent again {again}."


def _trouble(error: MailError | SendingError) -> str:
    """Say what happened; where the server's answer was lost, nobody knows whether it arrived."""
    if isinstance(error, UncertainOutcome):
        return f"{error} The test may have arrived."
    answer = error.answer if isinstance(error, MailError) else None
    said = f" It answered {answer.code} {answer.text.rstrip('.')}." if answer else ""
    return f"The test did not go out. {error}{said}"


def _page(
    *,
    entered: Entered | None = None,
    errors: Mapping[str, str] | None = None,
    notice: Notice | None = None,
) -> str:
    runtime, who = get_runtime(), get_signed_in()
    with runtime.sessions() as session:
        view = view_report_settings(session, who.company_id, now=runtime.clock())
        days = list_deliveries(session, who.company_id, days=SHOWN_DAYS)
    return render_template(
        "reports/settings.html",
        view=view,
        entered=entered or Entered.of(view),
        errors=errors or {},
        notice=notice,
        test_notice=None,
        is_mail_set_up=runtime.mailer is not None,
        rows=delivery_rows(days, with_addresses=True),
        zones=offered_zones(),
        hours=HOURS,
    )
