"""The secrets that a test itself makes or types, put down where they are made.

Nobody can list them beforehand: tokens of sign-ins and of mailed links, passwords and their
hashes, keys, the secrets of registered apps, tokens that a provider gave.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections import deque
from collections.abc import Callable
from typing import Any

from itsdangerous import Signer, TimestampSigner

from config import Settings
from services import passwords
from services.providers.registry import ProviderAccess
from services.token_vault import TokenVault

#: What is shorter stands by chance in any line.
SHORTEST = 8
#: So many bytes at random are meant to be unguessable; ids of rows and of owners have fewer.
FEWEST_BYTES = 16
#: Of so many the latest ones are known, so that nothing takes longer by remembering.
MOST, MOST_KEPT = 2_000, 200

_made: deque[str] = deque(maxlen=MOST)
#: Those of an application, which serves several tests where a fixture shares it.
_kept: deque[str] = deque(maxlen=MOST_KEPT)


def watch() -> None:
    """Put down from now on what is made in this process, whichever name it is called by."""
    _after(secrets, "token_bytes", _note_random)
    _after(passwords, "generate_password_hash", _note_typed)
    _after(passwords, "check_password_hash", _note_checked)
    for signer in (Signer, TimestampSigner):
        _after(signer, "sign", lambda token, *_: note(token.decode()))
    _after(TokenVault, "__init__", lambda _, _vault, keys: keep(*map(_forms_of_key, keys)))
    _after(TokenVault, "seal", lambda _, _vault, token: note(token))
    _after(TokenVault, "open", lambda token, *_: note(token))
    _after(Settings, "__init__", lambda _, settings: _keep_settings(settings))
    _after(ProviderAccess, "__init__", lambda _, access, *_values: _keep_app(access))


def note(*made: str) -> None:
    """Put down secrets of the running test."""
    _made.extend(one for one in made if len(one) >= SHORTEST)


def keep(*forms: tuple[str, ...]) -> None:
    """Put down secrets of an application, in each of the forms they are written in."""
    _kept.extend(one for several in forms for one in several if len(one) >= SHORTEST)


def forget() -> None:
    """Begin anew, with the next test."""
    _made.clear()


def find_made(text: str) -> str | None:
    """Return the first secret of the running test in a text."""
    for one in {*_made.copy(), *_kept.copy()}:
        if any(form in text for form in _forms_of(one)):
            return one
    return None


def _after(owner: Any, name: str, look: Callable[..., None]) -> None:
    """Show what a function returned, and what it was given in order, after each of its calls."""
    make = getattr(owner, name)

    def make_noted(*given: Any, **named: Any) -> Any:
        made = make(*given, **named)
        look(made, *given)
        return made

    setattr(owner, name, make_noted)


def _note_random(made: bytes, *_given: Any) -> None:
    """Put down the two forms that `token_urlsafe` and `token_hex` give to what they ask for."""
    if len(made) >= FEWEST_BYTES:
        note(base64.urlsafe_b64encode(made).rstrip(b"=").decode(), made.hex())


def _note_typed(made: str, password: str, *_more: Any) -> None:
    note(made, password)


def _note_checked(_is_right: bool, known_hash: str, password: str) -> None:
    note(known_hash, password)


def _keep_settings(settings: Settings) -> None:
    keep((settings.secret_key,), *map(_forms_of_key, settings.token_keys))
    for app in settings.providers.values():
        _keep_app(app)
    if settings.smtp is not None:
        keep((settings.smtp.password,))


def _keep_app(app: Any) -> None:
    """Put down the secret of a registered app, also as the header that it is sent in."""
    pair = f"{app.client_id}:{app.client_secret}".encode()
    if len(app.client_secret) >= SHORTEST:
        keep((app.client_secret, base64.b64encode(pair).decode()))


def _forms_of_key(key: bytes) -> tuple[str, ...]:
    encoded = (base64.b64encode(key), base64.urlsafe_b64encode(key))
    return (*(one.decode().rstrip("=") for one in encoded), key.hex(), repr(key)[2:-1])


def _forms_of(secret: str) -> set[str]:
    """Return how a text writes a secret: as it is, as Python shows it, as JSON does."""
    if secret.isascii() and secret.isprintable() and not set(secret) & set("\"'\\"):
        return {secret}
    return {secret, repr(secret)[1:-1], json.dumps(secret)[1:-1]}
