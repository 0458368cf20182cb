"""Mail one-time links and notices: the row is the queue, and whoever moves its date sends it.

A claim moves `next_attempt_at` on by longer than a mail server may keep us waiting, and is
committed before the mail goes out, so that two workers never send one at the same moment. What
surely did not go out is tried again after growing pauses, while the link lives. A process killed
in the middle leaves a mail that may come twice, with one Message-ID and one link; an answer of
the server that is lost counts as a yes, because whoever waits can ask again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.orm import Session, joinedload

from models import OneTimeLink, User
from services.database import only_reading, retry_while_busy
from services.link_mail import PATHS, LinkMail, compose_link_mail
from services.local_days import find_zone
from services.log_context import note_ids, telling
from services.mail import (
    BrokenOff,
    Mailer,
    MailError,
    MessageRefused,
    ServerTrouble,
    TryLater,
    UncertainOutcome,
    WrongMailPassword,
)
from services.mail_counts import count_attempt
from services.mail_pause import PASSWORD_PAUSE, is_paused, pause
from services.one_time_links import is_open, link_token
from services.runtime import Runtime

logger = logging.getLogger(__name__)

#: Longer than services/smtp.py waits in all, 14 minutes, or a second worker would send it too.
LEASE = timedelta(minutes=15)
FIRST_PAUSE = timedelta(minutes=1)
#: With pauses that double, the last attempt comes after 17 hours.
ATTEMPTS = 10
LINKS_PER_ROUND = 20
#: What the server said is lost with this process only; before that, it is worth a minute.
NOTING_S = 60.0


def send_link(runtime: Runtime, link_id: int) -> None:
    """Mail this link now, if it waits. Commits. Calls the network, outside transactions."""
    if runtime.mailer is not None and not _is_paused(runtime):
        with telling(link_id=link_id):
            _send(runtime, link_id, mailer=runtime.mailer)


def send_links(runtime: Runtime) -> None:
    """Mail the links whose next attempt has come. Commits. Calls the network.

    A server that fails or keeps silent ends the round. Without a mailer they wait.
    """
    _give_up_expired(runtime)
    if runtime.mailer is None:
        return
    for link_id in due_links(runtime):
        if runtime.stopping.is_set():
            return
        with telling(link_id=link_id):
            is_well = _send(runtime, link_id, mailer=runtime.mailer)
        if not is_well:
            return


def due_links(runtime: Runtime) -> Sequence[int]:
    """Return the row ids of some links that can be mailed now, the oldest first."""
    if runtime.mailer is None:
        return ()
    with only_reading(), runtime.sessions() as session:
        if is_paused(session, runtime):
            return ()
        return session.scalars(
            select(OneTimeLink.id)
            .where(_is_due(runtime.clock()))
            .order_by(OneTimeLink.next_attempt_at)
            .limit(LINKS_PER_ROUND)
        ).all()


def _is_due(now: datetime) -> ColumnElement[bool]:
    return and_(OneTimeLink.next_attempt_at <= now, is_open(now))


def _is_paused(runtime: Runtime) -> bool:
    with only_reading(), runtime.sessions() as session:
        return is_paused(session, runtime)


def _give_up_expired(runtime: Runtime) -> None:
    """Let go of mails whose link has expired before they went out."""
    now = runtime.clock()
    is_late = and_(OneTimeLink.next_attempt_at <= now, OneTimeLink.expires_at <= now)
    with only_reading(), runtime.sessions() as session:
        if session.scalar(select(OneTimeLink.id).where(is_late).limit(1)) is None:
            return
    with runtime.sessions() as session:
        session.execute(update(OneTimeLink).where(is_late).values(next_attempt_at=None))
        session.commit()


def _send(runtime: Runtime, link_id: int, *, mailer: Mailer) -> bool:
    """Mail one link; say whether the mail server is worth asking again now."""
    with runtime.sessions() as session:
        mail = _claim(session, link_id, runtime=runtime)
    if mail is None:
        return True
    trouble: MailError
    try:
        answer = mailer.send(
            compose_link_mail(
                mail, sender=runtime.mail_from, public_base_url=runtime.public_base_url
            )
        )
    except MailError as error:
        logger.warning("a mail with a link did not go out: %s", error)
        trouble = error
    except Exception:  # the edge: one poisoned mail must not stop the others
        logger.exception("a mail with a link broke")
        trouble = TryLater("Something broke on our side while writing the mail.")
    else:
        _note(runtime, lambda session: _note_sent(session, link_id, now=runtime.clock()))
        count_attempt("link", answer)
        return True
    count_attempt("link", trouble)
    _note(runtime, lambda session: _note_trouble(session, link_id, trouble, runtime=runtime))
    return not isinstance(trouble, BrokenOff | ServerTrouble | UncertainOutcome)


def _claim(session: Session, link_id: int, *, runtime: Runtime) -> LinkMail | None:
    """Take one mail in hand, or None where it is settled or in other hands. Commits."""
    now = runtime.clock()
    claimed = session.scalar(
        update(OneTimeLink)
        .where(OneTimeLink.id == link_id, _is_due(now))
        .values(next_attempt_at=now + LEASE, attempts=OneTimeLink.attempts + 1)
        .returning(OneTimeLink.id)
    )
    mail = None if claimed is None else _load(session, link_id, runtime=runtime)
    session.commit()
    return mail


def _load(session: Session, link_id: int, *, runtime: Runtime) -> LinkMail:
    link = session.scalars(
        select(OneTimeLink)
        .where(OneTimeLink.id == link_id)
        .options(joinedload(OneTimeLink.company), joinedload(OneTimeLink.user))
    ).one()
    note_ids(company_id=link.company_id)
    inviter = None if link.created_by_id is None else session.get(User, link.created_by_id)
    return LinkMail(
        link_public_id=link.public_id,
        purpose=link.purpose,
        address=link.email,
        company_name=link.company.name,
        invited_by=inviter.name if inviter else "",
        role=link.role,
        zone=find_zone(link.company.zone),
        token=link_token(runtime.link_key, link) if link.purpose in PATHS else "",
        made_at=link.created_at,
        expires_at=link.expires_at,
    )


def _note(runtime: Runtime, write: Callable[[Session], None]) -> None:
    """Write down what is known, for as long as it takes while others keep the database busy."""

    def unit() -> None:
        with runtime.sessions() as session:
            write(session)
            session.commit()

    retry_while_busy(unit, until=time.monotonic() + NOTING_S, sleep=runtime.stopping.wait)


def _note_sent(session: Session, link_id: int, *, now: datetime) -> None:
    session.execute(
        update(OneTimeLink)
        .where(OneTimeLink.id == link_id)
        .values(sent_at=now, next_attempt_at=None)
    )


def _note_trouble(session: Session, link_id: int, error: MailError, *, runtime: Runtime) -> None:
    """Let what surely did not go out wait again, until it was refused or tried often enough."""
    now = runtime.clock()
    if isinstance(error, UncertainOutcome):
        _note_sent(session, link_id, now=now)
        return
    link = session.get_one(OneTimeLink, link_id)
    if isinstance(error, WrongMailPassword):
        # Nobody's attempt: whoever runs this BlueClerk has to set the password right.
        link.attempts -= 1
        link.next_attempt_at = now + PASSWORD_PAUSE
        pause(session, runtime)
    elif link.next_attempt_at is not None:
        again_at = now + FIRST_PAUSE * 2 ** (link.attempts - 1)
        is_over = link.attempts >= ATTEMPTS or again_at >= link.expires_at
        link.next_attempt_at = None if is_over or isinstance(error, MessageRefused) else again_at
