"""Entry points from a click: read the input, call a service, answer."""

from __future__ import annotations

from flask import Flask


def register(app: Flask) -> None:
    """Add every page, guard and error to the application."""
