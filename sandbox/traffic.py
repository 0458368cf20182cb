"""The calls that came in: counted, timed, spoiled when a switch says so, and remembered."""

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from flask import Response

from sandbox.clock import Clock
from sandbox.faults import Call, Fault, Faults
from sandbox.limits import Limits
from sandbox.meter import Meter
from sandbox.provider import Provider
from sandbox.rotation import Rotation
from sandbox.spoiling import (
    answer_instead,
    shift_list,
    spoil_answer,
    spoil_date,
    spoil_travel,
    swapped,
)

REMEMBERED_CALLS = 60


@dataclass(frozen=True, slots=True)
class PastCall:
    """One answered call, without anything secret."""

    at: datetime
    call: Call
    status: int
    took_ms: int
    note: str


class Traffic:
    """Counters, gauges and the last calls of all providers."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str, bool]] = Counter()
        self._in_flight: Counter[str] = Counter()
        self._peaks: dict[str, int] = {}
        self._past: deque[PastCall] = deque(maxlen=REMEMBERED_CALLS)

    def begin(self, call: Call) -> None:
        """Count a call the moment it arrives, whatever becomes of it."""
        with self._lock:
            self._counts[call.provider, call.endpoint, call.is_api] += 1
            if call.is_api:
                self._in_flight[call.provider] += 1
                peak = max(self._peaks.get(call.provider, 0), self._in_flight[call.provider])
                self._peaks[call.provider] = peak

    def end(self, call: Call) -> None:
        """Take the call out of the gauge of running calls."""
        if call.is_api:
            with self._lock:
                self._in_flight[call.provider] -= 1

    def remember(self, call: Call, status: int, took_ms: int, note: str) -> None:
        """Keep the call for the page."""
        with self._lock:
            self._past.appendleft(PastCall(self._clock(), call, status, took_ms, note))

    def past(self) -> list[PastCall]:
        """Return the last calls, newest first."""
        with self._lock:
            return list(self._past)

    def counts(
        self, provider: str, endpoints: tuple[str, ...], *, is_api: bool
    ) -> dict[str, object]:
        """Return `{"total", "by_endpoint"}` of one provider."""
        with self._lock:
            by_endpoint = {name: self._counts[provider, name, is_api] for name in endpoints}
        return {"total": sum(by_endpoint.values()), "by_endpoint": by_endpoint}

    def peak(self, provider: str) -> int:
        """Return how many API calls ran at the same time at most."""
        with self._lock:
            return self._peaks.get(provider, 0)

    def clear(self, provider: str) -> None:
        """Set the counters of one provider to zero."""
        with self._lock:
            for key in [key for key in self._counts if key[0] == provider]:
                del self._counts[key]
            self._peaks.pop(provider, None)


class Switchboard:
    """Where every call of every provider passes through."""

    def __init__(self, clock: Clock, faults: Faults, providers: Mapping[str, Provider]) -> None:
        self._clock = clock
        self.traffic = Traffic(clock)
        self.meter = Meter(clock)
        self.faults = faults
        self.providers = providers

    def serve(self, call: Call, answer: Callable[[], Response]) -> Response:
        """Answer one call, or spoil it; counted and remembered either way."""
        started = time.perf_counter()
        self.traffic.begin(call)
        try:
            response = self._within_limits(call, answer)
        finally:
            self.traffic.end(call)
        took_ms = round((time.perf_counter() - started) * 1000)
        self.traffic.remember(call, response.status_code, took_ms, _note(response))
        return response

    def strike(self, fault: Fault) -> None:
        """Let a fault of the tokens happen now."""
        provider = self.providers[fault.provider]
        if fault.fault == "expire_token":
            provider.expire_access_tokens()
        elif fault.fault == "revoke":
            provider.end_grants()

    def limits(self, provider: str, account: str) -> Limits:
        """Return the limits in force for an account."""
        return self.faults.limits(provider, account, self.providers[provider].limits)

    def rotation(self, provider: str) -> Rotation:
        """Return what switches say about a provider's refresh tokens."""
        return self.faults.rotation(provider)

    def _within_limits(self, call: Call, answer: Callable[[], Response]) -> Response:
        """Refuse a call of the API that its account has no room for; others are not limited."""
        if not call.is_api or not call.account:
            return self._spoiled(call, answer)
        key, limits = (call.provider, call.account), self.limits(call.provider, call.account)
        provider = self.providers[call.provider]
        refused = self.meter.enter(key, limits)
        if refused is not None:
            response = provider.limit_refusal(refused.kind, refused.retry_after_s)
        else:
            try:
                response = self._spoiled(call, answer)
            finally:
                self.meter.leave(key)
        provider.tell_remaining(response, self.meter.remaining(key, limits))
        return response

    def _spoiled(self, call: Call, answer: Callable[[], Response]) -> Response:
        due, provider = self.faults.due(call), self.providers[call.provider]
        for fault in due:
            self.strike(fault)
            if fault.fault == "delay":
                time.sleep(fault.settings["seconds"])
        spoil_travel(due)
        response = answer_instead(call, due, provider)
        if response is None:
            with swapped(due):
                response = answer()
            shift_list(response, call, due, provider)
            response = spoil_answer(response, call, due, provider)
        spoil_date(response, due, self._clock())
        return response


def _note(response: Response) -> str:
    """Return the OAuth error code of an answer, which is never secret."""
    if response.status_code < 400 or not response.is_json:
        return ""
    try:
        body = response.get_json(silent=True)
    except RecursionError:
        return ""  # A switch made it so deep.
    error = body.get("error") if isinstance(body, dict) else None
    return error if isinstance(error, str) else ""
