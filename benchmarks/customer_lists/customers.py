"""Makes customers out of words and chance; what they really are, before anybody writes it down."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, product

from benchmarks.customer_lists.profiles import Country, Profile

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
ROLE_MAILBOXES = ("info", "office", "accounts", "billing", "sales", "hello", "service")
#: Two strangers share a last name in one of 1,700 cases, about as often as in one country.
LAST_NAMES = 4000
MAX_TOWNS = 400
CUSTOMERS_FOR_A_TOWN = 25


@dataclass(frozen=True, slots=True)
class Phone:
    """The digits after the country's prefix."""

    country: Country
    digits: str


@dataclass(frozen=True, slots=True)
class Address:
    """`unit` is a flat or empty."""

    house_number: int
    street: str
    road: str
    unit: str
    town: str
    postcode: str

    @property
    def line(self) -> str:
        """Return the line with the street."""
        return " ".join(filter(None, (f"{self.house_number} {self.street} {self.road}", self.unit)))


@dataclass(frozen=True, slots=True)
class Customer:
    """A person, or a company (then `company` is given) with or without a person to ask for.

    Two customers are the same exactly if their numbers are. `is_written_as_person` is a company
    whose row carries the name of its person.
    """

    number: int
    first_name: str
    last_name: str
    email: str
    phone: Phone
    address: Address
    company: str = ""
    legal_form: str = ""
    generation: str = ""
    partner: str = ""
    is_written_as_person: bool = False


class Drawing:
    """Draws words; how common a word is falls with its rank, as names do."""

    def __init__(self, words: Sequence[str], *, evenness: int) -> None:
        self._words = words
        self._steps = list(accumulate(1 / (rank + evenness) for rank in range(len(words))))

    def draw(self, chance: random.Random) -> str:
        """Return one of the words."""
        return chance.choices(self._words, cum_weights=self._steps)[0]


class Maker:
    """Makes one customer after the other; every mailbox of its own has one owner."""

    def __init__(self, chance: random.Random, profile: Profile, *, size: int) -> None:
        self.chance, self.profile, self.words = chance, profile, profile.words
        self._count = 0
        self._mailboxes: set[str] = set()
        self._first_names = Drawing(self.words.first_names, evenness=25)
        self._last_names = Drawing(_last_names(profile), evenness=150)
        self._towns = [
            self._town() for _ in range(min(MAX_TOWNS, size // CUSTOMERS_FOR_A_TOWN + 8))
        ]

    def number(self) -> int:
        """Return the number of a new customer."""
        self._count += 1
        return self._count

    def customer(self) -> Customer:
        """Return a person or a company."""
        is_company = self.chance.random() < self.profile.habits.company
        return self.company() if is_company else self.person()

    def person(self) -> Customer:
        """Return a person, some with a partner who is named in some places."""
        first_name, last_name = self.first_name(), self.last_name()
        has_partner = self.chance.random() < self.profile.habits.couple
        return Customer(
            number=self.number(),
            first_name=first_name,
            last_name=last_name,
            email=self.email(first_name, last_name),
            phone=self.phone(),
            address=self.address(),
            partner=self.first_name() if has_partner else "",
        )

    def company(self) -> Customer:
        """Return a company; of two thirds a person is known."""
        name = self.company_name()
        has_person = self.chance.random() < 0.65
        has_form = self.chance.random() < 0.7
        return Customer(
            number=self.number(),
            first_name=self.first_name() if has_person else "",
            last_name=self.last_name() if has_person else "",
            email=self.company_email(name),
            phone=self.phone(),
            address=self.address(),
            company=name,
            legal_form=self.chance.choice(self.words.legal_forms) if has_form else "",
        )

    def first_name(self) -> str:
        """Return a given name; those that stand first come far more often."""
        return self._first_names.draw(self.chance)

    def last_name(self) -> str:
        """Return a last name out of a few thousand, some of them common."""
        return self._last_names.draw(self.chance)

    def company_name(self) -> str:
        """Return a name of one or two families, a place or a few words, and a trade."""
        words, chance = self.words, self.chance
        trade = chance.choice(words.trades)
        kind = chance.random()
        if kind < 0.35:
            return f"{self.last_name()} {trade}"
        if kind < 0.55:
            return f"{self.last_name()} & {self.last_name()} {trade}"
        place = chance.choice(words.streets)
        if kind < 0.7:
            return f"{chance.choice(words.towns)} {place} {trade}"
        start, end = chance.choice(words.company_starts), chance.choice(words.company_ends)
        return f"{start} {place} {end} {trade}"

    def email(self, first_name: str, last_name: str) -> str:
        """Return a mailbox of a person that nobody else has."""
        first, last = plain(first_name), plain(last_name)
        number = self.chance.randrange(1, 999)
        local = self.chance.choice(
            (
                f"{first}.{last}",
                f"{first}{last}",
                f"{first[0]}{last}",
                f"{first}{last}{number}",
                f"{last}.{first}",
                f"{first}_{last}",
                f"{first}{number}",
                f"{last}{first[0]}{number}",
            )
        )
        return self._own_mailbox(local, self.chance.choice(self.words.mail_domains))

    def company_email(self, company: str) -> str:
        """Return a mailbox of the company: one for a role, or one of its name."""
        domain = f"{plain(company)[:22]}.example"
        if self.chance.random() < 0.45:
            return self._own_mailbox(self.chance.choice(ROLE_MAILBOXES), domain)
        return self._own_mailbox(plain(self.first_name()), domain)

    def phone(self) -> Phone:
        """Return a number of one of the countries."""
        countries = self.profile.countries
        (country,) = self.chance.choices(list(countries), list(countries.values()))
        return Phone(country, self.filled(self.chance.choice(country.numbers)))

    def address(self) -> Address:
        """Return a place in one of the towns."""
        town, postcode, unit_word = self.chance.choice(self._towns)
        has_unit = self.chance.random() < 0.12
        return Address(
            house_number=self.chance.randrange(1, 2400),
            street=self.chance.choice(self.words.streets),
            road=self.chance.choice(list(self.words.roads)),
            unit=f"{unit_word} {self.chance.randrange(1, 60)}" if has_unit else "",
            town=town,
            postcode=postcode,
        )

    def filled(self, mask: str) -> str:
        """Return the mask with digits and letters where it has room for them."""
        room = {"#": "0123456789", "N": "23456789", "@": LETTERS}
        return re.sub("[#N@]", lambda found: self.chance.choice(room[found.group()]), mask)

    def _town(self) -> tuple[str, str, str]:
        """Return a town's name, one of its postcodes, and its word for a flat."""
        countries = self.profile.countries
        (country,) = self.chance.choices(list(countries), list(countries.values()))
        name = self.chance.choice(self.words.towns)
        return name, self.filled(country.postcode), country.unit_word

    def _own_mailbox(self, local: str, domain: str) -> str:
        mailbox = f"{local}@{domain}"
        while mailbox in self._mailboxes:
            mailbox = f"{local}{self.chance.randrange(2, 99_999)}@{domain}"
        self._mailboxes.add(mailbox)
        return mailbox


def _last_names(profile: Profile) -> list[str]:
    """Return the last names of a profile, the same for every seed."""
    names = ["".join(parts) for parts in product(*profile.words.last_name_parts)]
    return random.Random(profile.name).sample(names, LAST_NAMES)


def plain(text: str) -> str:
    """Return the letters and digits of the text, small."""
    return "".join(filter(str.isalnum, text.lower()))
