"""Import from the terminal, in this process, to the end."""

from __future__ import annotations

import time

import click

from commands.reading import Whole, read_whole
from commands.terminal import company_option, current_runtime, errors_in_words
from models import ImportRun, ImportState, PauseReason
from services.accounts import find_company
from services.connections import find_connection
from services.customer_import import (
    NothingChosen,
    find_active,
    run_import,
    start_import,
)
from services.import_choice import ImportScope
from services.import_pause import hurry_paused
from services.import_request import ImportPlan, plan_all, plan_new
from services.import_views import ImportView, view_import
from services.match_job import ensure_matched
from services.providers.contract import ProviderKey
from services.providers.registry import provider_profile
from services.runtime import Runtime
from services.sentences import failure_words

LOOK_S = 1.0
GOES_ON = (
    "Nothing is lost: the import goes on by itself while the server runs, "
    "or when you run this command again."
)


@click.command("import")
@click.argument("provider", type=click.Choice([key.value for key in ProviderKey]))
@company_option
@click.option(
    "--new",
    "scope",
    flag_value=ImportScope.NEW.value,
    help="Only those like nobody here; the others wait for a decision.",
)
@click.option(
    "--all",
    "scope",
    flag_value=ImportScope.ALL.value,
    help="Link who is surely here, create the rest, the doubtful too.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def import_customers(
    provider: str, slug: str | None, scope: str | None, *, dry_run: bool, yes: bool
) -> None:
    """Import the customers who are not in BlueClerk yet.

    Checks first, like an opened banner. Prints, last, one line with what became of them.

    \b
    Example:
      flask --app app import quickbooks --new --dry-run
      flask --app app import quickbooks --all --yes
    """
    if scope is None:
        raise click.UsageError("Say whom to import: --new or --all.")
    runtime, key = current_runtime(), ProviderKey(provider)
    with errors_in_words():
        earlier = None if dry_run else _finish_active(runtime, slug, key)
        whole = read_whole(runtime, slug, key)
        ensure_matched(runtime, whole.account_id)
        plan = _plan(runtime, whole.account_id, ImportScope(scope))
        click.echo(_told(plan))
        if dry_run:
            return
        if plan.create + plan.link == 0:
            click.echo(_receipt(earlier))
            return
        if not yes:
            click.confirm("Import them now?", abort=True)
        click.echo(_receipt(_carry_out(runtime, whole, ImportScope(scope))))


def _receipt(view: ImportView | None) -> str:
    counts = (view.created, view.linked, view.skipped, view.failed) if view else (0, 0, 0, 0)
    return "created={} linked={} skipped={} failed={}".format(*counts)


def _told(plan: ImportPlan) -> str:
    left = plan.ask + plan.waiting
    waiting = f", {left:,} waiting for a decision" if left else ""
    return f"{plan.create:,} to create, {plan.link:,} to link{waiting}"


def _plan(runtime: Runtime, account_id: int, scope: ImportScope) -> ImportPlan:
    with runtime.sessions() as session:
        if scope is ImportScope.ALL:
            return plan_all(session, account_id)
        return plan_new(session, account_id)


def _finish_active(runtime: Runtime, slug: str | None, provider: ProviderKey) -> ImportView | None:
    """See the imports that are there to their end; take over what another process has left."""
    with runtime.sessions() as session:
        company_id = find_company(session, slug).id
        connection = find_connection(session, company_id, provider)
    view = None
    while connection is not None:
        with runtime.sessions() as session:
            active = find_active(session, connection.account_id)
        if active is None:
            break
        click.echo("An import is running already; it is seen to its end first.")
        with runtime.sessions() as session:
            hurry_paused(session, active.account_id, now=runtime.clock())
            session.commit()
        view = _see_to_end(runtime, company_id, active)
    return view


def _carry_out(runtime: Runtime, whole: Whole, scope: ImportScope) -> ImportView:
    try:
        with runtime.sessions() as session:
            run = start_import(
                session,
                whole.account_id,
                choice=scope,
                creates_maybes=scope is ImportScope.ALL,
                requested_by_id=None,
                wake=lambda _job, _row_id: None,
                now=runtime.clock(),
            )
    except NothingChosen as error:
        raise click.ClickException(
            "Somebody else has just imported them. Nobody is left to import."
        ) from error
    return _see_to_end(runtime, whole.company_id, run)


def _see_to_end(runtime: Runtime, company_id: int, run: ImportRun) -> ImportView:
    """Carry out what is first in the account's queue until the run has ended.

    Raises ClickException where the first one is paused: it goes on later, and by itself.
    """
    while (view := _view(runtime, company_id, run)).is_active:
        with runtime.sessions() as session:
            first = find_active(session, run.account_id) or run
        run_import(runtime, first.id)
        tried = _view(runtime, company_id, first)
        _refuse_paused(tried)
        if tried.is_active:
            time.sleep(LOOK_S)
    return view


def _view(runtime: Runtime, company_id: int, run: ImportRun) -> ImportView:
    with runtime.sessions() as session:
        return view_import(session, company_id, run.public_id)


def _refuse_paused(view: ImportView) -> None:
    if view.state is not ImportState.PAUSED:
        return
    profile = provider_profile(view.provider)
    if view.pause_reason is PauseReason.DISK:
        told = "The disk is full."
    elif view.pause_reason is PauseReason.PERMISSION:
        told = f"{profile.short_name} needs to be reconnected under Settings > Integrations."
    elif view.pause_failure is not None:
        told = failure_words(view.pause_failure, profile=profile).happened
    else:
        told = f"{profile.short_name} could not be checked."
    raise click.ClickException(f"The import is paused. {told} {GOES_ON}")
