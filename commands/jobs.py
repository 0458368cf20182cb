"""Workers: processes that carry out jobs beside any number of serving ones."""

from __future__ import annotations

import click
from flask import current_app

from commands.terminal import current_runtime
from services.logs import configure_logging
from services.metrics import start_counting
from services.readiness import look
from services.server_clock import ADVICE, find_lead_s, tell_lead


@click.group()
def jobs() -> None:
    """Run jobs in processes of their own, on PostgreSQL."""


@jobs.command()
def worker() -> None:
    """Read, import, compare, mail and beat until SIGTERM or Ctrl-C; start as many as you like.

    Needs BLUECLERK_JOBS_ENGINE=procrastinate and PostgreSQL. Ends within seconds, and another
    worker goes on with what it leaves; a killed one loses nothing either.

    \b
    Examples:
      flask --app app jobs worker
      BLUECLERK_LOG_FORMAT=json flask --app app jobs worker
    """
    settings = current_app.extensions["settings"]
    if not current_runtime().has_workers:
        raise click.ClickException(
            "Jobs run inside the web process here. A worker needs "
            "BLUECLERK_JOBS_ENGINE=procrastinate."
        )
    _require_tables()
    _require_right_clock()
    configure_logging(is_json=settings.log_format.value == "json")
    if settings.metrics_folder:  # else nobody could ask for what it counts
        start_counting(settings.metrics_folder)
    current_app.extensions["jobs"].work()


def _require_tables() -> None:
    readiness = look(current_runtime())
    if not readiness.database:
        raise click.ClickException(
            "The database cannot be reached. Check BLUECLERK_DATABASE_URL, then start again."
        )
    if not readiness.schema:
        raise click.ClickException(
            "The tables are not those of this release. Run: flask --app app db upgrade"
        )


def _require_right_clock() -> None:
    runtime = current_runtime()
    with runtime.sessions() as session:
        words = tell_lead(find_lead_s(session, now=runtime.clock()))
    if words is not None:
        raise click.ClickException(
            f"The clock of this machine is {words}, so that workers would take each other's work. "
            f"{ADVICE}"
        )
