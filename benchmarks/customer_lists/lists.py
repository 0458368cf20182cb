"""Two lists of customers, their truth, and the pairs that only look alike."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from benchmarks.customer_lists.customers import Customer, Maker
from benchmarks.customer_lists.faults import second_spelling
from benchmarks.customer_lists.profiles import PROFILES, Missing
from benchmarks.customer_lists.spelling import write_down
from benchmarks.customer_lists.traps import Neighbour, set_traps
from services.matching.party import Party

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class CustomerLists:
    """`truth` and the keys of `traps` are pairs of an id of ours and one of theirs."""

    ours: list[Party]
    theirs: list[Party]
    truth: set[Pair]
    traps: dict[Pair, str]


def make_lists(profile: str, *, size: int, seed: int) -> CustomerLists:
    """Return two lists of this many customers, half of them in both; equal for equal arguments."""
    chance = random.Random(f"{profile} {size} {seed}")
    maker = Maker(chance, PROFILES[profile], size=size)
    half = size // 2
    population = set_traps(maker, [maker.customer() for _ in range(half)], size=size)
    our_others, their_others = _dealt(maker, population.neighbours, size - half)
    first, second = _both_spellings(maker, population.shared)
    ours, our_ids = _listed(maker, [*first, *our_others], "o", maker.profile.ours)
    theirs, their_ids = _listed(maker, [*second, *their_others], "t", maker.profile.theirs)
    return CustomerLists(
        ours,
        theirs,
        truth={(our_ids[one.number], their_ids[one.number]) for one in population.shared},
        traps=dict(_trap_pairs(population.neighbours, our_ids, their_ids)),
    )


def _dealt(
    maker: Maker, neighbours: Iterable[Neighbour], count: int
) -> tuple[list[Customer], list[Customer]]:
    """Return who stands in one list only: neighbours by chance, filled up with strangers."""
    sides: tuple[list[Customer], list[Customer]] = [], []
    for neighbour in neighbours:
        maker.chance.choice(sides).append(neighbour.customer)
    for side in sides:
        del side[count:]
        side.extend(maker.customer() for _ in range(count - len(side)))
    return sides


def _both_spellings(
    maker: Maker, shared: Iterable[Customer]
) -> tuple[list[Customer], list[Customer]]:
    """Return the shared customers as ours and theirs; the faults are on either side."""
    ours, theirs = [], []
    for customer in shared:
        spellings = [customer, second_spelling(maker, customer)]
        maker.chance.shuffle(spellings)
        ours.append(spellings[0])
        theirs.append(spellings[1])
    return ours, theirs


def _listed(
    maker: Maker, customers: list[Customer], letter: str, missing: Missing
) -> tuple[list[Party], dict[int, str]]:
    """Return the rows in an order that tells nothing, and the id of each customer."""
    maker.chance.shuffle(customers)
    ids = {one.number: f"{letter}{at:06d}" for at, one in enumerate(customers)}
    rows = [
        write_down(maker, one, ids[one.number], missing, has_marks=letter == "t")
        for one in customers
    ]
    return rows, ids


def _trap_pairs(
    neighbours: Iterable[Neighbour], our_ids: Mapping[int, str], their_ids: Mapping[int, str]
) -> Iterable[tuple[Pair, str]]:
    """Yield the pairs that look alike across the lists, each with its kind."""
    for neighbour in neighbours:
        number = neighbour.customer.number
        if number in our_ids:
            yield (our_ids[number], their_ids[neighbour.of]), neighbour.kind
        elif number in their_ids:
            yield (our_ids[neighbour.of], their_ids[number]), neighbour.kind
