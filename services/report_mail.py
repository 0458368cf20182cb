"""Turn a signup report into the message one recipient gets; pure but for the templates."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import date, datetime
from email.message import EmailMessage
from urllib.parse import quote

from models import Frequency, Role
from services.local_days import DAY, Window
from services.mail import RenderedMail, build_message, render_mail, wire_bytes
from services.signup_counts import comparison_words
from services.signup_report import DayBar, SignupReport
from services.signup_rows import Signup

TEMPLATE = "signup_report"
#: Leaves room for the number on a screen of 320 pixels.
BAR_WIDTH_PERCENT = 80
BAR_MARKS = 30
PREVIEWED_NAMES = 3
#: Mail programs begin to cut at 102 KB. What is left is for what servers add.
MAIL_BYTES = 99_000
#: In a longer list a link at every address would take the room of other names.
LINKED_ROWS = 50
_PARTIAL = "This day is not over yet. Whoever comes later stands in the daily report."
_COPY = "A copy that somebody in your team asked for. Your own report comes as always."
_COPY_OUTSIDE = "This report is sent again, as a copy. The next one comes as always."
#: Of how many days a mail tells where none before it was missed.
_RHYTHM_DAYS = {Frequency.DAILY: 1, Frequency.WEEKLY: 7}


@dataclass(frozen=True, slots=True)
class Addressee:
    """Whom one mail goes to and why; an extra or a test has no unsubscribe token and no hour.

    A copy was asked for by a person; `is_partial` says that its day was not over. `role` is None
    for whoever cannot sign in: a link into BlueClerk would end at a closed door.
    """

    address: str
    public_base_url: str
    unsubscribe_token: str | None = None
    local_hour: int | None = None
    frequency: Frequency = Frequency.DAILY
    is_test: bool = False
    is_copy: bool = False
    is_partial: bool = False
    role: Role | None = Role.ADMIN

    @property
    def unsubscribe_url(self) -> str | None:
        if self.unsubscribe_token is None:
            return None
        return f"{self.public_base_url}/unsubscribe/{self.unsubscribe_token}"


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the message carries besides its content."""

    sender: str
    message_id: str
    date: datetime
    is_repeat: bool = False


def render_report(report: SignupReport, addressee: Addressee) -> RenderedMail:
    """Render the three texts of one recipient's mail."""
    several_days = report.window.first_day != report.window.last_day
    return render_mail(
        TEMPLATE,
        {
            "company_name": report.company_name,
            "zone_label": report.zone_label,
            "headline": _headline(report.count, is_partial=addressee.is_partial),
            "comparison": comparison_words(report.comparison),
            "days_short": _days_short(report.window),
            "days_long": _days_long(report.window),
            "signups": _rows(report, addressee),
            "further_count": report.further_count,
            "preview": _preview(report),
            "new_line": ", ".join(report.new_lines),
            "integrations_url": _link(addressee, "/settings/integrations", only_admins=True),
            "bars": _bars(report.bars),
            "bars_count": report.bars_count,
            "day_url": _link(addressee, _page(report.window)),
            "day_words": "days" if several_days else "day",
            "settings_url": _link(addressee, "/settings/reports", only_admins=True),
            "unsubscribe_url": addressee.unsubscribe_url,
            "recipient": addressee.address,
            "schedule": _schedule(addressee),
            "notes": _notes(report.window, addressee),
            "mark": _mark(addressee),
        },
    )


