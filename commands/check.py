"""Print the banner's sentence without a browser."""

from __future__ import annotations

import click

from commands.terminal import company_option, current_runtime, errors_in_words, read_in_process
from services.accounts import find_company
from services.alert import Alert, AlertState, view_alert
from services.connections import NotConnected, view_connection
from services.providers.contract import ProviderKey
from services.providers.registry import provider_profile
from services.runtime import Runtime
from services.sentences import failure_sentence, unsynced_sentence


@click.command()
@click.argument("provider", type=click.Choice([key.value for key in ProviderKey]))
@company_option
def check(provider: str, slug: str | None) -> None:
    """Print how many customers are not imported yet, and the calls that were spent.

    A number younger than a minute is printed again for 0 calls.

    \b
    Example:
      flask --app app check quickbooks --company harbor
    """
    key = ProviderKey(provider)
    runtime = current_runtime()
    with errors_in_words():
        alert, calls = _read(runtime, slug, key)
    name = provider_profile(key).short_name
    if alert.summary is None:
        raise click.ClickException(_trouble(alert, name))
    click.echo(unsynced_sentence(alert.summary.unsynced, alert.summary.counted, name) + ".")
    click.echo(f"{calls} {'call' if calls == 1 else 'calls'}")


def _read(runtime: Runtime, slug: str | None, provider: ProviderKey) -> tuple[Alert, int]:
    with runtime.sessions() as session:
        company_id = find_company(session, slug).id
    try:
        reading = read_in_process(runtime, company_id, provider)
    except NotConnected as error:
        raise click.ClickException(_not_connected(provider)) from error
    with runtime.sessions() as session:
        view = view_connection(session, company_id, provider)
        alert = view_alert(session, view, now=runtime.clock(), reading_public_id=reading)
    spent = alert.summary.reading.call_count if alert.summary and reading else 0
    return alert, spent


def _not_connected(provider: ProviderKey) -> str:
    name = provider_profile(provider).short_name
    return f"{name} is not connected. Connect it under Settings > Integrations."


def _trouble(alert: Alert, provider_name: str) -> str:
    if alert.state is AlertState.RECONNECT:
        return f"{provider_name} needs to be reconnected under Settings > Integrations."
    sentence = "The reading is still running."
    if alert.reading is not None and alert.reading.failure is not None:
        sentence = failure_sentence(alert.reading.failure, provider_name)
    if alert.last_known is None:
        return sentence
    known = alert.last_known
    return (
        f"{sentence} The last whole reading, {known.finished_at:%Y-%m-%d %H:%M} UTC, found "
        f"{known.unsynced_count:,} of {known.counted_count:,} not yet imported."
    )
