"""Settings > Reports: whether, when and to whom the daily report is mailed; a test to oneself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints.delivery_rows import delivery_row
from blueprints.error_pages import find_answer
from blueprints.forms import one_line
from blueprints.guards import admin_required, get_runtime, get_signed_in
from blueprints.htmx import is_htmx
from blueprints.provider_page import Notice, keep_notice, kept_notice
from models import EmptyDay, Frequency
from services.accounts import UnknownZone
from services.database import only_reading
from services.mail import MailError, UncertainOutcome
from services.report_history import list_deliveries
from services.report_recipients import RecipientWish
from services.report_sending import SendingError, send_test
from services.report_settings import (
    ReportSettingsError,
    ReportSettingsView,
    ReportWish,
    change_report_settings,
    check_wish,
    offered_zones,
    view_report_settings,
)

blueprint = Blueprint("report_settings", __name__, url_prefix="/settings/reports")

HOURS = range(24)
MOST_LINES = 200
MOST_CHARACTERS = 100
SHOWN_DAYS = 5
BLANK = ReportWish(is_on=False, local_hour=0, zone="UTC", on_empty_day=EmptyDay.SKIP, recipients=())


@dataclass(frozen=True, slots=True)
class Entered:
    """The form as it stands, whether it can be stored or not."""

    is_on: bool
    hour: str
    zone: str
    on_empty_day: EmptyDay
    recipients: str

    @classmethod
    def of(cls, view: ReportSettingsView) -> Entered:
        return cls(
            is_on=view.is_on,
            hour=str(view.local_hour),
            zone=view.zone,
            on_empty_day=view.on_empty_day,
            recipients="\n".join(
                recipient.address
                for recipient in view.recipients
                if recipient.frequency is not Frequency.OFF
            ),
        )

    def wish(self) -> ReportWish:
        lines = self.recipients.replace("\r\n", "\n").split("\n")
        return ReportWish(
            is_on=self.is_on,
            local_hour=int(self.hour) if self.hour.isdecimal() else -1,
            zone=self.zone,
            on_empty_day=self.on_empty_day,
            recipients=[RecipientWish(line, Frequency.DAILY) for line in lines if line.strip(" ")][
                :MOST_LINES
            ],
        )


@blueprint.get("")
@admin_required
def show() -> ResponseReturnValue:
    """Show the settings as they are."""
    return _page(notice=kept_notice())


@blueprint.post("")
@admin_required
def save() -> ResponseReturnValue:
    """Store the settings whole, or say beside each field what cannot be."""
    runtime, entered = get_runtime(), _entered()
    wish = entered.wish()
    if errors := _errors(wish):
        with only_reading():
            return _page(entered=entered, errors=errors), 422
    with runtime.sessions() as session:
        change_report_settings(session, get_signed_in(), wish=wish, now=runtime.clock())
    keep_notice(Notice("ok", "The settings are saved."))
    return redirect(url_for("report_settings.show"), 303)


@blueprint.post("/test")
@admin_required
def test() -> ResponseReturnValue:
    """Mail yesterday's report to whoever asks, by the way of the real one, and say how it went."""
    who = get_signed_in()
    status = 200
    try:
        answer = send_test(get_runtime(), who.company_id, address=who.email)
    except (MailError, SendingError) as error:
        notice, status = Notice("bad", _trouble(error)), find_answer(error).status
    else:
        notice = Notice(
            "ok", f"The mail server took the test for {who.email} and answered {answer.code}."
        )
    if is_htmx():
        return render_template("reports/_test.html", test_notice=notice), status
    if status == 200:
        keep_notice(notice)
        return redirect(url_for("report_settings.show"), 303)
    with only_reading():
        return _page(notice=notice), status


def _entered() -> Entered:
    form = request.form
    empty = form.get("empty", "")
    return Entered(
        is_on="on" in form,
        hour=form.get("hour", "").strip()[:8],
        zone=one_line(form.get("zone", ""))[:MOST_CHARACTERS],
        on_empty_day=EmptyDay(empty) if empty in set(EmptyDay) else EmptyDay.SKIP,
        recipients=form.get("recipients", ""),
    )


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
        rows=[delivery_row(day, with_addresses=True) for day in days],
        zones=offered_zones(),
        hours=HOURS,
    )