def compose_report(
    report: SignupReport, addressee: Addressee, *, envelope: Envelope
) -> EmailMessage:
    """Return the finished message, of which no mail program cuts the end. Raises MessageRefused.

    It names fewer where names or addresses are so long that it would grow too large.
    """
    message = _message(report, addressee, envelope)
    while (size := len(wire_bytes(message))) > MAIL_BYTES and report.signups:
        fitting = max(0, len(report.signups) * MAIL_BYTES // size - 1)
        report = replace(report, signups=report.signups[:fitting])
        message = _message(report, addressee, envelope)
    return message


def _message(report: SignupReport, addressee: Addressee, envelope: Envelope) -> EmailMessage:
    return build_message(
        render_report(report, addressee),
        sender=envelope.sender,
        recipient=addressee.address,
        message_id=envelope.message_id,
        date=envelope.date,
        headers=_headers(addressee, is_repeat=envelope.is_repeat),
    )


def delivery_message_id(day: date, *, recipient_public_id: str, sender: str) -> str:
    """Return the id that every attempt of one delivery carries, so that a repeat is known."""
    return _message_id(f"signup-report.{day:%Y%m%d}.{recipient_public_id}", sender)


def new_message_id(sender: str) -> str:
    """Return an id of its own for a mail that repeats nothing."""
    return _message_id(f"signup-report.extra.{secrets.token_hex(8)}", sender)


def _message_id(local_part: str, sender: str) -> str:
    return f"<{local_part}@{sender.rpartition('@')[2].lower()}>"


def _headers(addressee: Addressee, *, is_repeat: bool) -> dict[str, str]:
    headers: dict[str, str] = {}
    if addressee.unsubscribe_url is not None:
        headers["List-Unsubscribe"] = f"<{addressee.unsubscribe_url}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    if is_repeat:
        headers["X-BlueClerk-Possible-Repeat"] = "yes"
    return headers


def _mark(addressee: Addressee) -> str:
    """Return what the subject begins with where the mail is not the report of every day."""
    if addressee.is_test:
        return "Test: "
    return "Copy: " if addressee.is_copy and not addressee.is_partial else ""


def _notes(window: Window, addressee: Addressee) -> tuple[str, ...]:
    if addressee.is_partial:
        return (_PARTIAL,)
    if addressee.is_copy:
        return (_COPY_OUTSIDE if addressee.role is None else _COPY,)
    days = (window.last_day - window.first_day).days + 1
    if days > _RHYTHM_DAYS.get(addressee.frequency, days):
        return (f"{days:,} days in one mail: the earlier ones had not been mailed yet.",)
    return ()


def _headline(count: int, *, is_partial: bool) -> str:
    number = f"{count:,}" if count else "No"
    so_far = " so far" if is_partial else ""
    return f"{number} new {'customer' if count == 1 else 'customers'}{so_far}"


def _days_short(window: Window) -> str:
    if window.first_day == window.last_day:
        return f"on {_day(window.last_day)}"
    if _is_week(window):
        return f"in the week of {window.first_day.day} {window.first_day:%B}"
    return f"from {_day(window.first_day)} to {_day(window.last_day)}"


def _days_long(window: Window) -> str:
    last = f"{_day(window.last_day)} {window.last_day.year}"
    if window.first_day == window.last_day:
        return last
    return f"{_day(window.first_day)} {window.first_day.year} to {last}"


def _is_week(window: Window) -> bool:
    return window.first_day.weekday() == 0 and window.last_day - window.first_day == 6 * DAY


def _page(window: Window) -> str:
    """Return where everybody stands: the page of the day, or that of all days for several."""
    several_days = window.first_day != window.last_day
    return "/reports" if several_days else f"/reports/{window.last_day}"


def _link(addressee: Addressee, path: str, *, only_admins: bool = False) -> str:
    """Return the address of a page, or nothing where it would not open for the reader."""
    may_open = addressee.role is Role.ADMIN if only_admins else addressee.role is not None
    return f"{addressee.public_base_url}{path}" if may_open else ""


def _day(day: date) -> str:
    return f"{day:%A}, {day.day} {day:%B}"


def _rows(report: SignupReport, addressee: Addressee) -> list[dict[str, str]]:
    several_days = report.window.first_day != report.window.last_day
    is_short = len(report.signups) <= LINKED_ROWS
    return [
        {
            "name": signup.name,
            "company_name": signup.company_name,
            "email": signup.email,
            "mailto": f"mailto:{quote(signup.email, safe='@')}"
            if is_short and signup.email
            else "",
            "phone": signup.phone,
            "came_by": signup.came_by,
            "time": _time(signup, several_days),
            "url": _link(addressee, f"/customers/{signup.public_id}"),
        }
        for signup in report.signups
    ]


def _time(signup: Signup, several_days: bool) -> str:
    time = f"{signup.at:%H:%M}"
    return f"{signup.at:%a} {signup.at.day}, {time}" if several_days else time


def _preview(report: SignupReport) -> str:
    """Return the line that mail programs show beside the subject."""
    names = [signup.name for signup in report.signups[:PREVIEWED_NAMES]]
    further = report.count - len(names)
    return ", ".join(names) + (f" and {further:,} more" if further else "")


def _bars(bars: tuple[DayBar, ...]) -> list[dict[str, object]]:
    """Scale the bars to the longest; a day with somebody always shows something."""
    longest = max((bar.count for bar in bars), default=0) or 1
    return [
        {
            "label": f"{bar.day:%a} {bar.day.day}",
            "count": bar.count,
            "width_percent": -(-bar.count * BAR_WIDTH_PERCENT // longest),
            "marks": "#" * (bar.count if longest <= BAR_MARKS else _marks(bar.count, longest)),
        }
        for bar in bars
    ]


def _marks(count: int, longest: int) -> int:
    return -(-count * BAR_MARKS // longest)


def _schedule(addressee: Addressee) -> str:
    if addressee.local_hour is None:
        return ""
    rhythm = "every Monday" if addressee.frequency is Frequency.WEEKLY else "every day"
    return f" {rhythm} at {addressee.local_hour:02}:00"
