"""What the tests of reconnect mails share: an ended permission, and a look at the mails."""

from __future__ import annotations

from dataclasses import replace
from email.message import EmailMessage
from typing import Any

from sqlalchemy import URL

from models import ReconnectReason
from services.connections import require_reconnect
from services.runtime import Runtime
from tests.fakes import Outbox
from tests.services.reporting import SENDER, read_mail
from tests.services.support import Place, refuse_open_transactions
from tests.services.token_rows import change_connection


def silent_while_writing(database_url: URL) -> Outbox:
    """A mail server to which nothing is said while a transaction is open."""
    return Outbox(meanwhile=refuse_open_transactions(database_url))


def with_mailer(runtime: Runtime, outbox: Outbox) -> Runtime:
    return replace(runtime, mailer=outbox, mail_from=SENDER)


def end_permission(
    runtime: Runtime, place: Place, reason: ReconnectReason = ReconnectReason.ENDED, **values: Any
) -> None:
    """Let the provider have ended the permission."""
    with runtime.sessions() as session:
        require_reconnect(session, place.connection_id, reason=reason, now=runtime.clock())
        session.commit()
    if values:
        change_connection(runtime, place, **values)


def sent_mails(outbox: Outbox) -> list[EmailMessage]:
    return [read_mail(lines) for lines in outbox.received]
