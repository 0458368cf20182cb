"""The mails that carry a one-time link, and the notices that something was changed; pure.

No Subject holds what somebody wrote, and no name can be taken for a link.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from types import MappingProxyType
from zoneinfo import ZoneInfo

from models import LinkPurpose, Role
from services.confirmation_mail import unlinked
from services.local_days import written_moment
from services.mail import RenderedMail, build_message, render_mail

#: Where each link leads; a notice leads to where a person can do something about it.
PATHS: Mapping[LinkPurpose, str] = MappingProxyType(
    {
        LinkPurpose.INVITATION: "/invitation/",
        LinkPurpose.PASSWORD_RESET: "/password/",
        LinkPurpose.EMAIL_CHANGE: "/email/",
    }
)
HELP_PATH = "/password"
ROLES: Mapping[Role, str] = MappingProxyType({Role.ADMIN: "an admin", Role.MEMBER: "a member"})


@dataclass(frozen=True, slots=True)
class LinkMail:
    """One mail in our hands; `token` is empty for a notice."""

    link_public_id: str
    purpose: LinkPurpose
    address: str
    company_name: str
    invited_by: str
    role: Role | None
    zone: ZoneInfo
    token: str
    made_at: datetime
    expires_at: datetime


def render_link_mail(mail: LinkMail, *, public_base_url: str) -> RenderedMail:
    """Render the three texts; addresses begin with the setting, never with a request's Host."""
    return render_mail(
        mail.purpose.value,
        {
            "company_name": unlinked(mail.company_name) or "a company",
            "invited_by": unlinked(mail.invited_by) or "Somebody",
            "role": ROLES[mail.role or Role.MEMBER],
            "made": written_moment(mail.made_at, mail.zone),
            "ends": written_moment(mail.expires_at, mail.zone),
            "url": public_base_url + PATHS.get(mail.purpose, HELP_PATH) + mail.token,
            "recipient": mail.address,
        },
    )


def compose_link_mail(mail: LinkMail, *, sender: str, public_base_url: str) -> EmailMessage:
    """Return the finished message. Raises MessageRefused.

    It carries no List-Unsubscribe: each is one mail that somebody asked for.
    """
    return build_message(
        render_link_mail(mail, public_base_url=public_base_url),
        sender=sender,
        recipient=mail.address,
        message_id=_message_id(mail, sender=sender),
        date=mail.made_at,
        headers={},
    )


def _message_id(mail: LinkMail, *, sender: str) -> str:
    """Stay the same for a mail that has to be sent again, so that receivers know it."""
    kind = mail.purpose.value.replace("_", "-")
    return f"<{kind}.{mail.link_public_id}@{sender.rpartition('@')[2].lower()}>"
