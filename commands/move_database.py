"""Move to another database, such as from SQLite to PostgreSQL."""

from __future__ import annotations

import click

from commands.terminal import current_runtime
from extensions import db
from services.database_move import MoveImpossible, is_served, move, open_target
from services.database_url import BadDatabaseUrl, parse_database_url


@click.command("move-database")
@click.option(
    "--to", "address", required=True, metavar="URL", help="Such as BLUECLERK_DATABASE_URL."
)
@click.option("--yes", is_flag=True, help="Copy although a server was working a moment ago.")
def move_database(address: str, yes: bool) -> None:
    """Copy every row into the empty database at URL; all of them, or none.

    The tables are made there first, by flask --app app db upgrade. Stop the server: what it writes
    meanwhile stays behind. The database of now is not changed; the settings are, by you. To keep a
    password off the command line, leave it out of URL and set PGPASSWORD.

    \b
    Example:
      flask --app app move-database --to postgresql://blueclerk@127.0.0.1/blueclerk
    """
    runtime = current_runtime()
    try:
        address = parse_database_url(address)
        with runtime.sessions() as session:
            is_working = is_served(session, now=runtime.clock())
        if is_working and not yes:
            raise MoveImpossible(
                "A server worked on this database in the last two minutes. Stop it, wait two "
                "minutes, then try again; --yes does not wait."
            )
        with open_target(address) as target:
            copied = move(db.engine, target)
    except BadDatabaseUrl as error:
        raise click.ClickException(f"--to cannot be used: it {error}") from error
    except MoveImpossible as error:
        raise click.ClickException(str(error)) from error
    for table, count in copied.items():
        click.echo(f"{count:>12,}  {table.replace('_', ' ')}")
    click.echo(
        f"Copied {sum(copied.values()):,} rows. Set BLUECLERK_DATABASE_URL to the new database, "
        "then start the server."
    )
