"""Counts calls per account against a provider's limits: at the same time, per minute, per day."""

import itertools
import math
import threading
from collections import Counter, deque
from dataclasses import dataclass

from sandbox.clock import Clock
from sandbox.limits import LimitKind, Limits, Remaining

MINUTE_S, DAY_S = 60, 24 * 3600
# None of the three says how long to wait when too many calls run at once; a guess.
WAIT_FOR_OTHERS_S = 1

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a call may not go on, and after how long it may."""

    kind: LimitKind
    retry_after_s: int


class Meter:
    """Both windows slide; a refused call uses nothing up. A key is (provider, account)."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._in_flight: Counter[Key] = Counter()
        self._begun: dict[Key, deque[float]] = {}

    def enter(self, key: Key, limits: Limits) -> Refused | None:
        """Begin a call, unless a limit is reached; whoever entered has to `leave`."""
        now = self._clock().timestamp()
        with self._lock:
            self._forget_old(key, now)
            refused = self._refused(key, limits, now)
            if refused is None:
                self._in_flight[key] += 1
                self._begun.setdefault(key, deque()).append(now)
            return refused

    def leave(self, key: Key) -> None:
        """End a call."""
        with self._lock:
            self._in_flight[key] -= 1

    def remaining(self, key: Key, limits: Limits) -> Remaining:
        """Return how many calls an account has left in this minute and day."""
        now = self._clock().timestamp()
        with self._lock:
            self._forget_old(key, now)
            minute, day = self._used(key, now - MINUTE_S), len(self._begun.get(key, ()))
        return Remaining(_left(limits.per_minute, minute), _left(limits.per_day, day))

    def accounts(self, provider: str) -> list[str]:
        """Return the accounts of a provider that were asked about."""
        with self._lock:
            return sorted(account for name, account in self._begun if name == provider)

    def clear(self, provider: str) -> None:
        """Forget the windows of a provider; running calls go on."""
        with self._lock:
            for key in [key for key in self._begun if key[0] == provider]:
                del self._begun[key]

    def _refused(self, key: Key, limits: Limits, now: float) -> Refused | None:
        for kind, most, window_s in (
            (LimitKind.DAY, limits.per_day, DAY_S),
            (LimitKind.MINUTE, limits.per_minute, MINUTE_S),
        ):
            if most is not None and self._used(key, now - window_s) >= most:
                free_at = (self._begun[key][-most] if most else now) + window_s
                return Refused(kind, max(1, math.ceil(free_at - now)))
        if limits.concurrent is not None and self._in_flight[key] >= limits.concurrent:
            return Refused(LimitKind.CONCURRENT, WAIT_FOR_OTHERS_S)
        return None

    def _used(self, key: Key, since: float) -> int:
        """Count the calls begun after a moment, from the newest on."""
        begun = self._begun.get(key, ())
        return sum(1 for _ in itertools.takewhile(lambda moment: moment > since, reversed(begun)))

    def _forget_old(self, key: Key, now: float) -> None:
        begun = self._begun.get(key)
        while begun and begun[0] <= now - DAY_S:
            begun.popleft()


def _left(most: int | None, used: int) -> int | None:
    return None if most is None else max(0, most - used)
