"""Rotating the token keys from the terminal: what an operator reads before the old key goes."""

from __future__ import annotations

import base64
from pathlib import Path

from app import create_app
from config import load_settings
from extensions import db
from services.runtime import Runtime
from services.token_vault import TokenVault
from tests.commands.conftest import Run, invoke, settings_in
from tests.conftest import TOKEN_KEY
from tests.services.support import make_place

NEW_KEY = b"n" * 32


def test_the_operator_is_told_when_the_old_key_can_go(
    run: Run, runtime: Runtime, tmp_path: Path
) -> None:
    make_place(runtime)
    ring = ",".join(base64.urlsafe_b64encode(key).decode() for key in (NEW_KEY, TOKEN_KEY))
    app = create_app(load_settings(settings_in(tmp_path, TOKEN_KEYS=ring)))

    result = invoke(app, "tokens", "rotate")

    with app.app_context():
        db.engine.dispose()
    old, new = TokenVault([TOKEN_KEY]).newest_key, TokenVault([NEW_KEY]).newest_key
    assert result.exit_code == 0, result.output
    assert result.output.splitlines() == [
        "2 tokens sealed anew.",
        f"Key {new} (the newest): 2 tokens.",
        f"Key {old}: 0 tokens. It can be taken out.",
    ]


def test_a_key_that_was_taken_out_too_early_is_named(
    run: Run, runtime: Runtime, tmp_path: Path
) -> None:
    make_place(runtime)
    ring = base64.urlsafe_b64encode(NEW_KEY).decode()
    app = create_app(load_settings(settings_in(tmp_path, TOKEN_KEYS=ring)))

    result = invoke(app, "tokens", "rotate")

    with app.app_context():
        db.engine.dispose()
    old = TokenVault([TOKEN_KEY]).newest_key
    assert result.exit_code == 1
    assert f"Key {old}: 2 tokens, and it is not in BLUECLERK_TOKEN_KEYS." in result.output
    assert "2 tokens cannot be opened" in result.output
