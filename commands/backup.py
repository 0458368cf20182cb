"""Copy the database while the server runs."""

from __future__ import annotations

from pathlib import Path

import click
from flask import current_app

from commands.terminal import current_runtime
from extensions import db
from services.backup import BackupImpossible, back_up


@click.command()
@click.argument("target", type=click.Path(path_type=Path), required=False)
def backup(target: Path | None) -> None:
    """Copy the database to TARGET, or into the backups folder beside it.

    The copy is one file, complete as of one moment, readable by its owner only. It holds
    customers' data and encrypted tokens: keep it as safe as the database, and the token keys
    elsewhere.

    \b
    Example:
      flask --app app backup
      flask --app app backup /var/backups/blueclerk.db
    """
    if target is None:
        name = f"blueclerk-{current_runtime().clock():%Y%m%d-%H%M%S}.db"
        target = Path(current_app.instance_path) / "backups" / name
    try:
        size_bytes = back_up(db.engine.url, target)
    except BackupImpossible as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{target} · {size_bytes:,} bytes, checked")
