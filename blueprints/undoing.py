"""Taking an import back: the question with its numbers, and the click that starts it."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from blueprints.error_pages import find_answer
from blueprints.guards import admin_required, get_runtime, get_signed_in
from blueprints.import_context import find_run
from blueprints.provider_page import Notice, keep_notice
from services.import_undo import NothingToUndo, UndoRunning, UndoTooLate, plan_undo, start_undo
from services.providers.contract import ProviderKey
from services.providers.registry import provider_profile

blueprint = Blueprint(
    "undoing",
    __name__,
    url_prefix="/settings/integrations/<provider:provider>/imports/<import_id>/undo",
)


@blueprint.get("")
@admin_required
def ask(provider: ProviderKey, import_id: str) -> ResponseReturnValue:
    """Say what an undo would take back and what it would keep; writes nothing."""
    runtime, run = get_runtime(), find_run(provider, import_id)
    try:
        with runtime.sessions() as session:
            plan = plan_undo(session, get_signed_in().company_id, import_id, now=runtime.clock())
    except (UndoTooLate, NothingToUndo, UndoRunning) as error:
        return _lead(provider, import_id, error)
    return render_template(
        "imports/undo.html", profile=provider_profile(provider), run=run, plan=plan
    )


@blueprint.post("")
@admin_required
def start(provider: ProviderKey, import_id: str) -> ResponseReturnValue:
    """Start the undo, which is a run of its own."""
    find_run(provider, import_id)
    runtime = get_runtime()
    try:
        with runtime.sessions() as session:
            undo_id = start_undo(
                session, get_signed_in(), import_id, wake=runtime.wake, now=runtime.clock()
            )
    except (UndoTooLate, NothingToUndo, UndoRunning) as error:
        return _lead(provider, import_id, error)
    return redirect(url_for("imports.show", provider=provider, import_id=undo_id), 303)


def _lead(
    provider: ProviderKey, import_id: str, error: UndoTooLate | NothingToUndo | UndoRunning
) -> ResponseReturnValue:
    """Lead to the undo that is there, else back to the import, and say why."""
    answer = find_answer(error)
    keep_notice(Notice("warn", f"{answer.title}. {answer.sentence}"))
    there = error.public_id if isinstance(error, UndoRunning) else import_id
    return redirect(url_for("imports.show", provider=provider, import_id=there), 303)
