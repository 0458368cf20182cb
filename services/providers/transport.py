"""One HTTP call to a provider: limited in time and size, to known hosts, told as ProviderError.

It knows nothing of tokens, companies or customers, and it never logs an address with its query, a
header it sent, or a body.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, closing, nullcontext
from datetime import UTC, datetime
from http.cookiejar import DefaultCookiePolicy
from threading import Event, Lock

import requests
from urllib3.exceptions import HTTPError

from services.providers.answer_deadline import AnswerDeadlineAdapter
from services.providers.contract import (
    CallTurn,
    OnCall,
    OnWait,
    ProviderError,
    ProviderUnavailable,
    Quota,
    RateLimited,
    UnreadableAnswer,
)
from services.providers.no_answer import ClosedUnanswered, NotSent, why_no_answer
from services.providers.origins import RefusedAddress, is_loopback, origin_of
from services.providers.replies import Reply, quota_told, raise_for_trouble
from services.providers.waiting import backoff_s, wait_unless_stopped

__all__ = ["NotSent", "RefusedAddress", "Reply", "Transport", "is_loopback", "origin_of"]

#: Together they are the 20 s one call may take.
CONNECT_LIMIT_S = 5.0
ANSWER_LIMIT_S = 15.0
BODY_MAX_BYTES = 20_000_000
CHUNK_BYTES = 65_536
TRIES = 3
#: Asks for the connection to end after the answer; such a request does not take a kept one.
OWN_CONNECTION = {"Connection": "close"}
POOL_SIZE = 8
#: A wait asked for with 429 is slept up to here; a longer one is the caller's to plan. Once a long
#: list is under way, giving up would cost more calls than waiting does.
PATIENCE_S = 10.0
LONG_PATIENCE_S = 120.0
UNDER_WAY_AFTER = 3
#: From here on a call is worth a line although it succeeded.
SLOW_S = 5.0

logger = logging.getLogger(__name__)

# At DEBUG requests_oauthlib writes refresh tokens and secrets, and urllib3 every address with its
# query; connectionpool also warns with the address and the bytes of headers it cannot parse.
for _name in ("requests_oauthlib", "oauthlib", "urllib3"):
    logging.getLogger(_name).setLevel(logging.WARNING)
logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)


class Transport:
    """Calls to a few origins over kept-alive connections; safe to share between threads.

    `sleep` gets the seconds and the event that calls the waiting off; `on_wait` hears of a wait
    that the provider asked for before it is slept. `turn` is held from before the connection to
    the end of the body; waiting for it is outside the time limits. `on_call` hears of each call.
    """

    def __init__(
        self,
        origins: Iterable[str],
        *,
        connect_limit_s: float = CONNECT_LIMIT_S,
        answer_limit_s: float = ANSWER_LIMIT_S,
        turn: CallTurn | None = None,
        on_wait: OnWait | None = None,
        on_call: OnCall | None = None,
        sleep: Callable[[float, Event], None] = wait_unless_stopped,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._origins = frozenset(origin_of(address) for address in origins)
        self._limits_s = (connect_limit_s, answer_limit_s)
        self._turn = turn or _no_turn
        self._on_wait = on_wait or _nobody_told
        self.on_call = on_call
        self._sleep = sleep
        self._now = now
        self._is_local = all(map(is_loopback, self._origins))
        self._session = _new_session(is_local=self._is_local)
        self._lock = Lock()
        self._call_count = 0
        self._good_count = 0
        self._quota_left = Quota()

    @property
    def call_count(self) -> int:
        """HTTP calls begun so far, further tries included."""
        with self._lock:
            return self._call_count

    @property
    def quota_left(self) -> Quota:
        """What the last answer that spoke of the provider's limits said is left of them."""
        with self._lock:
            return self._quota_left

    def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str],
        params: Mapping[str, str] | None = None,
        stop: Event | None = None,
    ) -> Reply:
        """Read an address, trying again after trouble that may pass.

        Raises ProviderUnavailable after the last try, RateLimited at once where the wait asked for
        is longer than the patience, UnreadableAnswer for redirects and bodies over the limit.
        """
        request = requests.Request("GET", url, headers=dict(headers), params=params)
        return self._call_repeatedly(request, stop or Event())

    def delete(self, url: str, *, headers: Mapping[str, str]) -> Reply:
        """Delete what is at an address, trying again like `get`.

        A second try may find it gone (404), because the first was carried out unheard.
        """
        # A kept-alive connection may be dead; one try less is lost on a new one.
        request = requests.Request("DELETE", url, headers={**headers, **OWN_CONNECTION})
        return self._call_repeatedly(request, Event())

    def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Reply:
        """Send a body once; a second time only if no connection came about the first time.

        A token request may have been carried out although its answer was lost, and repeating it
        would spend a one-time token twice.
        """
        # A kept-alive connection may be dead, and then nobody knows whether the request arrived.
        request = requests.Request("POST", url, headers={**headers, **OWN_CONNECTION}, data=body)
        stop = Event()
        try:
            return self._call(request, stop)
        except NotSent:
            self._sleep(backoff_s(1), stop)
        return self._call(request, stop)

    def _call_repeatedly(self, request: requests.Request, stop: Event) -> Reply:
        for failures in range(1, TRIES):
            try:
                return self._call(request, stop)
            except RateLimited as error:
                if error.retry_after_s > self._patience_s:
                    raise
                wait_s = error.retry_after_s
                self._on_wait(wait_s)
            except ClosedUnanswered:
                wait_s = 0.0 if failures == 1 else backoff_s(failures)
            except ProviderUnavailable:
                wait_s = backoff_s(failures)
            if wait_s:
                self._sleep(wait_s, stop)
        return self._call(request, stop)

    def _call(self, request: requests.Request, stop: Event) -> Reply:
        if origin_of(request.url) not in self._origins:
            raise RefusedAddress("This address is not one of the provider's.")
        if stop.is_set():
            raise ProviderUnavailable("The reading was called off.")
        try:
            with self._turn(stop):
                reply = self._watched(request, stop)
            raise_for_trouble(reply, now=self._now())
        except ProviderError as error:
            logger.warning(
                "provider call failed: %s status=%s reference=%s",
                type(error).__name__,
                error.status,
                error.reference,
                extra={"provider_status": error.status, "provider_reference": error.reference},
            )
            raise
        return reply

    def _watched(self, request: requests.Request, stop: Event) -> Reply:
        began_at, reply = time.monotonic(), None
        try:
            reply = self._exchange(request, stop)
        finally:
            duration_s = time.monotonic() - began_at
            if self.on_call is not None:
                self.on_call(reply.status if reply else None, duration_s)
            if duration_s >= SLOW_S:
                logger.info(
                    "a provider call took %.1f s, status=%s reference=%s",
                    duration_s,
                    reply.status if reply else None,
                    reply.reference if reply else "",
                )
        return reply

    def _exchange(self, request: requests.Request, stop: Event) -> Reply:
        with self._lock:
            self._call_count += 1
        # The do-nothing auth keeps requests from replacing our header by an entry of ~/.netrc.
        request.auth = _leave_as_it_is
        try:
            with self._connections(request) as session:
                prepared = session.prepare_request(request)
                settings = session.merge_environment_settings(prepared.url, {}, True, None, None)
                received = session.send(
                    prepared, timeout=self._limits_s, allow_redirects=False, **settings
                )
                with closing(received):
                    body = _read_body(received, stop)
        except requests.exceptions.ContentDecodingError as error:
            raise UnreadableAnswer("The answer could not be unpacked.") from error
        except (requests.RequestException, HTTPError, OSError) as error:
            raise why_no_answer(error) from error
        self._note_answer(received.status_code, quota_told(received.headers))
        return Reply(received.status_code, received.headers, body)

    def _connections(self, request: requests.Request) -> AbstractContextManager[requests.Session]:
        """Return the kept connections, or a new one: the header alone lets a kept one be taken."""
        if OWN_CONNECTION.items() <= request.headers.items():
            return _new_session(is_local=self._is_local)
        return nullcontext(self._session)

    def _note_answer(self, status: int, told: Quota) -> None:
        with self._lock:
            self._good_count += status == 200
            if told != Quota():
                self._quota_left = told

    @property
    def _patience_s(self) -> float:
        with self._lock:
            is_under_way = self._good_count >= UNDER_WAY_AFTER
        return LONG_PATIENCE_S if is_under_way else PATIENCE_S


def _new_session(*, is_local: bool) -> requests.Session:
    session = requests.Session()
    # Proxies and certificate bundles of the environment are for the world outside.
    session.trust_env = not is_local
    session.headers = {"User-Agent": "BlueClerk", "Accept-Encoding": "gzip"}
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    adapter = AnswerDeadlineAdapter(pool_maxsize=POOL_SIZE)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def _read_body(received: requests.Response, stop: Event) -> bytes:
    body = bytearray()
    for chunk in received.iter_content(CHUNK_BYTES):
        body += chunk
        if len(body) > BODY_MAX_BYTES:
            raise UnreadableAnswer("The answer is too large.", status=received.status_code)
        if stop.is_set():
            raise ProviderUnavailable("The reading was called off.")
    return bytes(body)


def _no_turn(_stop: Event) -> AbstractContextManager[None]:
    return nullcontext()


def _nobody_told(_wait_s: float) -> None:
    pass


def _leave_as_it_is(prepared: requests.PreparedRequest) -> requests.PreparedRequest:
    return prepared
