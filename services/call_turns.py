"""Let all processes together keep to what a provider allows for one remote account.

Each call is a row of the database while it is on its way, and for a minute and more afterwards.
Whoever wants to call looks in one short transaction whether there is room; nothing is held open
while the provider is asked.
"""

from __future__ import annotations

import hashlib
import logging
import random
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event
from typing import TypeVar

from sqlalchemy import Table, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from models import ProviderCall
from services.database import forgettable, retry_while_busy
from services.providers.contract import CallLimits, CallTurn, ProviderKey, ProviderUnavailable
from services.providers.waiting import wait_unless_stopped

#: A call takes 20 s at most; a turn held for longer belongs to a process that is gone.
HELD_MAX = timedelta(seconds=40)
MINUTE = timedelta(seconds=60)
KEPT = timedelta(minutes=2)
#: A call that seems to begin later than this belongs to a clock that was put back since.
CLOCKS_DIFFER = timedelta(seconds=5)
LOOK_AGAIN_MIN_S = 0.05
LOOK_AGAIN_MAX_S = 0.25
#: Somebody may write for longer than the busy timeout; a call is not lost for that.
BUSY_MAX_S = 20.0

# The statements are made once: making them took longer than the database does, for every call.
_CALLS: Table = ProviderCall.__table__  # type: ignore[assignment]
_OF_ACCOUNT = (
    _CALLS.c.provider == bindparam("of_provider"),
    _CALLS.c.remote_account_id == bindparam("of_account"),
)
_MINUTE_ENDS_FIRST = (
    select(_CALLS.c.begun_at)
    .where(
        *_OF_ACCOUNT,
        _CALLS.c.begun_at > bindparam("after"),
        _CALLS.c.begun_at <= bindparam("until"),
    )
    .order_by(_CALLS.c.begun_at.desc())
    .offset(bindparam("newer"))
    .limit(1)
)
_RUNNING = select(func.count()).where(
    *_OF_ACCOUNT,
    _CALLS.c.ended_at.is_(None),
    _CALLS.c.until_at > bindparam("now"),
    _CALLS.c.begun_at <= bindparam("until"),
)
_FORGET = delete(_CALLS).where(
    *_OF_ACCOUNT,
    or_(_CALLS.c.begun_at < bindparam("before"), _CALLS.c.begun_at > bindparam("until")),
)
_ENTER = insert(_CALLS).returning(_CALLS.c.id)
_LEAVE = update(_CALLS).where(_CALLS.c.id == bindparam("call_id")).values(ended_at=bindparam("at"))

logger = logging.getLogger(__name__)
Result = TypeVar("Result")


def make_turn(
    sessions: sessionmaker[Session],
    clock: Callable[[], datetime],
    *,
    provider: ProviderKey,
    remote_account_id: str,
    limits: CallLimits,
    sleep: Callable[[float, Event], None] = wait_unless_stopped,
) -> CallTurn:
    """Return what to hold round each call about one remote account. Commits, twice a call.

    Entering waits until the limits leave room and raises ProviderUnavailable once the event is
    set. Safe to share between threads.
    """
    turns = _Turns(sessions, clock, provider.value, remote_account_id, limits, sleep)

    def turn(stop: Event) -> AbstractContextManager[None]:
        return turns.held(stop)

    return turn


@dataclass(frozen=True, slots=True)
class _Turns:
    sessions: sessionmaker[Session]
    clock: Callable[[], datetime]
    provider: str
    remote_account_id: str
    limits: CallLimits
    sleep: Callable[[float, Event], None]

    @contextmanager
    def held(self, stop: Event) -> Iterator[None]:
        call_id = self._wait_for_turn(stop)
        try:
            yield
        finally:
            self._leave(call_id)

    def _wait_for_turn(self, stop: Event) -> int:
        while not stop.is_set():
            call_id, wait_s = self._patiently(self._look, stop)
            if call_id is not None:
                return call_id
            self.sleep(wait_s, stop)
        raise ProviderUnavailable("The reading was called off.")

    def _patiently(self, work: Callable[[], Result], stop: Event) -> Result:
        until = time.monotonic() + BUSY_MAX_S
        return retry_while_busy(work, until=until, sleep=lambda wait_s: self.sleep(wait_s, stop))

    def _look(self) -> tuple[int | None, float]:
        """Take a turn if there is room, or say how long there will be none."""
        with self.sessions() as session:
            # With the machine's power the call on its way is lost as well.
            forgettable(session)
            self._lock(session)
            # Asked only now: waiting for the lock may have taken a while.
            now = self.clock()
            wait_s = self._wait_s(session, now)
            call_id = None if wait_s else self._enter(session, now)
            session.commit()
        return call_id, wait_s

    def _lock(self, session: Session) -> None:
        """Let nobody else look at this account; SQLite has one writer at a time anyway."""
        if session.get_bind().dialect.name == "postgresql":
            account = f"{self.provider}:{self.remote_account_id}".encode()
            key = int.from_bytes(hashlib.sha256(account).digest()[:8], signed=True)
            session.execute(select(func.pg_advisory_xact_lock(key)))

    def _wait_s(self, session: Session, now: datetime) -> float:
        left_s = self._minute_left_s(session, now)
        if left_s or self._running_count(session, now) < self.limits.concurrent:
            return left_s
        return random.uniform(LOOK_AGAIN_MIN_S, LOOK_AGAIN_MAX_S)  # noqa: S311  (jitter)

    def _minute_left_s(self, session: Session, now: datetime) -> float:
        """Return how long the call still counts whose minute has to end first, or 0."""
        if self.limits.per_minute is None:
            return 0.0
        blocking_at: datetime | None = session.scalar(
            _MINUTE_ENDS_FIRST,
            self._account
            | {
                "after": now - MINUTE,
                "until": now + CLOCKS_DIFFER,
                "newer": self.limits.per_minute - 1,
            },
        )
        if blocking_at is None:
            return 0.0
        left_s = (blocking_at + MINUTE - now).total_seconds()
        return min(max(left_s, LOOK_AGAIN_MIN_S), MINUTE.total_seconds())

    def _running_count(self, session: Session, now: datetime) -> int:
        at = {"now": now, "until": now + CLOCKS_DIFFER}
        return session.scalar(_RUNNING, self._account | at) or 0

    @property
    def _account(self) -> dict[str, object]:
        return {"of_provider": self.provider, "of_account": self.remote_account_id}

    def _enter(self, session: Session, now: datetime) -> int:
        too_old = {"before": now - KEPT, "until": now + CLOCKS_DIFFER}
        session.execute(_FORGET, self._account | too_old)
        entering = {
            "provider": self.provider,
            "remote_account_id": self.remote_account_id,
            "begun_at": now,
            "until_at": now + HELD_MAX,
        }
        call_id: int = session.execute(_ENTER, entering).scalar_one()
        return call_id

    def _leave(self, call_id: int) -> None:
        try:
            self._patiently(lambda: self._end(call_id), Event())
        except SQLAlchemyError:
            # The answer is here and counts; the turn ends by itself a little later.
            logger.warning("a provider call could not be marked as ended", exc_info=True)

    def _end(self, call_id: int) -> None:
        with self.sessions() as session:
            forgettable(session)
            session.execute(_LEAVE, {"call_id": call_id, "at": self.clock()})
            session.commit()
