"""Every route there is, with what fits into its address; whoever adds a route adds its checks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from flask import Flask
from sqlalchemy import select

from models import ConsentRequest, Customer, ImportRun, OneTimeLink, User
from tests.security.house import House, Party

READING = frozenset({"GET", "HEAD", "OPTIONS"})
#: Names in addresses whose values belong to one company, and where they are found.
OWNED: Mapping[str, Any] = {
    "choice": ConsentRequest,
    "customer": Customer,
    "import_id": ImportRun,
    "invitation": OneTimeLink,
    "member": User,
    "user": User,
}
#: Names in addresses whose values are the same for everybody, or are a permission themselves.
SHARED: Mapping[str, tuple[str, ...]] = {
    "day": ("2026-11-20",),
    "filename": ("app.js",),
    "provider": ("quickbooks", "xero", "freshbooks"),
    "slug": ("nobody",),
    "token": ("nobody",),
}
Values = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Route:
    """One method of one rule; `names` are what its address asks for."""

    endpoint: str
    method: str
    rule: str
    names: tuple[str, ...]

    @property
    def room(self) -> str:
        """The blueprint, which is who may open it."""
        return self.endpoint.partition(".")[0]

    @property
    def is_owned(self) -> bool:
        return any(name in OWNED for name in self.names)

    def __str__(self) -> str:
        return f"{self.method} {self.rule}"

    def addresses(self, values: Values) -> Iterator[str]:
        """Fill the address with every combination of the values."""
        unknown = set(self.names) - set(values)
        assert not unknown, f"{self}: name {unknown} in tests/security/routes.py"
        empty = {name for name in self.names if not values[name]}
        assert not empty, f"{self}: the house has no {empty}; make one in tests/security/filling.py"
        for chosen in product(*(values[name] for name in self.names)):
            address = self.rule
            for name, value in zip(self.names, chosen, strict=True):
                address = re.sub(rf"<(?:\w+:)?{name}>", value, address)
            yield address


def routes(app: Flask) -> list[Route]:
    """Return every route, without HEAD and OPTIONS, which Flask adds by itself."""
    return [
        Route(rule.endpoint, method, rule.rule, tuple(sorted(rule.arguments)))
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]


def unsafe_routes(app: Flask) -> list[Route]:
    return [route for route in routes(app) if route.method not in READING]


def reading_routes(app: Flask) -> list[Route]:
    return [route for route in routes(app) if route.method in READING]


def ids_of(house: House, party: Party) -> dict[str, tuple[str, ...]]:
    """Return the ids of a company by the names that addresses have for them."""
    with house.session() as session:
        return {
            name: tuple(
                session.scalars(
                    select(table.public_id)
                    .where(table.company_id == party.company_id)
                    .order_by(table.id)
                )
            )
            for name, table in OWNED.items()
        }


def values_of(house: House, party: Party) -> dict[str, tuple[str, ...]]:
    """Return what fits into the addresses of a company's own pages."""
    return ids_of(house, party) | SHARED
