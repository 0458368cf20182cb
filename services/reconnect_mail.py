"""Tell a company's admins by mail that a connection needs them, once for each ending.

The claim is committed before the first mail, so a mail server in trouble or a killed process
loses the notice and never repeats it: the page and the card say the same until somebody
reconnects, so a lost mail costs less than one that comes every minute. It carries no
List-Unsubscribe, because nobody subscribed: it goes to those whose work it is, once.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from models import Company, Connection, ConnectionState, ReconnectReason, Role, User
from services.database import only_reading
from services.local_days import find_zone, written_moment
from services.mail import (
    Mailer,
    MailError,
    RenderedMail,
    ServerAnswer,
    ServerTrouble,
    WrongMailPassword,
    build_message,
    render_mail,
)
from services.mail_counts import count_attempt
from services.mail_pause import is_paused, pause
from services.plain_text import plain_line
from services.providers.contract import ProviderKey
from services.providers.registry import ProviderProfile, provider_profile
from services.runtime import Runtime

logger = logging.getLogger(__name__)

TEMPLATE = "reconnect"
SHOWN_CHARACTERS = 120


@dataclass(frozen=True, slots=True)
class EndingWords:
    """What happened and how that comes about, as templates/unsynced/_reconnect.html says it."""

    happened: str
    explained: str


ENDINGS: Mapping[ReconnectReason, EndingWords] = MappingProxyType(
    {
        ReconnectReason.ENDED: EndingWords(
            "{name} has ended our permission to read your {customers}.",
            "This happens when a connection is unused for a long time or is removed in {name}.",
        ),
        ReconnectReason.SCOPE_MISSING: EndingWords(
            "The connection may no longer read customers in {name}.",
            "It stands, but this permission was left out or taken back.",
        ),
        ReconnectReason.ACCOUNT_GONE: EndingWords(
            "Your {account} is no longer shared with us in {name}.",
            "It was removed there, or whoever connected it lost access to it.",
        ),
        # A page is somewhere, a mail is not: it has to name both addresses.
        ReconnectReason.OTHER_INSTALLATION: EndingWords(
            "The connection to {name} was made at {there}.",
            "Using it at {here} would end it there, so we leave it alone. "
            "Reconnect only if you want to use it at {here}.",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Admin:
    """Somebody who is told."""

    public_id: str
    email: str


@dataclass(frozen=True, slots=True)
class Ending:
    """One ending in our hands: what the mail says, and to whom."""

    connection_public_id: str
    profile: ProviderProfile
    reason: ReconnectReason
    installation: str
    account_name: str
    company_name: str
    zone: str
    noticed_at: datetime
    told_at: datetime
    admins: tuple[Admin, ...]


def tell_admins(runtime: Runtime) -> None:
    """Mail the admins of every connection whose ending nobody was told. Commits.

    Calls the network, outside transactions. Without a mailer nothing is claimed, so that setting
    one up later still tells. Trouble of the mail server ends the round; what is not claimed yet
    waits for the next.
    """
    if runtime.mailer is None:
        return
    with only_reading(), runtime.sessions() as session:
        if is_paused(session, runtime):
            return
        untold = session.scalars(select(Connection.id).where(*_is_untold()).order_by(Connection.id))
        connection_ids = untold.all()
    for connection_id in connection_ids:
        with runtime.sessions() as session:
            ending = claim_ending(session, connection_id, now=runtime.clock())
        if ending is not None and not _tell(runtime, ending, mailer=runtime.mailer):
            return


def claim_ending(session: Session, connection_id: int, *, now: datetime) -> Ending | None:
    """Take one ending in hand, or None where it is told or over already. Commits."""
    claimed = session.scalar(
        update(Connection)
        .where(Connection.id == connection_id, *_is_untold())
        .values(reconnect_told_at=now)
        .returning(Connection.id)
    )
    ending = None if claimed is None else _load(session, connection_id, now=now)
    session.commit()
    return ending


def render_notice(ending: Ending, address: str, *, public_base_url: str) -> RenderedMail:
    """Render the three texts of one admin's mail."""
    words = ENDINGS[ending.reason]
    filled = {
        "name": ending.profile.short_name,
        "customers": ending.profile.customers_noun,
        "account": ending.profile.account_noun,
        "there": ending.installation,
        "here": public_base_url,
    }
    return render_mail(
        TEMPLATE,
        {
            "name": ending.profile.short_name,
            "account_noun": ending.profile.account_noun,
            "account_name": ending.account_name,
            "company_name": ending.company_name,
            "happened": words.happened.format(**filled),
            "explained": words.explained.format(**filled),
            "noticed": written_moment(ending.noticed_at, find_zone(ending.zone)),
            "url": f"{public_base_url}/settings/integrations/{ending.profile.key.value}",
            "recipient": address,
        },
    )


def _is_untold() -> tuple[ColumnElement[bool], ...]:
    return (
        Connection.state == ConnectionState.RECONNECT_REQUIRED,
        Connection.reconnect_told_at.is_(None),
    )


def _load(session: Session, connection_id: int, *, now: datetime) -> Ending:
    connection = session.get_one(Connection, connection_id)
    company = session.get_one(Company, connection.company_id)
    admins = session.execute(
        select(User.public_id, User.email)
        .where(User.company_id == company.id, User.role == Role.ADMIN, User.is_disabled.is_(False))
        .order_by(User.id)
    )
    return Ending(
        connection_public_id=connection.public_id,
        profile=provider_profile(ProviderKey(connection.provider)),
        reason=connection.reconnect_reason or ReconnectReason.ENDED,
        installation=plain_line(connection.installation, SHOWN_CHARACTERS),
        account_name=plain_line(connection.account.name, SHOWN_CHARACTERS),
        company_name=plain_line(company.name, SHOWN_CHARACTERS),
        zone=company.zone,
        noticed_at=connection.ended_at or now,
        told_at=now,
        admins=tuple(Admin(row.public_id, row.email) for row in admins),
    )


def _tell(runtime: Runtime, ending: Ending, *, mailer: Mailer) -> bool:
    """Mail every admin of one ending; say whether the mail server is worth asking again now."""
    for admin in ending.admins:
        try:
            answer = _send(runtime, ending, admin, mailer=mailer)
        except MailError as error:
            logger.warning("a reconnect mail did not go out: %s", error)
            count_attempt("notice", error)
            if isinstance(error, WrongMailPassword):
                with runtime.sessions() as session:
                    pause(session, runtime)
                    session.commit()
            if isinstance(error, ServerTrouble):
                return False
        except Exception:  # the edge: one poisoned mail must not stop the others
            logger.exception("a reconnect mail broke")
        else:
            count_attempt("notice", answer)
    return True


def _send(runtime: Runtime, ending: Ending, admin: Admin, *, mailer: Mailer) -> ServerAnswer:
    mail = render_notice(ending, admin.email, public_base_url=runtime.public_base_url)
    message = build_message(
        mail,
        sender=runtime.mail_from,
        recipient=admin.email,
        message_id=_message_id(ending, admin, sender=runtime.mail_from),
        date=runtime.clock(),
        headers={},
    )
    return mailer.send(message)


def _message_id(ending: Ending, admin: Admin, *, sender: str) -> str:
    local_part = (
        f"reconnect.{ending.connection_public_id}.{ending.told_at:%Y%m%d%H%M%S}.{admin.public_id}"
    )
    return f"<{local_part}@{sender.rpartition('@')[2].lower()}>"
