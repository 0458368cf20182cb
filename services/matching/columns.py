"""Both lists as columns of numbers, so that all pairs are compared a column at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.matching.cleaned import CleanedParty
from services.matching.emails import MAX_ADDRESSES, is_role_mailbox, mailbox_of
from services.matching.frequencies import (
    CITY_BITS,
    FIRST_NAME_BITS,
    LAST_NAME_BITS,
    POSTCODE_BITS,
    Frequencies,
)
from services.matching.phones import MAX_PHONES, UNVERIFIED

Ints = NDArray[np.int64]
Bits = NDArray[np.float64]
Flags = NDArray[np.bool_]

#: The code of "not given" in every column.
NOT_GIVEN = 0
#: A number that could not be verified is compared by these digits; the rest is area and country.
LOCAL_DIGITS = 7


class Codes:
    """Numbers the values of one column in both lists; the empty text is NOT_GIVEN."""

    def __init__(self) -> None:
        self._codes = {"": NOT_GIVEN}

    @property
    def values(self) -> list[str]:
        """Return the values in the order of their codes."""
        return list(self._codes)

    def column(self, values: Iterable[str]) -> Ints:
        """Return the code of one value for each customer."""
        codes = self._codes
        return np.fromiter((codes.setdefault(value, len(codes)) for value in values), np.int64)

    def table(self, rows: Sequence[Sequence[str]], width: int) -> Ints:
        """Return the codes of up to `width` values for each customer."""
        codes = self._codes
        table = np.full((len(rows), width), NOT_GIVEN, np.int64)
        for i, row in enumerate(rows):
            for j, value in enumerate(row[:width]):
                table[i, j] = codes.setdefault(value, len(codes))
        return table


@dataclass(frozen=True, slots=True)
class Side:
    """One list. Columns hold codes; those that end in s have several to a customer.

    `name` and `company` are names word by word, with one code for both.
    """

    parties: Sequence[CleanedParty]
    is_person: Flags
    is_company: Flags
    first: Ints
    partner: Ints
    last: Ints
    generation: Ints
    name: Ints
    company: Ints
    emails: Ints
    mailboxes: Ints
    phones: Ints
    local_phones: Ints
    has_unverified_phone: Flags
    extension: Ints
    house_number: Ints
    street: Ints
    unit: Ints
    postcode: Ints
    city: Ints
    tax_number: Ints


@dataclass(frozen=True, slots=True)
class Lists:
    """Both lists, and for each code what it stands for and what agreeing in it is worth."""

    ours: Side
    theirs: Side
    frequencies: Frequencies
    first_names: list[str]
    first_bits: Bits
    last_names: list[str]
    last_bits: Bits
    generations: list[str]
    names: list[str]
    streets: list[str]
    postcode_bits: Bits
    city_bits: Bits
    is_role_mailbox: Flags
    mailbox_sharers: Ints
    phone_sharers: Ints


@dataclass(frozen=True, slots=True)
class Pairs:
    """Candidate pairs as rows of both lists."""

    lists: Lists
    left: Ints
    right: Ints

    def __len__(self) -> int:
        return len(self.left)

    def both(self, column: Callable[[Side], Ints]) -> tuple[Ints, Ints]:
        """Return a column of codes of our and of their customer of each pair."""
        return column(self.lists.ours)[self.left], column(self.lists.theirs)[self.right]

    def flags(self, column: Callable[[Side], Flags]) -> tuple[Flags, Flags]:
        """Return a column of flags of our and of their customer of each pair."""
        return column(self.lists.ours)[self.left], column(self.lists.theirs)[self.right]

    def parties(self, at: int) -> tuple[CleanedParty, CleanedParty]:
        """Return our and their customer of one pair."""
        ours, theirs = self.lists.ours.parties, self.lists.theirs.parties
        return ours[self.left[at]], theirs[self.right[at]]


def to_columns(
    ours: Sequence[CleanedParty], theirs: Sequence[CleanedParty], frequencies: Frequencies
) -> Lists:
    """Return both lists as columns."""
    codes: defaultdict[str, Codes] = defaultdict(Codes)
    our_side, their_side = _side(ours, codes), _side(theirs, codes)
    first_names, last_names = codes["first"].values, codes["last"].values
    mailboxes, phones = codes["mailbox"].values, codes["phone"].values
    counts = frequencies
    rare = counts.rarity
    return Lists(
        ours=our_side,
        theirs=their_side,
        frequencies=frequencies,
        first_names=first_names,
        first_bits=_bits(rare(counts.first_names.get(v, 0), FIRST_NAME_BITS) for v in first_names),
        last_names=last_names,
        last_bits=_bits(rare(counts.last_names.get(v, 0), LAST_NAME_BITS) for v in last_names),
        generations=codes["generation"].values,
        names=codes["name"].values,
        streets=codes["street"].values,
        postcode_bits=_bits(
            rare(counts.postcodes.get(v, 0), POSTCODE_BITS) for v in codes["postcode"].values
        ),
        city_bits=_bits(rare(counts.cities.get(v, 0), CITY_BITS) for v in codes["city"].values),
        is_role_mailbox=np.array([is_role_mailbox(value) for value in mailboxes], np.bool_),
        mailbox_sharers=np.array([counts.mailbox_sharers.get(v, 1) for v in mailboxes], np.int64),
        phone_sharers=np.array([counts.phone_sharers.get(v, 1) for v in phones], np.int64),
    )


def _bits(values: Iterable[float]) -> Bits:
    """Return what each code is worth; the empty value is worth nothing."""
    bits = np.fromiter(values, np.float64)
    bits[NOT_GIVEN] = 0.0
    return bits


def _side(parties: Sequence[CleanedParty], codes: defaultdict[str, Codes]) -> Side:
    people = [party.person for party in parties]
    numbers = [party.phones.numbers for party in parties]
    emails = [party.emails for party in parties]
    mailboxes = [tuple(map(mailbox_of, row)) for row in emails]
    local = [tuple(number[-LOCAL_DIGITS:] for number in row) for row in numbers]
    unverified = [any(number.startswith(UNVERIFIED) for number in row) for row in numbers]
    return Side(
        parties=parties,
        is_person=np.array([party.is_person for party in parties], np.bool_),
        is_company=np.array([party.is_company for party in parties], np.bool_),
        first=codes["first"].column("".join(person.first_names[:1]) for person in people),
        partner=codes["first"].column("".join(person.first_names[1:2]) for person in people),
        last=codes["last"].column(person.last_name for person in people),
        generation=codes["generation"].column(person.generation for person in people),
        name=codes["name"].column(" ".join(party.words) for party in parties),
        company=codes["name"].column(" ".join(party.company_words) for party in parties),
        emails=codes["email"].table(emails, MAX_ADDRESSES),
        mailboxes=codes["mailbox"].table(mailboxes, MAX_ADDRESSES),
        phones=codes["phone"].table(numbers, MAX_PHONES),
        local_phones=codes["local phone"].table(local, MAX_PHONES),
        has_unverified_phone=np.array(unverified, np.bool_),
        extension=codes["extension"].column(party.phones.extension for party in parties),
        house_number=codes["house"].column(party.address.house_number for party in parties),
        street=codes["street"].column(party.address.street for party in parties),
        unit=codes["unit"].column(party.address.unit for party in parties),
        postcode=codes["postcode"].column(party.postcode for party in parties),
        city=codes["city"].column(party.city for party in parties),
        tax_number=codes["tax"].column(party.tax_number for party in parties),
    )
