"""Imports: asked for, confirmed, watched while they run, told in a receipt, kept in a history."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints import review_context
from blueprints.choices import read_choice
from blueprints.error_pages import find_answer
from blueprints.guards import admin_required, get_runtime, get_signed_in
from blueprints.htmx import is_htmx
from blueprints.import_context import load_run
from blueprints.import_words import waiting_sentence
from blueprints.provider_page import Notice, keep_notice, kept_notice, load_page
from blueprints.review_place import asked_place
from models import ImportState
from services.connections import require_connection
from services.customer_import import NothingChosen
from services.database import only_reading
from services.decisions import ListChanged
from services.import_end import STOPPED
from services.import_request import (
    EverybodyWaits,
    ImportPlan,
    ImportRepeated,
    ImportRequest,
    count_unknown,
    plan_import,
    start_requested,
)
from services.import_views import RUNS_SHOWN, list_imports
from services.item_rows import find_left
from services.providers.contract import ProviderKey
from services.providers.registry import PROVIDERS, provider_profile
from services.review_query import Meant, ReviewQuery, RowFilter

blueprint = Blueprint(
    "imports", __name__, url_prefix="/settings/integrations/<provider:provider>/imports"
)

# More than a page of the list, so more than anybody has ticked and seen.
MOST_UNASKED = 50


@blueprint.get("")
@admin_required
def index(provider: ProviderKey) -> ResponseReturnValue:
    """Show who imported what from the provider, whether it is still connected or not."""
    with get_runtime().sessions() as session:
        company_id = get_signed_in().company_id
        runs = list_imports(session, company_id, provider=provider)
        stopped = [run.public_id for run in runs if run.state is ImportState.STOPPED]
        continuable = find_left(session, company_id, stopped, code=STOPPED)
    is_cut = len(runs) == RUNS_SHOWN
    return render_template(
        "imports/index.html",
        profile=provider_profile(provider),
        profiles=PROVIDERS.values(),
        runs=runs,
        continuable=continuable,
        is_cut=is_cut,
    )


@blueprint.get("/new")
@admin_required
def ask(provider: ProviderKey) -> ResponseReturnValue:
    """Say what an import of all would do, or with `show=new` of the new; writes nothing."""
    reading = load_page(provider, is_opened=True).alert.last_known
    show = request.args.get("show", RowFilter.UNSYNCED)
    if show not in (RowFilter.UNSYNCED, RowFilter.NEW):
        # Nothing imports just these; the list does, and whoever meant them does not mean all.
        return redirect(url_for("review.show", provider=provider, show=show), 303)
    is_all = show == RowFilter.UNSYNCED
    query = ReviewQuery() if is_all else ReviewQuery(RowFilter.NEW)
    meant = Meant(matching=query, reading=reading.public_id if reading else "")
    wanted = ImportRequest(meant, creates_maybes=is_all)
    try:
        return _confirm_page(provider, wanted, _plan(provider, wanted))
    except ImportRepeated as error:
        return _show_first(provider, error)
    except (ListChanged, NothingChosen):
        # Nothing was read yet, or nobody is left; the list says which.
        return redirect(url_for("review.show", provider=provider), 303)


@blueprint.post("")
@admin_required
def start(provider: ProviderKey) -> ResponseReturnValue:
    """Start an import of the named, of those who match or of all; ask first where many are."""
    choice = read_choice()
    wanted = ImportRequest(choice.meant, creates_maybes=choice.is_all)
    try:
        if not choice.is_confirmed:
            plan = _plan(provider, wanted)
            if plan.chosen > MOST_UNASKED:
                return _confirm_page(provider, wanted, plan)
        run_id = _start(provider, wanted)
    except ImportRepeated as error:
        return _show_first(provider, error)
    except (EverybodyWaits, ListChanged, NothingChosen) as error:
        return _list_again(provider, error)
    return redirect(url_for("imports.show", provider=provider, import_id=run_id), 303)


@blueprint.get("/<import_id>")
@admin_required
def show(provider: ProviderKey, import_id: str) -> ResponseReturnValue:
    """Show one import: its progress, or its receipt."""
    context = load_run(provider, import_id)
    return render_template("imports/run.html", notice=kept_notice(), **context)


@blueprint.get("/<import_id>/progress")
@admin_required
def progress(provider: ProviderKey, import_id: str) -> ResponseReturnValue:
    """Answer the import's region as it stands; it holds the next poll only while it runs."""
    if not is_htmx():
        return redirect(url_for("imports.show", provider=provider, import_id=import_id), 303)
    return render_template("imports/_run.html", **load_run(provider, import_id))


def _plan(provider: ProviderKey, wanted: ImportRequest) -> ImportPlan:
    runtime = get_runtime()
    with only_reading(), runtime.sessions() as session:
        account_id = require_connection(session, get_signed_in().company_id, provider).account_id
        return plan_import(session, account_id, wanted, now=runtime.clock())


def _start(provider: ProviderKey, wanted: ImportRequest) -> str:
    runtime, who = get_runtime(), get_signed_in()
    with runtime.sessions() as session:
        account_id = require_connection(session, who.company_id, provider).account_id
        run_id = start_requested(
            session,
            account_id,
            wanted,
            requested_by_id=who.user_id,
            wake=runtime.wake,
            now=runtime.clock(),
        )
        unknown = count_unknown(session, account_id, wanted)
    if unknown:
        keep_notice(Notice("warn", f"Chosen but not found, so not imported: {unknown}."))
    return run_id


def _confirm_page(provider: ProviderKey, wanted: ImportRequest, plan: ImportPlan) -> str:
    """Show what the import would do, and how many it creates whom a list would leave to a person.

    Raises as planning does.
    """
    doubtful = 0
    if wanted.creates_maybes:
        doubtful = _plan(provider, replace(wanted, creates_maybes=False)).ask - plan.ask
    return render_template(
        "imports/new.html",
        profile=provider_profile(provider),
        wanted=wanted,
        plan=plan,
        doubtful=doubtful,
    )


def _show_first(provider: ProviderKey, error: ImportRepeated) -> ResponseReturnValue:
    """Lead the second click, or the second admin, to the import that is there."""
    keep_notice(Notice("info", "Nothing was started twice: this import was there already."))
    return redirect(url_for("imports.show", provider=provider, import_id=error.public_id), 303)


def _list_again(provider: ProviderKey, error: Exception) -> ResponseReturnValue:
    answer = find_answer(error)
    notice = Notice("warn", f"{answer.title}. {answer.sentence}")
    if isinstance(error, EverybodyWaits):
        notice = _waiting_notice(provider, error.count)
    with only_reading():
        context = review_context.load_context(provider, notice=notice)
    return render_template("review/review.html", **context), answer.status


def _waiting_notice(provider: ProviderKey, count: int) -> Notice:
    """Lead to the comparison of the one who was named, or of those who wait."""
    row = next(iter(read_choice().meant.public_ids), None)
    place = asked_place().filtered(RowFilter.MAYBE, row=row)
    anchor = f"row-{row}" if row else None
    address = url_for("review.show", provider=provider, **place, _anchor=anchor)
    return Notice("warn", waiting_sentence(count), label="Compare", address=address)
