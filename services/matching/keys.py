"""Keys under which customers who could be the same meet; everything else is never compared.

A customer has about 22. They are numbers, the same on every machine, so that they can be kept
beside the customer; their last bits say of which kind they are. Measured: of the true pairs 99.8 %
share one among 10,000 generated customers, 99.3 % in FEBRL 4, all in Fodors–Zagat; 9 candidates a
customer among 10,000 and 15 among 100,000.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from itertools import pairwise
from struct import unpack

from services.matching.cleaned import CleanedParty
from services.matching.emails import mailbox_of
from services.matching.given_names import full_forms
from services.matching.sounds import sound_of
from services.matching.vocabulary import ROLE_MAILBOXES

#: A kind of key, and up to how many pairs (holders here times holders there) one value may
#: bring: a value that more customers share tells nobody apart, and would cost the most. Generous
#: where the value is telling (a mailbox of sixty on each side), narrow where it is a beginning.
#: The numbers of the kinds are in what is kept: new kinds go to the end.
PAIR_LIMITS = {
    "mailbox": 4000,
    "local part": 400,
    "phone": 4000,
    "phone without its last digits": 60,
    "tax number": 400,
    "house and street": 900,
    "name": 2500,
    "initial": 150,
    "sound": 250,
    "beginnings": 150,
    "endings": 100,
    "first name and place": 150,
    "last name and place": 200,
    "word": 120,
    "beginning of word": 60,
    "neighbouring words": 200,
    "joined words": 400,
    "beginnings of words": 120,
    "house and postcode": 150,
}
_KIND_BITS = 5
_KIND_MASK = (1 << _KIND_BITS) - 1
_KIND_NUMBERS = {kind: number for number, kind in enumerate(PAIR_LIMITS)}
_LIMITS = tuple(PAIR_LIMITS.values())

#: Phones are compared by their end, because one list may lack the country code.
PHONE_DIGITS = 9
MIN_LOCAL_PART = 5
MIN_LONG_WORD = 5

Key = tuple[str, str]


def blocking_keys(party: CleanedParty) -> tuple[int, ...]:
    """Return the keys of a customer, ascending, as numbers that fit 64 bits with a sign."""
    spelled = set(spelled_keys(party))
    texts = [value.encode("utf-8", "surrogatepass") for _, value in spelled]
    # At once: a loop over single numbers takes a third longer, and there are 22 for each customer.
    numbers = unpack(
        f"<{len(texts)}q", b"".join([blake2b(text, digest_size=8).digest() for text in texts])
    )
    kinds = [_KIND_NUMBERS[kind] for kind, _ in spelled]
    spread = {number & ~_KIND_MASK | kind for number, kind in zip(numbers, kinds, strict=True)}
    return tuple(sorted(spread))


def pair_limit(key: int) -> int:
    """Return up to how many pairs this key may bring together."""
    return _LIMITS[key & _KIND_MASK]


def kind_limits() -> tuple[tuple[int, ...], int]:
    """Return the limits by number of kind, and the mask that takes this number out of a key."""
    return _LIMITS, _KIND_MASK


def spelled_keys(party: CleanedParty) -> Iterator[Key]:
    """Yield the keys as kind and value, repetitions included."""
    yield from _contact_keys(party)
    yield from _address_keys(party)
    person = party.person
    if person.last_name:
        for first in person.first_names:
            yield from _person_keys(party, first, person.last_name)
        yield from _last_name_keys(party, person.last_name)
    for words in _compared_words(party):
        yield from _word_keys(party, words)


def _contact_keys(party: CleanedParty) -> Iterator[Key]:
    for address in party.emails:
        mailbox = mailbox_of(address)
        local_part = mailbox.partition("@")[0]
        yield "mailbox", mailbox
        if len(local_part) >= MIN_LOCAL_PART and local_part not in ROLE_MAILBOXES:
            yield "local part", local_part
    for number in party.phones.numbers:
        yield "phone", number[-PHONE_DIGITS:]
        if len(number) > PHONE_DIGITS:
            yield "phone without its last digits", number[-PHONE_DIGITS:-4]
    if party.tax_number:
        yield "tax number", party.tax_number


def _address_keys(party: CleanedParty) -> Iterator[Key]:
    number, street = party.address.house_number, party.address.street.replace(" ", "")
    if number and street:
        yield "house and street", number + street[:4]
    if number and party.postcode:
        yield "house and postcode", f"{number} {party.postcode}"


def _person_keys(party: CleanedParty, first: str, last: str) -> Iterator[Key]:
    for form in full_forms(first):
        yield "name", f"{last} {form}"
    yield "name", f"{first} {last}"  # first and last name swapped
    yield "initial", f"{last} {first[0]}"
    yield "initial", f"{first} {last[0]}"
    yield "sound", f"{sound_of(last)} {sound_of(first)[:3]}"
    yield "sound", f"{sound_of(first)} {sound_of(last)[:3]}"
    yield "beginnings", f"{first[:3]} {last[:3]}"
    yield "beginnings", f"{last[:3]} {first[:3]}"
    yield "endings", f"{first[-3:]} {last[-3:]}"
    if party.postcode:
        yield "first name and place", f"{first[:3]} {party.postcode}"
        yield "first name and place", f"{last[:3]} {party.postcode}"
    if party.address.house_number:
        yield "first name and place", f"{first[:3]} {party.address.house_number}"
    if party.city:
        yield "first name and place", f"{first[:2]}{last[:1]} {party.city[:5]}"


def _last_name_keys(party: CleanedParty, last: str) -> Iterator[Key]:
    yield "word", last
    if party.postcode:
        yield "last name and place", f"{last[:4]} {party.postcode}"
    if party.address.house_number:
        yield "last name and place", f"{last[:4]} {party.address.house_number}"


def _compared_words(party: CleanedParty) -> tuple[tuple[str, ...], ...]:
    """Return the names that are met word by word; a person's own name has keys of its own."""
    if party.is_company or not party.is_person:
        return tuple(filter(None, dict.fromkeys((party.words, party.company_words))))
    return (party.company_words,) if party.company_words else ()


def _word_keys(party: CleanedParty, words: tuple[str, ...]) -> Iterator[Key]:
    for word in words:
        yield "word", word
        if len(word) >= MIN_LONG_WORD:
            yield "beginning of word", word[:4]
    if len(words) >= 2:
        yield "joined words", "".join(words)
        yield "beginnings of words", f"{words[0][:3]} {words[-1][:3]}"
        for left, right in pairwise(words):
            yield "neighbouring words", f"{left} {right}"
            yield "beginnings of words", f"{left[:3]} {right[:3]}"
    places = (party.postcode, party.address.house_number, party.city[:6])
    for place in filter(None, places):
        yield "last name and place", f"{words[0][:4]} {place}"
