"""The alert: opened, polled, checked again, decided in; and the list behind its number."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from blueprints import review
from blueprints.alert_answers import answer_alert, answer_decision
from blueprints.choices import Choice, read_choice
from blueprints.error_pages import find_answer
from blueprints.guards import admin_required, get_runtime, get_signed_in
from blueprints.provider_page import (
    Notice,
    ProviderPage,
    asked_reading,
    decision_notice,
    load_page,
)
from models import ConnectionState
from services import decisions
from services.alert import look_for_end
from services.connections import require_connection
from services.database import only_reading
from services.providers.contract import ProviderKey
from services.review_query import Meant, ReviewQuery
from services.unsynced import ensure_fresh, note_look

blueprint = Blueprint("unsynced", __name__, url_prefix="/settings/integrations/<provider:provider>")

PATIENCE_S = 0.3


@blueprint.get("/unsynced")
@admin_required
def show(provider: ProviderKey) -> ResponseReturnValue:
    """Answer the opened alert: see that a number is there or on its way, then say how it stands.

    With `reading` (a poll) it only looks at that one, with `look` (a poll of an import) at what
    is stored.
    """
    reading = asked_reading()
    if reading is None and "look" not in request.args:
        reading = _start_if_due(provider, is_asked_for=False)
    return _answer(provider, reading)


@blueprint.post("/check")
@admin_required
def check(provider: ProviderKey) -> ResponseReturnValue:
    """Check again, however young the last reading is; `accept` takes a list that lost a field."""
    accepts_loss = request.form.get("accept") == "1"
    return _answer(provider, _start_if_due(provider, is_asked_for=True, accepts_loss=accepts_loss))


@blueprint.get("/review")
@admin_required
def show_list(provider: ProviderKey) -> ResponseReturnValue:
    """Show the unsynced, the ignored or the archived by name; reads our own rows only."""
    return render_template("unsynced/review.html", **review.load_context(provider))


@blueprint.post("/ignore")
@admin_required
def ignore(provider: ProviderKey) -> ResponseReturnValue:
    """Ignore the named customers, or everybody whom the person saw."""
    return _decide(provider, read_choice(), is_restoring=False)


@blueprint.post("/restore")
@admin_required
def restore(provider: ProviderKey) -> ResponseReturnValue:
    """Take ignoring back, for the named customers or for one whole decision."""
    return _decide(provider, read_choice(), is_restoring=True)


def _start_if_due(
    provider: ProviderKey, *, is_asked_for: bool, accepts_loss: bool = False
) -> str | None:
    """Return the reading to follow, None where the stored number is fresh or nothing may run."""
    runtime = get_runtime()
    with runtime.sessions() as session:
        connection = require_connection(session, get_signed_in().company_id, provider)
        if connection.state is not ConnectionState.CONNECTED:
            return None
        reading = ensure_fresh(
            session,
            connection,
            wake=runtime.wake,
            now=runtime.clock(),
            is_asked_for=is_asked_for,
            accepts_loss=accepts_loss,
        )
    if reading is not None:
        look_for_end(runtime, reading, patience_s=PATIENCE_S)
    return reading


def _answer(provider: ProviderKey, reading: str | None) -> ResponseReturnValue:
    with only_reading():
        page = load_page(provider, is_opened=True, reading=reading)
    _note_look(page)
    return answer_alert(page)


def _note_look(page: ProviderPage) -> None:
    """Remember that the number was seen, once per whole reading: who comes later is new."""
    connection = page.connection
    if connection is None or connection.is_looked_at or page.alert.summary is None:
        return
    runtime = get_runtime()
    with runtime.sessions() as session:
        note_look(session, connection.id, now=runtime.clock())


def _decide(provider: ProviderKey, choice: Choice, *, is_restoring: bool) -> ResponseReturnValue:
    change = _restore_chosen if is_restoring else _ignore_chosen
    try:
        notice, status = decision_notice(change(provider, choice)), 200
    except (
        decisions.NothingSelected,
        decisions.AlreadyDecided,
        decisions.ListChanged,
    ) as error:
        answer = find_answer(error)
        notice, status = Notice("warn", f"{answer.title}. {answer.sentence}"), answer.status
    return answer_decision(provider, choice, notice, status=status)


def _ignore_chosen(provider: ProviderKey, choice: Choice) -> decisions.Decision:
    runtime, who = get_runtime(), get_signed_in()
    meant = Meant(choice.public_ids)
    if choice.is_all:
        meant = Meant(matching=ReviewQuery(), reading=choice.seen_reading)
    with runtime.sessions() as session:
        account_id = require_connection(session, who.company_id, provider).account_id
        return decisions.ignore(session, who, account_id, meant=meant, now=runtime.clock())


def _restore_chosen(provider: ProviderKey, choice: Choice) -> decisions.Decision:
    runtime, who = get_runtime(), get_signed_in()
    with runtime.sessions() as session:
        account_id = require_connection(session, who.company_id, provider).account_id
        return decisions.restore(
            session,
            who,
            account_id,
            meant=Meant(choice.public_ids),
            batch=choice.batch,
            now=runtime.clock(),
        )
