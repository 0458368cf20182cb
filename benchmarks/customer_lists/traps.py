"""Other customers who look like one that is known: what matching must not fall for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from benchmarks.customer_lists.customers import Customer, Maker, plain

SMALLEST_GROUP = 3
LARGEST_GROUP = 7


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another customer beside a shared one, and why the two look alike."""

    kind: str
    of: int
    customer: Customer


@dataclass(slots=True)
class Population:
    """The customers that both lists have, and the neighbours that one list has."""

    shared: list[Customer]
    neighbours: list[Neighbour] = field(default_factory=list)


def set_traps(maker: Maker, shared: list[Customer], *, size: int) -> Population:
    """Return the shared customers, some changed by a trap, and their neighbours."""
    population = Population(list(shared))
    rates = maker.profile.traps
    for kind, of_companies, make in _PAIRS:
        for at in _some(maker, population, getattr(rates, kind) * size, of_companies):
            known, other = make(maker, population.shared[at])
            population.shared[at] = known
            population.neighbours.append(Neighbour(kind, known.number, other))
    _share_phone(maker, population, rates.landlord)
    _share_mailbox(maker, population, rates.bookkeeper)
    return population


def _some(maker: Maker, population: Population, count: float, of_companies: bool) -> list[int]:
    fitting = [at for at, one in enumerate(population.shared) if bool(one.company) == of_companies]
    return maker.chance.sample(fitting, min(len(fitting), max(1, round(count))))


def _family(maker: Maker, known: Customer) -> tuple[Customer, Customer]:
    """Another first name; most share the phone and the home, a third the mailbox."""
    chance, other = maker.chance, maker.person()
    while other.first_name == known.first_name:
        other = maker.person()
    return known, replace(
        other,
        last_name=known.last_name,
        phone=known.phone if chance.random() < 0.8 else other.phone,
        address=known.address if chance.random() < 0.6 else other.address,
        email=known.email if chance.random() < 0.35 else other.email,
    )


def _housemate(maker: Maker, known: Customer) -> tuple[Customer, Customer]:
    return known, replace(maker.person(), phone=known.phone, address=known.address)


def _office(maker: Maker, known: Customer) -> tuple[Customer, Customer]:
    other = maker.company()
    shares_mailbox = maker.chance.random() < 0.5
    email = known.email if shares_mailbox else other.email
    return known, replace(other, phone=known.phone, address=known.address, email=email)


def _namesake(maker: Maker, known: Customer) -> tuple[Customer, Customer]:
    return known, replace(
        maker.person(), first_name=known.first_name, last_name=known.last_name, partner=""
    )


def _father_son(maker: Maker, known: Customer) -> tuple[Customer, Customer]:
    """Most fathers are written with their Sr; every son has his Jr."""
    chance, (_, other) = maker.chance, _namesake(maker, known)
    father = replace(known, generation="Sr" if chance.random() < 0.7 else "", partner="")
    son = replace(other, phone=known.phone, address=known.address)
    return father, replace(son, generation=chance.choice(("Jr", "Jr.", "II")))


def _franchise(maker: Maker, known: Customer) -> tuple[Customer, Customer]:
    chance, other = maker.chance, maker.company()
    number = chance.randrange(2, 40)
    name = known.company.partition(" #")[0]
    return replace(known, company=f"{name} #{number}"), replace(
        other,
        company=f"{name} #{number + chance.randrange(1, 9)}",
        legal_form=known.legal_form,
        email=known.email if chance.random() < 0.5 else other.email,
        phone=known.phone if chance.random() < 0.3 else other.phone,
    )


_PAIRS: tuple[tuple[str, bool, Callable[[Maker, Customer], tuple[Customer, Customer]]], ...] = (
    ("family", False, _family),
    ("housemate", False, _housemate),
    ("office", True, _office),
    ("namesake", False, _namesake),
    ("father_son", False, _father_son),
    ("franchise", True, _franchise),
)


def _share_phone(maker: Maker, population: Population, rate: float) -> None:
    """A landlord's number stands beside all tenants, the mailbox beside half of them."""
    for group in _groups(maker, population, rate):
        phone = maker.phone()
        email = f"leasing@{plain(maker.last_name())}lettings.example"
        for at in group:
            tenant = replace(population.shared[at], phone=phone)
            writes = maker.chance.random() < 0.5
            population.shared[at] = replace(tenant, email=email) if writes else tenant
        other = replace(maker.person(), phone=phone, email=email)
        number = population.shared[group[0]].number
        population.neighbours.append(Neighbour("landlord", number, other))


def _share_mailbox(maker: Maker, population: Population, rate: float) -> None:
    """A bookkeeper's mailbox stands beside all clients."""
    for group in _groups(maker, population, rate):
        email = f"{plain(maker.first_name())}@{plain(maker.last_name())}ledgers.example"
        for at in group:
            population.shared[at] = replace(population.shared[at], email=email)
        other = replace(maker.company(), email=email)
        number = population.shared[group[0]].number
        population.neighbours.append(Neighbour("bookkeeper", number, other))


def _groups(maker: Maker, population: Population, rate: float) -> list[list[int]]:
    """Return who shares one thing, in groups of a few."""
    count = min(len(population.shared), max(SMALLEST_GROUP, round(rate * len(population.shared))))
    left = maker.chance.sample(range(len(population.shared)), count)
    groups = []
    while left:
        size = maker.chance.randrange(SMALLEST_GROUP, LARGEST_GROUP)
        groups.append(left[:size])
        left = left[size:]
    return groups
