"""What the page of one customer shows: its fields, its places, what differs, its history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from blueprints.addresses import public_id
from blueprints.customer_history import FieldSource, HistoryLine, field_sources, tell_history
from blueprints.guards import get_runtime, get_signed_in
from services.customer_books import RemoteStanding
from services.customer_events import list_history
from services.customers import CustomerView, UnknownCustomer, find_customer
from services.providers.registry import PROVIDERS, ProviderProfile
from services.whereabouts import Whereabouts, where_is


@dataclass(frozen=True, slots=True)
class Place:
    """One accounting software, and how the customer stands there, once for each of its links."""

    profile: ProviderProfile
    found: tuple[Whereabouts, ...]

    @property
    def links(self) -> tuple[Whereabouts, ...]:
        return tuple(each for each in self.found if each.linked_at is not None)


@dataclass(frozen=True, slots=True)
class CustomerPageContext:
    """One customer. `sources` says of fields that the books gave them, by the field's name.

    `invoicing` ends a sentence about the customer: whether it can be invoiced; "" where no
    accounting software is connected.
    """

    customer: CustomerView
    places: tuple[Place, ...]
    history: tuple[HistoryLine, ...]
    sources: dict[str, FieldSource]
    invoicing: str

    @property
    def links(self) -> tuple[tuple[ProviderProfile, Whereabouts], ...]:
        return tuple((place.profile, link) for place in self.places for link in place.links)

    @property
    def maybe(self) -> tuple[tuple[ProviderProfile, Whereabouts], ...]:
        """Return who in the books could be the customer and is not linked."""
        return tuple(
            (place.profile, each)
            for place in self.places
            for each in place.found
            if each.standing in (RemoteStanding.MAYBE, RemoteStanding.IGNORED)
        )

    @property
    def differing(self) -> tuple[tuple[ProviderProfile, Whereabouts], ...]:
        return tuple((profile, link) for profile, link in self.links if link.differences)


def asked_customer(text: str) -> str:
    """Return the id in an address. Raises UnknownCustomer where it cannot be one."""
    known = public_id(text)
    if known is None:
        raise UnknownCustomer
    return known


def load_customer(customer_id: str) -> CustomerPageContext:
    """Read what the page shows; calls no provider. Raises UnknownCustomer."""
    runtime, who = get_runtime(), get_signed_in()
    with runtime.sessions() as session:
        customer = find_customer(session, who.company_id, customer_id)
        found = where_is(session, who.company_id, customer_id, access=runtime.access)
        history = list_history(session, who.company_id, customer_id)
    return CustomerPageContext(
        customer=customer,
        places=tuple(
            Place(profile, tuple(each for each in found if each.provider is key))
            for key, profile in PROVIDERS.items()
        ),
        history=tell_history(history),
        sources=field_sources(history, customer.origin),
        invoicing=_invoicing(found),
    )


def _invoicing(found: Sequence[Whereabouts]) -> str:
    """Return where the customer can be invoiced, else why it cannot be."""
    names = [
        profile.short_name
        for key, profile in PROVIDERS.items()
        if any(each.can_be_invoiced and each.provider is key for each in found)
    ]
    if names:
        return f"can be invoiced in {' and '.join(names)}"
    told = [
        each.invoice_words for each in found if each.standing is not RemoteStanding.NOT_CONNECTED
    ]
    return told[0] if told else ""
