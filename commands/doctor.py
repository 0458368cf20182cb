"""What stands and what does not, for whoever operates an installation."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import click
from flask import current_app

from commands.terminal import current_runtime
from config import PREFIX, PROVIDER_PREFIXES, Environment, Settings
from extensions import db
from services.doctor import (
    Finding,
    Verdict,
    examine_database,
    examine_keys,
    examine_mail,
    examine_provider,
    examine_scheduler,
)
from services.providers.contract import ProviderKey

#: What is in them is nobody's secret, so it is said.
TOLD = (
    "ENV",
    "JOBS_ENGINE",
    "LOG_FORMAT",
    "PROXY_COUNT",
    "KEEP_READINGS_DAYS",
    "KEEP_IMPORTS_DAYS",
    "KEEP_DELIVERIES_DAYS",
    "KEEP_AUDIT_DAYS",
)
#: Without a value these are made or chosen; every other one is not set then.
WITH_DEFAULT = ("DATABASE_URL", "INSTANCE_FOLDER", "PUBLIC_BASE_URL", "MAIL_FROM", *TOLD)
OTHERS = (
    *("SECRET_KEY", "TOKEN_KEYS", "SANDBOX_URL", "SMTP_URL"),
    *("METRICS_FOLDER", "METRICS_TOKEN"),
)


@click.command()
def doctor() -> None:
    """Say how every setting stands and try what the installation stands on.

    Changes nothing, sends no mail, spends no call of a provider, and shows no secret. Exits with 1
    if something is broken.

    \b
    Example:
      flask --app app doctor
    """
    settings: Settings = current_app.extensions["settings"]
    for name in setting_names():
        click.echo(f"{PREFIX + name:38} {_state(name)}")
    click.echo()
    verdicts = []
    for finding in _findings(settings):
        click.echo(_line(finding))
        verdicts.append(finding.verdict)
    if Verdict.BROKEN in verdicts:
        raise click.exceptions.Exit(1)


def setting_names() -> list[str]:
    """Return every setting without its prefix."""
    parts = ("CLIENT_ID", "CLIENT_SECRET", "ENVIRONMENT")
    providers = [f"{provider}_{part}" for provider in PROVIDER_PREFIXES for part in parts]
    return [*WITH_DEFAULT, *OTHERS, *providers]


def _state(name: str) -> str:
    value = os.environ.get(PREFIX + name, "")
    if value:
        return f"set: {value}" if name in TOLD or name.endswith("_ENVIRONMENT") else "set"
    has_default = name in WITH_DEFAULT or name.endswith("_ENVIRONMENT")
    is_made = name in ("SECRET_KEY", "TOKEN_KEYS")  # in development only; else nothing starts
    return "default" if has_default or is_made else "not set"


def _findings(settings: Settings) -> Iterator[Finding]:
    runtime = current_runtime()
    yield from _examine_settings(settings)
    yield from examine_database(runtime, _database_file())
    yield examine_keys(runtime)
    yield examine_scheduler(runtime)
    yield examine_mail(settings.smtp, sender=settings.mail_from)
    for provider in ProviderKey:
        yield examine_provider(runtime, provider)


def _examine_settings(settings: Settings) -> Iterator[Finding]:
    is_production = settings.env is Environment.PRODUCTION
    yield Finding(
        "environment",
        Verdict.OK if is_production else Verdict.ATTENTION,
        settings.env.value,
        "" if is_production else "A server for others needs BLUECLERK_ENV=production.",
    )
    if settings.is_secure and not settings.proxy_count:
        yield Finding(
            "proxy",
            Verdict.ATTENTION,
            "the site is https, and no proxy is counted",
            "Behind one, set BLUECLERK_PROXY_COUNT=1.",
        )
    if settings.smtp is not None and settings.mail_from.endswith("@localhost"):
        yield Finding(
            "sender",
            Verdict.ATTENTION,
            "mail comes from localhost, which receivers refuse",
            "Set BLUECLERK_MAIL_FROM.",
        )


def _database_file() -> Path | None:
    url = db.engine.url
    is_file = url.get_backend_name() == "sqlite" and url.database
    return Path(current_app.instance_path) / str(url.database) if is_file else None


def _line(finding: Finding) -> str:
    told = f"{finding.verdict.value:10} {finding.part:16} {finding.words}."
    return f"{told} {finding.help}".rstrip()
