"""`flask db` and what migrates, loaded by whoever migrates: a server does not."""

from __future__ import annotations

from typing import Any

import click
from flask import Flask
from werkzeug.local import LocalProxy

from extensions import db


def register(app: Flask) -> None:
    """Add `flask db`, and put in the place of the extension what loads it when it is used."""
    app.extensions["migrate"] = LocalProxy(lambda: _load(app))
    app.cli.add_command(_Migrations(app))


class _Migrations(click.Command):
    """Stands for the group of Flask-Migrate, which takes over once it is called."""

    def __init__(self, app: Flask) -> None:
        super().__init__("db", help="Perform database migrations.")
        self._app = app

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        _load(self._app)
        group = self._app.cli.commands["db"]
        return group.make_context(info_name, args, parent=parent, **extra)


def _load(app: Flask) -> object:
    from flask_migrate import Migrate

    # With it come Alembic and Mako: a tenth of a second and 15 MB in each process of a server.
    Migrate(app, db, render_as_batch=True)
    return app.extensions["migrate"]
