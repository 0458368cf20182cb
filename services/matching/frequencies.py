"""How often each value occurs in the two lists: a rare name says more than a common one.

Rarity comes from the lists themselves, never from a table of a country's names: who has forty
Nguyens among his customers learns little from one more.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.matching.cleaned import CleanedParty
from services.matching.emails import mailbox_of
from services.matching.sounds import sound_of
from services.matching.vocabulary import BUSINESS_WORDS

#: In shorter lists even a chance meeting is rare, but a name repeats for other reasons.
MIN_LIST_SIZE = 16
#: A word in no name but these two, on top of the size of the list: as good as a shared mailbox.
UNIQUE_WORD_BITS = 4.5
MIN_UNIQUE_WORD = 4
WORD_BITS = (0.5, 13.0)
FIRST_NAME_BITS = (2.0, 9.0)
LAST_NAME_BITS = (2.5, 12.0)
POSTCODE_BITS = (1.0, 8.0)
CITY_BITS = (0.3, 6.0)


@dataclass(frozen=True, slots=True)
class Frequencies:
    """Counts over both lists together; sharers are the more of the two lists.

    `mailbox_sharers` and `phone_sharers` count differently named customers and hold only values
    that more than one has.
    """

    party_count: int
    list_size: int
    first_names: Mapping[str, int]
    last_names: Mapping[str, int]
    words: Mapping[str, int]
    postcodes: Mapping[str, int]
    cities: Mapping[str, int]
    mailbox_sharers: Mapping[str, int]
    phone_sharers: Mapping[str, int]

    @property
    def list_bits(self) -> float:
        """Return the evidence needed to pick one customer out of the longer list."""
        return math.log2(max(self.list_size, MIN_LIST_SIZE))

    def rarity(self, count: int, bounds: tuple[float, float]) -> float:
        """Return the bits that agreeing in a value with this count is worth, within bounds."""
        low, high = bounds
        return min(max(-math.log2((count + 0.5) / (self.party_count + 1)), low), high)

    def word_bits(self, word: str) -> float:
        """Return what sharing this word of a company's name is worth."""
        count = self.words.get(word, 0)
        bits = self.rarity(count, WORD_BITS)
        is_telling = len(word) >= MIN_UNIQUE_WORD and word not in BUSINESS_WORDS
        if count <= 2 and is_telling:
            return max(bits, self.list_bits + UNIQUE_WORD_BITS)
        return bits


def count_frequencies(ours: Sequence[CleanedParty], theirs: Sequence[CleanedParty]) -> Frequencies:
    """Count the values of both lists. Time grows with the lists only."""
    both = (*ours, *theirs)
    return Frequencies(
        party_count=len(both),
        list_size=max(len(ours), len(theirs)),
        first_names=Counter(name for party in both for name in party.person.first_names),
        last_names=_count(both, lambda party: party.person.last_name),
        words=Counter(word for party in both for word in {*party.words, *party.company_words}),
        postcodes=_count(both, lambda party: party.postcode),
        cities=_count(both, lambda party: party.city),
        mailbox_sharers=_more_of(_sharers(side, _mailboxes) for side in (ours, theirs)),
        phone_sharers=_more_of(_sharers(side, _numbers) for side in (ours, theirs)),
    )


def _count(parties: Iterable[CleanedParty], value: Callable[[CleanedParty], str]) -> Counter[str]:
    return Counter(filter(None, map(value, parties)))


def _mailboxes(party: CleanedParty) -> Iterable[str]:
    return map(mailbox_of, party.emails)


def _numbers(party: CleanedParty) -> Iterable[str]:
    return party.phones.numbers


def _sharers(
    parties: Iterable[CleanedParty], values: Callable[[CleanedParty], Iterable[str]]
) -> dict[str, int]:
    """Count differently named holders: the same customer twice in a list shares nothing."""
    holders: defaultdict[str, set[Hashable]] = defaultdict(set)
    for party in parties:
        if party.emails or party.phones.numbers:
            name = _rough_name(party)
            for value in values(party):
                holders[value].add(name)
    return {value: len(names) for value, names in holders.items() if len(names) > 1}


def _rough_name(party: CleanedParty) -> Hashable:
    """Return what spellings of one customer's name have in common."""
    if party.is_company or not party.person.last_name:
        return True, sound_of(party.words[0]) if party.words else ""
    initial = party.person.first_names[0][:1] if party.person.first_names else ""
    return False, sound_of(party.person.last_name)[:3], initial


def _more_of(sides: Iterable[Mapping[str, int]]) -> dict[str, int]:
    more: dict[str, int] = {}
    for side in sides:
        for value, count in side.items():
            more[value] = max(count, more.get(value, 0))
    return more
