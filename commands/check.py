"""Print the banner's sentence without a browser."""

from __future__ import annotations

import click

from commands.reading import read_whole
from commands.terminal import company_option, current_runtime, errors_in_words
from services.providers.contract import ProviderKey
from services.providers.registry import provider_profile
from services.sentences import unreadable_sentence, unsynced_sentence


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
    with errors_in_words():
        whole = read_whole(current_runtime(), slug, key)
    name = provider_profile(key).short_name
    click.echo(unsynced_sentence(whole.summary.unsynced, whole.summary.counted, name) + ".")
    if unreadable := whole.summary.reading.unreadable_count:
        click.echo(unreadable_sentence(unreadable, name) + ".")
    click.echo(f"{whole.calls} {'call' if whole.calls == 1 else 'calls'}")
