"""What varies between a server, a command and a test, handed down instead of looked up."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from sqlalchemy.orm import Session, sessionmaker

from services.due_memory import DueMemory
from services.kept_counts import FrequencyMemory
from services.mail import Mailer
from services.providers.contract import ProviderKey
from services.providers.registry import ProviderAccess
from services.retention_days import RetentionDays
from services.token_vault import TokenVault

Clock = Callable[[], datetime]


class Wake(Protocol):
    """Carries a wake-up to whoever runs jobs; the row it points to is the truth."""

    def __call__(self, job: str, row_id: int) -> None: ...


def utc_now() -> datetime:
    """Return the time, aware and in UTC."""
    return datetime.now(UTC)


class ProcessEnds(Exception):
    """This process was asked to end; what it works on is left to another one."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """Built once by create_app and passed to whatever needs more than a session.

    `mailer` is None where no mail server is set; `quick_mailer` is one that gives up sooner, for
    a mail that somebody waits for before a page. `link_key` signs the links in mails; the one
    made here for want of another ends with the process. `frequencies` is what small matchings of
    this process remember, `due_memory` which reports it has just looked after. `retention` is for
    how long what is kept. With `has_workers`, jobs and beats run in other processes than pages.
    `stopping` is set when the process shall end.
    """

    sessions: sessionmaker[Session]
    vault: TokenVault
    access: Callable[[ProviderKey], ProviderAccess]
    public_base_url: str
    wake: Wake
    clock: Clock = utc_now
    mailer: Mailer | None = None
    quick_mailer: Mailer | None = None
    mail_from: str = "blueclerk@localhost"
    link_key: str = field(default_factory=secrets.token_urlsafe, repr=False)
    frequencies: FrequencyMemory = field(default_factory=FrequencyMemory, repr=False)
    due_memory: DueMemory = field(default_factory=DueMemory, repr=False)
    retention: RetentionDays = field(default_factory=RetentionDays)
    has_workers: bool = False
    stopping: threading.Event = field(default_factory=threading.Event, repr=False)

    def redirect_uri(self, provider: ProviderKey) -> str:
        """Return the callback address; from the settings, never from a request's Host."""
        return f"{self.public_base_url}/settings/integrations/{provider.value}/callback"

    def wait(self, wait_s: float) -> None:
        """Sleep. Raises ProcessEnds as soon as this process shall end."""
        if self.stopping.wait(wait_s):
            raise ProcessEnds
