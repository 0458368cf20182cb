"""What it means that a provider did not answer: never asked, hung up, or nobody knows."""

from __future__ import annotations

import requests
from urllib3.exceptions import HTTPError, NewConnectionError

from services.providers.contract import ProviderUnavailable


class NotSent(ProviderUnavailable):
    """No connection came about, so the provider cannot have acted on the request."""


class ClosedUnanswered(ProviderUnavailable):
    """The connection ended without an answer, as a kept one does that the server had closed."""


def why_no_answer(error: Exception) -> ProviderUnavailable:
    """Return the error that a failure below HTTP amounts to."""
    cause = error.args[0] if error.args else None
    reason = getattr(cause, "reason", None)
    if isinstance(error, requests.ConnectTimeout) or isinstance(reason, NewConnectionError):
        return NotSent("The provider could not be reached.")
    if _is_closed(cause):
        return ClosedUnanswered("The provider hung up without an answer.")
    return ProviderUnavailable("The provider did not answer.")


def _is_closed(cause: object) -> bool:
    """Recognise urllib3's ProtocolError around an end that came before the status line."""
    parts = cause.args if isinstance(cause, HTTPError) else ()
    return any(isinstance(part, ConnectionResetError | BrokenPipeError) for part in parts)
