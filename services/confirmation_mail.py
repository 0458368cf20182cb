"""The mail that asks somebody whether a company's report may be sent there; pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from types import MappingProxyType
from zoneinfo import ZoneInfo

from models import Frequency
from services.local_days import written_moment
from services.mail import RenderedMail, build_message, render_mail
from services.plain_text import plain_line

TEMPLATE = "confirm_recipient"
NAME_CHARACTERS = 60
_SCHEME = re.compile(r"\w*\s*:?//+|\bwww\b[.\u3002\uff0e\uff61]?", re.IGNORECASE)
#: A dot, in any script, before what a mail program could take for the end of a domain.
_LINKING_DOT = re.compile(r"(?<=\w)[.\u3002\uff0e\uff61](?=\w{2}|\d)")
RHYTHMS: Mapping[Frequency, str] = MappingProxyType(
    {Frequency.DAILY: "every day", Frequency.WEEKLY: "every Monday"}
)


@dataclass(frozen=True, slots=True)
class Question:
    """One question in our hands: to whom, on whose behalf, and how long its link works."""

    recipient_public_id: str
    address: str
    company_name: str
    asked_by: str
    frequency: Frequency
    local_hour: int
    zone: ZoneInfo
    asked_at: datetime
    expires_at: datetime


def render_question(question: Question, *, confirm_url: str, unsubscribe_url: str) -> RenderedMail:
    """Render the three texts."""
    return render_mail(
        TEMPLATE,
        {
            "company_name": unlinked(question.company_name) or "a company",
            "asked_by": unlinked(question.asked_by) or "Somebody",
            "schedule": f"{RHYTHMS[question.frequency]} at {question.local_hour:02}:00",
            "ends": written_moment(question.expires_at, question.zone),
            "confirm_url": confirm_url,
            "unsubscribe_url": unsubscribe_url,
            "recipient": question.address,
        },
    )


def unlinked(name: str) -> str:
    """Return a name that no mail program makes a link of, and that leaves no room for a text.

    The mail goes to strangers, with words of whoever asked for it.
    """
    without_schemes = _SCHEME.sub(" ", plain_line(name, len(name) + 1))
    return plain_line(_LINKING_DOT.sub(" ", without_schemes), NAME_CHARACTERS)


def compose_question(
    question: Question, *, sender: str, confirm_url: str, unsubscribe_url: str
) -> EmailMessage:
    """Return the finished message. Raises MessageRefused.

    Its one-click link refuses: whoever uses it is not asked again.
    """
    return build_message(
        render_question(question, confirm_url=confirm_url, unsubscribe_url=unsubscribe_url),
        sender=sender,
        recipient=question.address,
        message_id=_message_id(question, sender=sender),
        date=question.asked_at,
        headers={
            "List-Unsubscribe": f"<{unsubscribe_url}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
    )


def _message_id(question: Question, *, sender: str) -> str:
    local_part = f"confirm.{question.recipient_public_id}.{question.asked_at:%Y%m%d%H%M%S}"
    return f"<{local_part}@{sender.rpartition('@')[2].lower()}>"
