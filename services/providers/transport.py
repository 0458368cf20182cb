"""One HTTP call to a provider: limited in time and size, to known hosts, told as ProviderError.

It knows nothing of tokens, companies or customers, and it never logs an address with its query, a
header it sent, or a body.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.cookiejar import DefaultCookiePolicy
from ipaddress import ip_address
from threading import Event, Lock
from typing import Any
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError, NewConnectionError

from services.providers.answer_deadline import AnswerDeadlineAdapter
from services.providers.contract import (
    ProviderError,
    ProviderUnavailable,
    RateLimited,
    UnreadableAnswer,
)
from services.providers.strict_json import NotStrictJson, read_strictly
from services.providers.waiting import backoff_s, retry_after_s, wait_unless_stopped

#: Together they are the 20 s one call may take.
CONNECT_LIMIT_S = 5.0
ANSWER_LIMIT_S = 15.0
BODY_MAX_BYTES = 20_000_000
CHUNK_BYTES = 65_536
TRIES = 3
POOL_SIZE = 8
#: A wait asked for with 429 is slept up to here; a longer one is the caller's to plan.
PATIENCE_S = 10.0
#: Response headers a provider's support asks for; the first one present is kept.
REFERENCE_HEADERS = ("intuit_tid", "xero-correlation-id", "x-request-id")

_REFERENCE = re.compile(r"[A-Za-z0-9._-]{1,100}")

logger = logging.getLogger(__name__)

# At DEBUG requests_oauthlib writes refresh tokens and secrets, and urllib3 every address with its
# query; connectionpool also warns with the address and the bytes of headers it cannot parse.
for _name in ("requests_oauthlib", "oauthlib", "urllib3"):
    logging.getLogger(_name).setLevel(logging.WARNING)
logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)


class RefusedAddress(ValueError):
    """The address is not one this transport may call, or it is http outside this machine."""


class NotSent(ProviderUnavailable):
    """No connection came about, so the provider cannot have acted on the request."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as received: any status but redirects, 408, 429 and 5xx, which are raised."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def reference(self) -> str:
        """The provider's own number of this answer, safe to log; empty if it sent none."""
        found = next((self.headers[n] for n in REFERENCE_HEADERS if n in self.headers), "")
        return found if _REFERENCE.fullmatch(found) else ""

    def json_object(self) -> dict[str, Any]:
        """Return the body as one JSON object. Raises UnreadableAnswer for anything else."""
        try:
            content = read_strictly(self.body)
        except NotStrictJson as error:
            raise self.unreadable("The answer is not JSON.") from error
        if not isinstance(content, dict):
            raise self.unreadable("The answer is not a JSON object.")
        return content

    def unreadable(self, message: str) -> UnreadableAnswer:
        """Make the error for an answer that cannot be what was asked for."""
        return UnreadableAnswer(message, reference=self.reference, status=self.status)


class Transport:
    """Calls to a few origins over kept-alive connections; safe to share between threads.

    `sleep` gets the seconds and the event that calls the waiting off.
    """

    def __init__(
        self,
        origins: Iterable[str],
        *,
        patience_s: float = PATIENCE_S,
        connect_limit_s: float = CONNECT_LIMIT_S,
        answer_limit_s: float = ANSWER_LIMIT_S,
        sleep: Callable[[float, Event], None] = wait_unless_stopped,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._origins = frozenset(origin_of(address) for address in origins)
        self._patience_s = patience_s
        self._limits_s = (connect_limit_s, answer_limit_s)
        self._sleep = sleep
        self._now = now
        self._session = _new_session(is_local=all(map(is_loopback, self._origins)))
        self._count_lock = Lock()
        self._call_count = 0

    @property
    def call_count(self) -> int:
        """HTTP calls begun so far, further tries included."""
        with self._count_lock:
            return self._call_count

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
        stop = stop or Event()
        for failures in range(1, TRIES):
            try:
                return self._call(request, stop)
            except RateLimited as error:
                if error.retry_after_s > self._patience_s:
                    raise
                wait_s = error.retry_after_s
            except ProviderUnavailable:
                wait_s = backoff_s(failures)
            self._sleep(wait_s, stop)
        return self._call(request, stop)

    def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Reply:
        """Send a body once; a second time only if no connection came about the first time.

        A token request may have been carried out although its answer was lost, and repeating it
        would spend a one-time token twice.
        """
        # A kept-alive connection may be dead, and then nobody knows whether the request arrived.
        own_connection = {**headers, "Connection": "close"}
        request = requests.Request("POST", url, headers=own_connection, data=body)
        stop = Event()
        try:
            return self._call(request, stop)
        except NotSent:
            self._sleep(backoff_s(1), stop)
        return self._call(request, stop)

    def _call(self, request: requests.Request, stop: Event) -> Reply:
        if origin_of(request.url) not in self._origins:
            raise RefusedAddress("This address is not one of the provider's.")
        if stop.is_set():
            raise ProviderUnavailable("The reading was called off.")
        with self._count_lock:
            self._call_count += 1
        try:
            reply = self._exchange(request, stop)
            self._raise_for_trouble(reply)
        except ProviderError as error:
            logger.warning(
                "provider call failed: %s status=%s reference=%s",
                type(error).__name__,
                error.status,
                error.reference,
            )
            raise
        return reply

    def _exchange(self, request: requests.Request, stop: Event) -> Reply:
        # The do-nothing auth keeps requests from replacing our header by an entry of ~/.netrc.
        request.auth = _leave_as_it_is
        try:
            prepared = self._session.prepare_request(request)
            settings = self._session.merge_environment_settings(prepared.url, {}, True, None, None)
            received = self._session.send(
                prepared, timeout=self._limits_s, allow_redirects=False, **settings
            )
            with closing(received):
                body = _read_body(received, stop)
        except requests.exceptions.ContentDecodingError as error:
            raise UnreadableAnswer("The answer could not be unpacked.") from error
        except (requests.RequestException, HTTPError, OSError) as error:
            raise _no_answer(error) from error
        return Reply(received.status_code, received.headers, body)

    def _raise_for_trouble(self, reply: Reply) -> None:
        status, reference = reply.status, reply.reference
        if status == 429:
            raise RateLimited(
                "The provider asked us to wait.",
                retry_after_s=retry_after_s(reply.headers.get("Retry-After"), now=self._now()),
                reference=reference,
                status=status,
            )
        if status == 408 or status >= 500:
            raise ProviderUnavailable(
                "The provider could not answer.", reference=reference, status=status
            )
        if 300 <= status < 400:
            # Following one could carry a token to another host.
            raise reply.unreadable("The provider sent us to another address.")


def origin_of(address: str) -> str:
    """Return scheme, host and port. Raises RefusedAddress unless it is https or this machine."""
    parts = urlsplit(address)
    if not parts.hostname or "@" in parts.netloc or "\\" in address:
        raise RefusedAddress("This is not an address of a provider.")
    port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    origin = f"{parts.scheme}://{parts.netloc.removesuffix(f':{port}').lower()}:{port}"
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(address)):
        raise RefusedAddress("Only https is spoken outside this machine.")
    return origin


def is_loopback(address: str) -> bool:
    """Say whether an address names this machine itself."""
    host = urlsplit(address).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


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


def _no_answer(error: Exception) -> ProviderUnavailable:
    reason = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(error, requests.ConnectTimeout) or isinstance(reason, NewConnectionError):
        return NotSent("The provider could not be reached.")
    return ProviderUnavailable("The provider did not answer.")


def _leave_as_it_is(prepared: requests.PreparedRequest) -> requests.PreparedRequest:
    return prepared
