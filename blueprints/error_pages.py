"""Errors as people see them: a page, or words inside the region that asked."""

from __future__ import annotations

import logging
import math
import secrets

from flask import Flask, Response, g, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, InternalServerError

from blueprints.addresses import page_path
from blueprints.errors import (
    ANSWERS,
    AWAY,
    BUSY,
    BUSY_RETRY_AFTER_S,
    HTTP_ANSWERS,
    RETRY_AFTER_S,
    TOO_OLD,
    ErrorAnswer,
)
from blueprints.guards import require_sign_in
from blueprints.htmx import is_htmx
from services.database import is_away, is_busy
from services.log_context import note_ids
from services.providers import contract, registry

logger = logging.getLogger(__name__)


def register(app: Flask) -> None:
    """Answer every error of the tables, and any other, in words."""
    for error_class in ANSWERS:
        app.register_error_handler(error_class, _answer_domain_error)
    app.register_error_handler(CSRFError, _answer_stale_form)
    app.register_error_handler(HTTPException, answer_http_error)
    app.register_error_handler(Exception, _answer_unexpected)


def _answer_stale_form(_error: Exception) -> ResponseReturnValue:
    """Tell that the page is too old, or lead whoever is signed out meanwhile to sign-in.

    Signing out ends the form's token as well, and the token is looked at first.
    """
    return require_sign_in() or _answer(TOO_OLD)


def find_answer(error: Exception) -> ErrorAnswer:
    """Return the row for the error's own class or its nearest parent."""
    for error_class in type(error).__mro__:
        if error_class in ANSWERS:
            return _fill(ANSWERS[error_class])
    raise KeyError(type(error).__name__)


def _answer_domain_error(error: Exception) -> Response:
    answer = find_answer(error)
    retry_after_s = getattr(error, "retry_after_s", None)
    if retry_after_s is None and answer.status == 503:
        retry_after_s = RETRY_AFTER_S
    reference = getattr(error, "reference", "")
    note_ids(provider_reference=reference or None)
    response = _answer(answer, reference=reference)
    if retry_after_s is not None and answer.status in (429, 503):
        response.headers["Retry-After"] = str(max(1, math.ceil(retry_after_s)))
    return response


def answer_http_error(error: HTTPException) -> Response:
    """Answer what Flask refused by itself, such as an address that is none, in words."""
    if isinstance(error, InternalServerError) or error.code is None or error.code >= 500:
        return _answer_unexpected(error)
    if error.code < 400:
        return make_response(error.get_response())
    known = HTTP_ANSWERS.get(error.code)
    response = _answer(
        known or ErrorAnswer(error.code, "That did not work", "Nothing was changed.")
    )
    for name, value in error.get_headers():
        if name == "Allow":
            response.headers[name] = value
    return response


def _answer_unexpected(error: Exception) -> Response:
    """Show a reference that is in the log as well, and nothing of what was worked on."""
    cause = getattr(error, "original_exception", None) or error
    if is_busy(cause):
        return _answer_passing(BUSY)
    if is_away(cause):
        g.is_database_away = True
        return _answer_passing(AWAY)
    reference = f"e-{secrets.token_hex(3)}"
    note_ids(reference=reference)
    logger.error("a request broke, reference %s", reference, exc_info=error)
    template = "errors/_broken.html" if is_htmx() else "errors/broken.html"
    response = make_response(render_template(template, reference=reference), 500)
    return into_target(response)


def _answer_passing(answer: ErrorAnswer) -> Response:
    logger.warning("a request met a database that is %s", "busy" if answer is BUSY else "away")
    response = _answer(answer)
    response.headers["Retry-After"] = str(BUSY_RETRY_AFTER_S)
    return response


def _answer(answer: ErrorAnswer, *, reference: str = "") -> Response:
    template = "errors/_error.html" if is_htmx() else "errors/error.html"
    text = render_template(
        template,
        answer=_fill(answer),
        reference=reference,
        provider=_provider(),
        page=page_path() or "/",
    )
    return into_target(make_response(text, answer.status))


def into_target(response: Response) -> Response:
    """Put the words inside the region that asked, so that it stays there for the next answer.

    Above what is in it where a form met trouble that passes: what was typed and ticked stays.
    """
    if is_htmx():
        is_sent_again = request.method == "POST" and response.status_code >= 500
        response.headers["HX-Reswap"] = "afterbegin" if is_sent_again else "innerHTML"
    return response


def _fill(answer: ErrorAnswer) -> ErrorAnswer:
    profile = _provider()
    names = {
        "provider": profile.short_name if profile else "The accounting software",
        "account": profile.account_noun if profile else "company",
    }
    return ErrorAnswer(
        answer.status,
        answer.title.format(**names),
        answer.sentence.format(**names),
        answer.step,
    )


def _provider() -> registry.ProviderProfile | None:
    key = (request.view_args or {}).get("provider")
    if g.get("who") is None or not isinstance(key, contract.ProviderKey):
        return None
    return registry.provider_profile(key)
