"""What the commands share: the runtime, the company, errors in one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click
from flask import current_app
from sqlalchemy.exc import OperationalError

from services.account_errors import AccountError
from services.runtime import Runtime

company_option = click.option(
    "--company", "slug", metavar="SLUG", help="The company; the first one created if left out."
)


def current_runtime() -> Runtime:
    """Return the runtime that create_app built."""
    runtime: Runtime = current_app.extensions["runtime"]
    return runtime


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
