"""Each request has an id, and one line and one count tell how it ended; no address is told."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Callable, Iterable
from time import monotonic
from typing import TYPE_CHECKING, Any

from flask import Flask, g, request
from werkzeug.wsgi import ClosingIterator

from services.log_context import begin_context, current_ids, note_ids
from services.metrics import count_request
from services.providers.contract import ProviderKey

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

REQUEST_ID_HEADER = "X-Request-ID"
#: Asked for all the time: a line of theirs is written only where they fail.
QUIET = frozenset({"static", "health.alive", "health.ready", "health.metrics"})
SLOW_S = 1.0
#: A client may send any word.
METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS"})
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_STATUS_DIGITS = 3
logger = logging.getLogger("blueclerk.access")


class Watched:
    """The application, watched from the first byte of a request to the last of its answer.

    With `tells_all` each request is a line, else only those that failed or were slow. The id of a
    request is the proxy's where one is trusted and sends one that can be an id.
    """

    def __init__(self, app: WSGIApplication, *, trusts_proxy: bool, tells_all: bool) -> None:
        self._app = app
        self._trusts_proxy = trusts_proxy
        self._tells_all = tells_all

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        began_at = monotonic()
        request_id = self._request_id(environ)
        begin_context(request_id=request_id)
        statuses = [500]

        def start(status: str, headers: list[tuple[str, str]], *trouble: Any) -> Any:
            statuses[0] = int(status[:_STATUS_DIGITS])
            headers.append((REQUEST_ID_HEADER, request_id))
            return start_response(status, headers, *trouble)

        def end() -> None:
            self._end(environ["REQUEST_METHOD"], statuses[0], monotonic() - began_at)

        try:
            answer = self._app(environ, start)
        except BaseException:
            end()
            raise
        return self._ending(answer, end, environ)

    def _ending(
        self, answer: Iterable[bytes], end: Callable[[], None], environ: WSGIEnvironment
    ) -> Iterable[bytes]:
        """Tell the end when the answer is closed; a file is left to the server as it is."""
        as_file = environ.get("wsgi.file_wrapper")
        if isinstance(as_file, type) and isinstance(answer, as_file):
            end()
            return answer
        return ClosingIterator(answer, [end])

    def _request_id(self, environ: WSGIEnvironment) -> str:
        told = environ.get("HTTP_X_REQUEST_ID", "") if self._trusts_proxy else ""
        return told if _REQUEST_ID.fullmatch(told) else secrets.token_hex(8)

    def _end(self, method: str, status: int, duration_s: float) -> None:
        endpoint = str(current_ids().get("endpoint", ""))
        method = method if method in METHODS else "other"
        count_request(endpoint, method=method, status=status, duration_s=duration_s)
        is_trouble = status >= 500
        is_told = self._tells_all and endpoint not in QUIET
        if is_trouble or is_told or duration_s >= SLOW_S:
            duration_ms = round(duration_s * 1000, 1)
            logger.log(
                logging.WARNING if is_trouble else logging.INFO,
                "%s answered %s in %s ms",
                endpoint or "no page",
                status,
                duration_ms,
                extra={"method": method, "status": status, "duration_ms": duration_ms},
            )
        begin_context()


def register_first(app: Flask) -> None:
    """Note what is asked for, before any guard may answer."""
    app.before_request(_note_endpoint)


def register_last(app: Flask) -> None:
    """Note who asks, once the guards have let them pass."""
    app.before_request(_note_person)


def _note_endpoint() -> None:
    provider = (request.view_args or {}).get("provider")
    note_ids(
        endpoint=request.endpoint,
        provider=provider.value if isinstance(provider, ProviderKey) else None,
    )


def _note_person() -> None:
    if g.who is not None:
        note_ids(company_id=g.who.company_id, user_id=g.who.user_id)
