"""Entry points from the terminal."""

from __future__ import annotations

from flask import Flask

from commands import migrations
from commands.backup import backup
from commands.check import check
from commands.company_delete import company_delete
from commands.doctor import doctor
from commands.imports import import_customers
from commands.jobs import jobs
from commands.metrics import metrics
from commands.move_database import move_database
from commands.operation import company, setup, user
from commands.report import report
from commands.tokens import tokens


def register(app: Flask) -> None:
    """Add the commands to `flask --app app`."""
    migrations.register(app)
    company.add_command(company_delete)
    everyday = (setup, user, company, check, import_customers, backup, report, tokens, doctor)
    for command in (*everyday, jobs, metrics, move_database):
        app.cli.add_command(command)
