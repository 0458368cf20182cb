"""Everything the sandbox consists of, in one place; reached through the Flask app."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask import Flask

from sandbox.faults import Fault, Faults
from sandbox.outbox import Outbox
from sandbox.provider import Provider
from sandbox.store import Store
from sandbox.traffic import Switchboard, Traffic


@dataclass(frozen=True, slots=True)
class World:
    """The rooms all providers share, and the providers."""

    store: Store
    faults: Faults
    traffic: Traffic
    switchboard: Switchboard
    outbox: Outbox
    providers: Mapping[str, Provider]

    def add_fault(self, provider: Provider, wish: Mapping[str, object]) -> Fault:
        """Turn a switch on; one about tokens strikes at once unless a request is named."""
        endpoints = provider.api_endpoints + provider.oauth_endpoints
        fault = self.faults.add(wish, endpoints=endpoints)
        if fault.wish.strikes_at_once:
            self.switchboard.strike(fault)
            self.faults.remove(fault)
        return fault


def the_world(app: Flask) -> World:
    """Return the world of an app."""
    world: World = app.extensions["sandbox"]
    return world
