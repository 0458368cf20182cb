"""Import from the terminal, in this process, to the end."""

from __future__ import annotations

import time

import click

from commands.reading import Whole, read_whole
from commands.terminal import company_option, current_runtime, errors_in_words
from models import ImportRun
from services.customer_import import (
    ImportAlreadyRunning,
    NothingChosen,
    find_active,
    run_import,
    start_import_of,
)
from services.import_choice import ImportScope, choose
from services.import_views import ImportView, view_import
from services.providers.contract import ProviderKey
from services.runtime import Runtime
from services.same_customers import count_same

LOOK_S = 1.0
RECEIPT = "created={} linked={} skipped={} failed={}"


@click.command("import")
@click.argument("provider", type=click.Choice([key.value for key in ProviderKey]))
@company_option
@click.option(
    "--new", "scope", flag_value=ImportScope.NEW.value, help="Only those like nobody here."
)
@click.option(
    "--all",
    "scope",
    flag_value=ImportScope.ALL.value,
    help="Link who is surely here, create the rest.",
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
    runtime = current_runtime()
    with errors_in_words():
        whole = read_whole(runtime, slug, ProviderKey(provider))
        create, link = _plan(runtime, whole.account_id, ImportScope(scope))
        click.echo(f"{create:,} to create, {link:,} to link")
        if dry_run:
            return
        if create + link == 0 and not _is_running(runtime, whole.account_id):
            click.echo(RECEIPT.format(0, 0, 0, 0))
            return
        if not yes:
            click.confirm("Import them now?", abort=True)
        view = _carry_out(runtime, whole, ImportScope(scope))
    click.echo(RECEIPT.format(view.created, view.linked, view.skipped, view.failed))


def _plan(runtime: Runtime, account_id: int, scope: ImportScope) -> tuple[int, int]:
    with runtime.sessions() as session:
        chosen = len(choose(session, account_id, scope))
        same = count_same(session, account_id) if scope is ImportScope.ALL else 0
    return chosen - same, same


def _is_running(runtime: Runtime, account_id: int) -> bool:
    with runtime.sessions() as session:
        return find_active(session, account_id) is not None


def _carry_out(runtime: Runtime, whole: Whole, scope: ImportScope) -> ImportView:
    """Run the import to its end; one that is there already is followed, or taken over if left."""
    run = _start_or_find(runtime, whole, scope)
    while True:
        run_import(runtime, run.id)
        with runtime.sessions() as session:
            view = view_import(session, whole.company_id, run.public_id)
        if not view.is_active:
            return view
        time.sleep(LOOK_S)


def _start_or_find(runtime: Runtime, whole: Whole, scope: ImportScope) -> ImportRun:
    with runtime.sessions() as session:
        active = find_active(session, whole.account_id)
        if active is not None:
            click.echo("An import is running already; this is what becomes of it.")
            return active
        try:
            return start_import_of(
                session,
                whole.account_id,
                scope=scope,
                requested_by_id=None,
                wake=lambda _job, _row_id: None,
                now=runtime.clock(),
            )
        except (ImportAlreadyRunning, NothingChosen) as error:
            raise click.ClickException("Somebody else has just begun to import them.") from error
