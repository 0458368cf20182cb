"""Put the sandbox together: `create_app` for tests and for `python -m sandbox`."""

import os
from collections.abc import Callable
from pathlib import Path

from flask import Flask, Response

from sandbox import control, customer_pages, page
from sandbox.clock import Clock, utc_now
from sandbox.faults import Faults
from sandbox.freshbooks.provider import FreshBooks
from sandbox.gate import refuse_strangers
from sandbox.outbox import Outbox
from sandbox.provider import Provider
from sandbox.quickbooks.provider import QuickBooks
from sandbox.server import LARGEST_REQUEST_BYTES
from sandbox.store import Store
from sandbox.traffic import Switchboard
from sandbox.world import World
from sandbox.xero.provider import Xero

STATIC_FOLDER = Path(__file__).resolve().parent.parent / "static"
PROVIDERS: tuple[Callable[[Store, Switchboard, Clock], Provider], ...] = (
    QuickBooks,
    Xero,
    FreshBooks,
)


def create_app(
    state_file: str | os.PathLike[str] | None = None, *, clock: Clock = utc_now
) -> Flask:
    """Make the sandbox; with a state file it goes on where it was killed."""
    app = Flask("sandbox", static_folder=STATIC_FOLDER)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_REQUEST_BYTES
    app.url_map.strict_slashes = False
    world = _make_world(Store(Path(state_file) if state_file else None), clock)
    app.extensions["sandbox"] = world
    app.before_request(refuse_strangers)
    app.after_request(_protect)
    app.context_processor(lambda: {"titles": [known.title for known in world.providers.values()]})
    for blueprint in (control.blueprint, page.blueprint, customer_pages.blueprint):
        app.register_blueprint(blueprint)
    for provider in world.providers.values():
        app.register_blueprint(provider.blueprint)
    return app


def _make_world(store: Store, clock: Clock) -> World:
    faults = Faults(clock)
    providers: dict[str, Provider] = {}
    switchboard = Switchboard(clock, faults, providers)
    for make in PROVIDERS:
        provider = make(store, switchboard, clock)
        providers[provider.name] = provider
    return World(store, faults, switchboard.traffic, switchboard, Outbox(store, clock), providers)


def _protect(response: Response) -> Response:
    """Keep the pages from running anything that is not theirs."""
    response.headers.setdefault(
        "Content-Security-Policy",
        "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none';"
        # The answer to the consent form leads back to the app, on another port.
        " form-action 'self' http://127.0.0.1:* http://localhost:*; frame-ancestors 'none'",
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    return response
