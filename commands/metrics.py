"""Print what the processes of this machine have counted, for a collector of text files."""

from __future__ import annotations

import click
from flask import current_app

from services.metrics import join_counting, write_counts


@click.command()
def metrics() -> None:
    """Print what the web processes and workers of this machine have counted since they began.

    For a machine that runs workers only, where no page tells it; what waits in the rows is told by
    `/metrics` of any web process. Needs BLUECLERK_METRICS_FOLDER.

    \b
    Example:
      flask --app app metrics > /var/lib/node_exporter/blueclerk.prom.new
    """
    folder = current_app.extensions["settings"].metrics_folder
    if not folder:
        raise click.ClickException(
            "Nothing is counted across processes here. Set BLUECLERK_METRICS_FOLDER for the server "
            "and its workers, then start them again."
        )
    join_counting(folder)
    click.echo(write_counts().decode(), nl=False)
