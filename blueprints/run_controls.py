"""What an admin does with a run that is there: stop it, hurry it, have its rest tried again."""

from __future__ import annotations

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from blueprints.error_pages import find_answer
from blueprints.guards import admin_required, get_runtime, get_signed_in
from blueprints.import_context import MOST_ID_CHARACTERS, find_run
from blueprints.provider_page import Notice, keep_notice
from services.providers.contract import ProviderKey
from services.run_control import (
    NothingFailed,
    NothingToContinue,
    RunEnded,
    continue_run,
    retry_failed,
    stop_run,
    try_now,
)

blueprint = Blueprint(
    "run_controls",
    __name__,
    url_prefix="/settings/integrations/<provider:provider>/imports/<import_id>",
)


@blueprint.post("/stop")
@admin_required
def stop(provider: ProviderKey, import_id: str) -> ResponseReturnValue:
    """Stop the run; what was done stays."""
    find_run(provider, import_id)
    runtime = get_runtime()
    try:
        with runtime.sessions() as session:
            stop_run(session, get_signed_in(), import_id, wake=runtime.wake, now=runtime.clock())
    except RunEnded as error:
        _tell(error)
    return _to_run(provider, import_id)


@blueprint.post("/try-now")
@admin_required
def hurry(provider: ProviderKey, import_id: str) -> ResponseReturnValue:
    """Let a paused run try again now."""
    find_run(provider, import_id)
    runtime = get_runtime()
    try:
        with runtime.sessions() as session:
            try_now(session, get_signed_in(), import_id, wake=runtime.wake, now=runtime.clock())
    except RunEnded as error:
        _tell(error)
    return _to_run(provider, import_id)


@blueprint.post("/continue")
@admin_required
def go_on(provider: ProviderKey, import_id: str) -> ResponseReturnValue:
    """Import those whom a stop left, in a run of their own."""
    find_run(provider, import_id)
    runtime = get_runtime()
    try:
        with runtime.sessions() as session:
            following = continue_run(
                session, get_signed_in(), import_id, wake=runtime.wake, now=runtime.clock()
            )
    except NothingToContinue as error:
        _tell(error)
        following = import_id
    return _to_run(provider, following)


@blueprint.post("/retry")
@admin_required
def retry(provider: ProviderKey, import_id: str) -> ResponseReturnValue:
    """Try those who failed again in a run of their own, or the one that `id` names."""
    find_run(provider, import_id)
    runtime = get_runtime()
    try:
        with runtime.sessions() as session:
            following = retry_failed(
                session,
                get_signed_in(),
                import_id,
                remote_ids=_named(),
                wake=runtime.wake,
                now=runtime.clock(),
            )
    except NothingFailed as error:
        _tell(error)
        following = import_id
    return _to_run(provider, following)


def _named() -> tuple[str, ...] | None:
    """Return whom the form names; None, which means everybody, only where it names nobody."""
    if "id" not in request.form:
        return None
    text = request.form["id"]
    return (text,) if text.isprintable() and 0 < len(text) <= MOST_ID_CHARACTERS else ()


def _tell(error: Exception) -> None:
    answer = find_answer(error)
    keep_notice(Notice("warn", f"{answer.title}. {answer.sentence}"))


def _to_run(provider: ProviderKey, import_id: str) -> ResponseReturnValue:
    return redirect(url_for("imports.show", provider=provider, import_id=import_id), 303)
