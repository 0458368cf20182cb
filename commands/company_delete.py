"""Remove a company from the terminal, after a question that tells what it costs."""

from __future__ import annotations

from collections.abc import Mapping

import click

from commands.terminal import current_runtime, errors_in_words
from services.accounts import find_company
from services.company_removal import RemovedCompany, count_rows, remove_company
from services.connections import Revocation
from services.providers.registry import provider_profile

REVOCATIONS = {
    Revocation.CONFIRMED: "took the permission back",
    Revocation.UNCONFIRMED: "did not confirm; remove BlueClerk there, under connected apps",
    Revocation.LEFT_TO_OTHER: "not told, because it belongs to the installation this is a copy of",
    Revocation.SHARED: "not told, because another company here reads the same books",
}


@click.command("delete")
@click.argument("slug")
@click.option("--yes", is_flag=True, help="Do not ask.")
def company_delete(slug: str, yes: bool) -> None:
    """Remove the company SLUG with everything that is its own; there is no way back.

    Its users are signed out first, the accounting software is asked to take the permissions back,
    and then every row goes. Nothing changes in the books. Backups keep what they hold.

    \b
    Example:
      flask --app app company delete harbor
    """
    runtime = current_runtime()
    with errors_in_words():
        with runtime.sessions() as session:
            company = find_company(session, slug)
            name, rows = company.name, count_rows(session, company.id)
        if not yes:
            click.confirm(
                f"Remove {name} ({slug}) for good? "
                f"Customers: {rows.get('customer', 0):,}. Users: {rows.get('user_account', 0):,}. "
                f"Rows in all: {sum(rows.values()):,}.",
                abort=True,
            )
        removed = remove_company(runtime, slug)
    _tell(name, removed)


def _tell(name: str, removed: RemovedCompany) -> None:
    for provider, revocation in removed.revocations.items():
        click.echo(f"{provider_profile(provider).short_name}: {REVOCATIONS[revocation]}.")
    for table, count in _largest_first(removed.rows):
        click.echo(f"{count:>12,}  {table.replace('_', ' ')}")
    click.echo(f"{name} is removed.")


def _largest_first(rows: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(rows.items(), key=lambda row: (-row[1], row[0]))
