"""How the alert is answered: to htmx as a fragment, to a browser as a redirect to the page."""

from __future__ import annotations

import math

from flask import Response, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from blueprints import review_context
from blueprints.choices import Choice
from blueprints.errors import RETRY_AFTER_S
from blueprints.guards import get_runtime
from blueprints.htmx import is_htmx
from blueprints.provider_page import (
    Notice,
    ProviderPage,
    alert_context,
    keep_notice,
    load_page,
    render_page,
)
from blueprints.review_place import asked_place, place_address
from services.alert import ONLY_CONSENT_HELPS, Alert, AlertState
from services.database import only_reading
from services.providers.contract import ProviderKey


def answer_alert(page: ProviderPage) -> ResponseReturnValue:
    """Show how the alert stands; the status says what the words say."""
    if not is_htmx():
        return redirect(_page_address(page), 303)
    return _fragment(page, notice=None, status=_status(page.alert))


def answer_decision(
    provider: ProviderKey, choice: Choice, notice: Notice, *, status: int
) -> ResponseReturnValue:
    """Show what a decision changed, in the place where it was made."""
    if not is_htmx() and status == 200:
        keep_notice(notice)
        return redirect(_place(provider, choice), 303)
    with only_reading():
        if choice.came_from_list:
            template = "_list" if is_htmx() else "review"
            context = review_context.load_context(provider, notice=notice)
            text = render_template(f"review/{template}.html", **context)
            # The comparison that was decided in is over, so a reload must not open it again.
            return text, status, {"HX-Replace-Url": _place(provider, choice)}
        page = load_page(provider, is_opened=True)
    if is_htmx():
        return _fragment(page, notice=notice, status=status)
    return render_page(page, notice=notice, status=status)


def _fragment(page: ProviderPage, *, notice: Notice | None, status: int) -> Response:
    text = render_template("unsynced/_answer.html", **alert_context(page, notice))
    response = make_response(text, status)
    if status == 503:
        response.headers["Retry-After"] = str(_retry_after_s(page.alert))
    return response


def _status(alert: Alert) -> int:
    if alert.state in (AlertState.RECONNECT, AlertState.NOT_CONNECTED):
        return 409
    if alert.state is not AlertState.FAILED or alert.reading is None:
        return 200
    return 409 if alert.reading.failure in ONLY_CONSENT_HELPS else 503


def _retry_after_s(alert: Alert) -> int:
    retry_at = alert.reading.retry_at if alert.reading else None
    if retry_at is None:
        return RETRY_AFTER_S
    return max(1, math.ceil((retry_at - get_runtime().clock()).total_seconds()))


def _page_address(page: ProviderPage) -> str:
    provider, reading = page.profile.key, page.alert.reading
    if page.alert.state in (AlertState.CHECKING, AlertState.FAILED) and reading is not None:
        return url_for("integrations.detail", provider=provider, reading=reading.public_id)
    return url_for("integrations.detail", provider=provider, opened=1)


def _place(provider: ProviderKey, choice: Choice) -> str:
    if choice.came_from_list:
        return place_address(provider, asked_place())
    return url_for("integrations.detail", provider=provider, opened=1)
