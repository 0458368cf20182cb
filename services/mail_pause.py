"""Leave a mail server alone that refuses our password: asking every minute could lock the account.

For mails without a delivery row; deliveries have a pause of their own.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from models import Attempt
from services.runtime import Runtime
from services.throttle import allow, hash_key

PASSWORD_PAUSE = timedelta(hours=1)
KIND = "mail_password"


def pause(session: Session, runtime: Runtime) -> None:
    """Begin the pause, in the caller's transaction."""
    allow(
        session,
        kind=KIND,
        key_hash=_key(runtime),
        limit=1,
        window=PASSWORD_PAUSE,
        now=runtime.clock(),
    )


def is_paused(session: Session, runtime: Runtime) -> bool:
    """Say whether the server has refused our password within the hour. Changes nothing."""
    is_recent = exists().where(
        Attempt.kind == KIND,
        Attempt.key_hash == _key(runtime),
        Attempt.at > runtime.clock() - PASSWORD_PAUSE,
    )
    return bool(session.scalar(select(is_recent)))


def _key(runtime: Runtime) -> str:
    return hash_key(runtime.link_key, runtime.mail_from)
