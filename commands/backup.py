"""Copy the database."""

from __future__ import annotations

import os
from pathlib import Path

import click
from flask import current_app

from commands.terminal import current_runtime
from extensions import db
from services.backup import BackupImpossible, back_up, is_one_file


@click.command()
@click.argument("target", type=click.Path(path_type=Path), required=False)
def backup(target: Path | None) -> None:
    """Copy the database to TARGET, or into the folder backups/ of the instance folder.

    The copy is one file, complete as of one moment, checked, and readable by its owner only. It
    holds customers' data and encrypted tokens: keep it as safe as the database, and the token keys
    elsewhere. PostgreSQL is copied by its own pg_dump, into a file that pg_restore reads.

    \b
    Example:
      flask --app app backup
      flask --app app backup /var/backups/blueclerk.db
    """
    url = db.engine.url
    if target is None:
        ending = "db" if is_one_file(url) else "dump"
        name = f"blueclerk-{current_runtime().clock():%Y%m%d-%H%M%S}.{ending}"
        target = Path(current_app.instance_path) / "backups" / name
    try:
        size_bytes = back_up(url, target, environ=os.environ)
    except BackupImpossible as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{target} · {size_bytes:,} bytes, checked")
