"""Entry points from the terminal."""

from __future__ import annotations

from flask import Flask


def register(app: Flask) -> None:
    """Add the commands to `flask --app app`."""
