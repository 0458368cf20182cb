"""What the commands share: the runtime, the company, errors in one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click
from flask import current_app
from sqlalchemy.exc import OperationalError

from services.accounts import AccountError
from services.alert import look_for_end
from services.connections import require_connection
from services.providers.contract import ProviderKey
from services.readings import refresh
from services.runtime import Runtime
from services.unsynced import ensure_fresh

PATIENCE_S = 600.0

company_option = click.option(
    "--company", "slug", metavar="SLUG", help="The company; the first one created if left out."
)


def current_runtime() -> Runtime:
    """Return the runtime that create_app built."""
    runtime: Runtime = current_app.extensions["runtime"]
    return runtime


def read_in_process(runtime: Runtime, company_id: int, provider: ProviderKey) -> str | None:
    """Follow the same steps as an opened banner, with the job in this process.

    Returns the reading to look at, or None if a young one was there. Raises NotConnected.
    """
    started: list[int] = []
    with runtime.sessions() as session:
        reading = ensure_fresh(
            session,
            require_connection(session, company_id, provider),
            wake=lambda _job, row_id: started.append(row_id),
            now=runtime.clock(),
        )
    for reading_id in started:
        refresh(runtime, reading_id)
    if reading is not None:
        look_for_end(runtime, reading, patience_s=PATIENCE_S)
    return reading


@contextmanager
def errors_in_words() -> Iterator[None]:
    """Turn what can go wrong into one clear line and exit code 1."""
    try:
        yield
    except AccountError as error:
        raise click.ClickException(str(error)) from error
    except OperationalError as error:
        if "no such table" not in str(error):
            raise
        raise click.ClickException(
            "The database has no tables yet. Run: flask --app app setup"
        ) from error
