"""A small seeded maker of two customer lists with their truth: what the floors are measured on.

Invented words only. Half of each list is in both; the second spelling of a shared customer has
the faults that bookkeeping makes. The rest are strangers and neighbours who only look alike.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from services.matching.party import Party

FIRSTS = [
    "Robert",
    "William",
    "Margaret",
    "Elizabeth",
    "Katherine",
    "Michael",
    "Susan",
    "Deborah",
    "Anthony",
    "Theodore",
    "Victoria",
    "Patricia",
    "Benjamin",
    "Samuel",
    "Rebecca",
    "Gregory",
    "Jennifer",
    "Stephen",
    "Abigail",
    "Frederick",
    "Ingrid",
    "Soren",
    "Yusuf",
    "Paloma",
    "Dmitri",
    "Noor",
    "Emeka",
    "Linnea",
    "Ravi",
    "Chiara",
    "Tomas",
    "Aiko",
    "Zofia",
    "Bruno",
    "Halima",
    "Petra",
]
SHORT = {
    "Robert": "Bob",
    "William": "Bill",
    "Margaret": "Peggy",
    "Elizabeth": "Liz",
    "Katherine": "Kate",
    "Michael": "Mike",
    "Susan": "Sue",
    "Deborah": "Debbie",
    "Anthony": "Tony",
    "Theodore": "Ted",
    "Victoria": "Vicky",
    "Benjamin": "Ben",
}
STARTS = [
    "Bran",
    "Cald",
    "Dor",
    "Els",
    "Fen",
    "Gar",
    "Hal",
    "Ing",
    "Jor",
    "Kel",
    "Lan",
    "Mor",
    "Nor",
    "Os",
    "Pell",
    "Quin",
    "Ros",
    "Stan",
    "Thal",
    "Wex",
]
ENDS = [
    "berg",
    "combe",
    "dale",
    "den",
    "field",
    "ford",
    "gate",
    "ham",
    "holt",
    "ington",
    "ley",
    "low",
    "man",
    "mere",
    "ridge",
    "son",
    "ton",
    "wick",
]
TRADES = [
    "Plumbing",
    "Bakery",
    "Dental",
    "Roofing",
    "Motors",
    "Catering",
    "Painting",
    "Storage",
    "Logistics",
    "Flooring",
]
FORMS = ("LLC", "Inc.", "Ltd", "", "")
STREETS = [
    "Alder",
    "Birch",
    "Cedar",
    "Damson",
    "Elder",
    "Filbert",
    "Gorse",
    "Hazel",
    "Juniper",
    "Larch",
]
ROADS = (("Street", "St"), ("Avenue", "Ave"), ("Road", "Rd"), ("Lane", "Ln"))
MAIL_DOMAINS = ("mail.example.com", "post.example.org", "inbox.example.net")


@dataclass(frozen=True, slots=True)
class Lists:
    """`truth` are pairs of ids, of ours and of theirs."""

    ours: list[Party]
    theirs: list[Party]
    truth: set[tuple[str, str]]


def make_lists(size: int, seed: int) -> Lists:
    """Return two lists of this many customers, half of them the same."""
    chance = random.Random(seed)
    half = size // 2
    shared = [_customer(chance) for _ in range(half)]
    ours = [*shared, *(_other(chance, shared) for _ in range(size - half))]
    theirs = [
        *(_respelled(chance, party) for party in shared),
        *(_other(chance, shared) for _ in range(size - half)),
    ]
    named_ours = [replace(party, party_id=f"o{i}") for i, party in enumerate(ours)]
    named_theirs = [replace(party, party_id=f"t{i}") for i, party in enumerate(theirs)]
    chance.shuffle(named_ours)
    chance.shuffle(named_theirs)
    return Lists(named_ours, named_theirs, {(f"o{i}", f"t{i}") for i in range(half)})


def _customer(chance: random.Random) -> Party:
    return _company(chance) if chance.random() < 0.3 else _person(chance)


def _person(chance: random.Random) -> Party:
    first, last = chance.choice(FIRSTS), _last_name(chance)
    mailbox = chance.choice((f"{first}.{last}", f"{first[0]}{last}", f"{last}{first}"))
    party = Party("", f"{first} {last}", first, last)
    return _with_contacts(chance, party, f"{mailbox}{chance.randrange(100)}".lower())


def _company(chance: random.Random) -> Party:
    core = f"{_last_name(chance)} {chance.choice(TRADES)}"
    name = f"{core} {chance.choice(FORMS)}".strip()
    mailbox = chance.choice(("info", "office", "accounts"))
    party = _with_contacts(chance, Party("", name, company_name=name), mailbox)
    domain = core.replace(" ", "").lower()
    return replace(party, email_text=f"{mailbox}@{domain}.example.com")


def _with_contacts(chance: random.Random, party: Party, mailbox: str) -> Party:
    return replace(
        party,
        email_text=f"{mailbox}@{chance.choice(MAIL_DOMAINS)}",
        phone_text=_phone(chance),
        street=f"{chance.randrange(1, 900)} {chance.choice(STREETS)} {chance.choice(ROADS)[0]}",
        city=_last_name(chance),
        postcode=f"{chance.randrange(10_000, 99_999)}",
        country="US",
    )


def _last_name(chance: random.Random) -> str:
    return chance.choice(STARTS) + chance.choice(ENDS)


def _phone(chance: random.Random) -> str:
    return (
        f"({chance.randrange(201, 990)}) {chance.randrange(200, 999)}-{chance.randrange(10_000):04}"
    )


def _respelled(chance: random.Random, party: Party) -> Party:
    """Return the customer as the other list has it."""
    party = _renamed(chance, party)
    if chance.random() < 0.12:
        party = replace(party, email_text=f"new{chance.randrange(10_000)}@inbox.example.net")
    elif chance.random() < 0.3:
        party = replace(party, email_text="")
    if chance.random() < 0.12:
        party = replace(party, phone_text=_phone(chance))
    elif chance.random() < 0.2:
        party = replace(party, phone_text="")
    if chance.random() < 0.5:
        for long, short in ROADS:
            party = replace(party, street=party.street.replace(long, short))
    elif chance.random() < 0.3:
        party = replace(party, street="", city="", postcode="")
    digits = "".join(filter(str.isdigit, party.phone_text))
    return replace(party, phone_text=chance.choice((party.phone_text, digits)))


def _renamed(chance: random.Random, party: Party) -> Party:
    first, last = party.first_name, party.last_name
    if party.company_name:
        core = party.company_name.split(" ")[:2]
        name = f"{' '.join(core)} {chance.choice(FORMS)}".strip()
        return replace(party, display_name=name, company_name=name)
    if chance.random() < 0.12:
        first = SHORT.get(first, first)
    elif chance.random() < 0.06:
        last = _slipped(chance, last)
    if chance.random() < 0.1:
        return replace(party, display_name=f"{last}, {first}", first_name="", last_name="")
    return replace(party, display_name=f"{first} {last}", first_name=first, last_name=last)


def _slipped(chance: random.Random, name: str) -> str:
    at = chance.randrange(1, len(name) - 2)
    return name[:at] + name[at + 1] + name[at] + name[at + 2 :]


def _other(chance: random.Random, shared: list[Party]) -> Party:
    """Return a stranger, or somebody of the same house, or of the same name."""
    known, stranger = chance.choice(shared), _customer(chance)
    if known.company_name or stranger.company_name or chance.random() < 0.7:
        return stranger
    if chance.random() < 0.7:
        first = chance.choice([name for name in FIRSTS if name != known.first_name])
        return replace(known, display_name=f"{first} {known.last_name}", first_name=first)
    return replace(
        stranger,
        display_name=known.display_name,
        first_name=known.first_name,
        last_name=known.last_name,
    )
