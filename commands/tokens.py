"""The keys that seal the providers' tokens."""

from __future__ import annotations

from collections.abc import Iterator

import click

from commands.terminal import current_runtime, errors_in_words
from services.token_rotation import Rotation, ServerUsesOtherKeys, rotate_tokens


@click.group()
def tokens() -> None:
    """The keys that seal the providers' tokens."""


@tokens.command()
def rotate() -> None:
    """Seal every token anew with the newest key, while the server runs.

    First put the new key in front of BLUECLERK_TOKEN_KEYS, keep the old one behind it, and restart
    the server. Doing it twice, or interrupting it, harms nothing. When a key opens no token any
    more it can be taken out.

    \b
    Example:
      flask --app app tokens rotate
    """
    runtime = current_runtime()
    try:
        with errors_in_words():
            rotation = rotate_tokens(runtime)
    except ServerUsesOtherKeys as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{_tokens(rotation.resealed)} sealed anew.")
    for line in _keys(rotation, runtime.vault.key_ids):
        click.echo(line)
    if rotation.unopenable:
        raise click.ClickException(
            f"{_tokens(rotation.unopenable)} cannot be opened: the key is missing, or the row was "
            "changed by hand. The connection asks for Reconnect; nothing else is lost."
        )


def _keys(rotation: Rotation, ring: tuple[str, ...]) -> Iterator[str]:
    newest, *older = ring
    yield f"Key {newest} (the newest): {_tokens(rotation.in_use.get(newest, 0))}."
    for key in older:
        left = rotation.in_use.get(key, 0)
        yield f"Key {key}: {_tokens(left)}. {'Keep it.' if left else 'It can be taken out.'}"
    for key in sorted(set(rotation.in_use) - set(ring)):
        yield f"Key {key}: {_tokens(rotation.in_use[key])}, and it is not in BLUECLERK_TOKEN_KEYS."


def _tokens(count: int) -> str:
    return f"{count:,} token" if count == 1 else f"{count:,} tokens"
