"""What an admin decides about a connection: who counts, and whether it is checked every day."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from blueprints.guards import admin_required, get_runtime, get_signed_in
from blueprints.provider_page import Notice, keep_notice, load_page, render_page
from blueprints.recheck_form import RecheckForm
from services.connection_views import count_customers
from services.connections import require_connection
from services.counting_rule import include_sub_customers
from services.database import only_reading
from services.providers.contract import ProviderKey
from services.providers.registry import provider_profile
from services.rechecks import BadCallBudget, set_recheck

blueprint = Blueprint(
    "connection_settings", __name__, url_prefix="/settings/integrations/<provider:provider>"
)


@blueprint.get("/counting")
@blueprint.get("/recheck")
@admin_required
def show_forms(provider: ProviderKey) -> ResponseReturnValue:
    """Lead whoever reloads the address of a form to the page that it is on."""
    return redirect(url_for("integrations.detail", provider=provider), 303)


@blueprint.post("/counting")
@admin_required
def choose_counting(provider: ProviderKey) -> ResponseReturnValue:
    """Count sub-customers or leave them out, from now on and without a reading."""
    if not provider_profile(provider).has_sub_customers:
        abort(404)
    are_included = request.form.get("count") == "1"
    runtime, who = get_runtime(), get_signed_in()
    with runtime.sessions() as session:
        include_sub_customers(
            session, who, provider, are_included=are_included, now=runtime.clock()
        )
    with only_reading(), runtime.sessions() as session:
        account_id = require_connection(session, who.company_id, provider).account_id
        counts = count_customers(session, account_id)
    number = counts.counted_sub_customers if are_included else counts.sub_customers
    # Whoever had the number open goes on with the one of the new rule.
    is_opened = request.form.get("opened") == "1"
    sentence = _counting_sentence(number, are_included=are_included)
    return _to_page(provider, sentence, is_opened=is_opened)


@blueprint.post("/recheck")
@admin_required
def choose_recheck(provider: ProviderKey) -> ResponseReturnValue:
    """Switch the daily check on or off, or say at the field what cannot be."""
    runtime, form = get_runtime(), RecheckForm.entered(request.form)
    company_id = get_signed_in().company_id
    try:
        with runtime.sessions() as session:
            was_on = require_connection(session, company_id, provider).rechecks_daily
            set_recheck(
                session,
                get_signed_in(),
                provider,
                is_on=form.is_on,
                reports_new=form.reports_new,
                call_budget=form.budget,
                now=runtime.clock(),
            )
    except BadCallBudget:
        error = f"Choose a number from {form.least} to {form.most:,}."
        with only_reading():
            return render_page(load_page(provider), entered=replace(form, error=error), status=422)
    return _to_page(provider, _recheck_sentence(provider, was_on=was_on, is_on=form.is_on))


def _counting_sentence(number: int, *, are_included: bool) -> str:
    noun, verb = ("sub-customer", "is") if number == 1 else ("sub-customers", "are")
    return f"{number:,} {noun} {verb} {'counted' if are_included else 'left out'} now."


def _recheck_sentence(provider: ProviderKey, *, was_on: bool, is_on: bool) -> str:
    if was_on is is_on:
        return "Saved."
    name = provider_profile(provider).short_name
    if is_on:
        return f"{name} is checked once a day from now on."
    return f"{name} is read only when somebody opens the line “Unsynced customers”."


def _to_page(
    provider: ProviderKey, sentence: str, *, is_opened: bool = False
) -> ResponseReturnValue:
    keep_notice(Notice("ok", sentence))
    opened = 1 if is_opened else None
    return redirect(url_for("integrations.detail", provider=provider, opened=opened), 303)
