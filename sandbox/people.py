"""Make invented people and businesses, the same ones for the same seed; knows no provider."""

import random
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from sandbox import words

LONGEST_EMAIL_FIELD = 100
WITHOUT_EMAIL_SHARE = 0.15
LETTERS_WITHOUT_BASE = str.maketrans(
    {"ł": "l", "Ł": "l", "ø": "o", "Ø": "o", "ß": "ss", "đ": "d", "Đ": "d", "’": "", "'": ""}
)


class EmailWish(StrEnum):
    """What the e-mail field of a new party shall hold."""

    USUAL = "usual"
    NONE = "none"
    UNUSABLE = "unusable"
    SHARED = "shared"


@dataclass(frozen=True, slots=True)
class Name:
    """A name as written, and in Latin letters for addresses."""

    written: str
    latin: str


@dataclass(frozen=True, slots=True)
class Address:
    """Where a party lives."""

    line: str
    second_line: str | None
    city: str
    state: str
    postal_code: str


@dataclass(frozen=True, slots=True)
class Party:
    """One invented person or business. Money is in cents."""

    display_name: str
    given_name: str | None
    family_name: str | None
    company_name: str | None
    email: str | None
    phone: str | None
    mobile: str | None
    address: Address | None
    open_balance_cents: int


def _names(listed: str) -> tuple[Name, ...]:
    pairs = (entry.partition("|") for entry in listed.split())
    return tuple(Name(written, latin or written) for written, _, latin in pairs)


_CULTURES = tuple((_names(given), _names(family)) for _, given, family in words.NAMES)
_WEIGHTS = tuple(weight for weight, _, _ in words.NAMES)
_ODD = tuple(Name(*entry.split("|")) for entry in words.ODD_BUSINESSES)


class PartyMaker:
    """Makes parties from one stream of chance; no two get the same display name."""

    def __init__(self, dice: random.Random, taken_names: Iterable[str] = ()) -> None:
        self._dice = dice
        self._taken_names = {name.casefold() for name in taken_names}
        self._taken_emails: set[str] = set()
        self._emails: list[str] = []

    def make(self, email: EmailWish) -> Party:
        """Return the next party."""
        given, family = self._person()
        company = self._company(family) if self._dice.random() < 0.42 else None
        address = self._address() if self._dice.random() < 0.9 else None
        wanted = company.written if company else self._person_display(given, family)
        names_person = company is None or self._dice.random() < 0.55
        return Party(
            display_name=self.unique_name(wanted, address),
            given_name=given.written if names_person else None,
            family_name=family.written if names_person else None,
            company_name=company.written if company else None,
            email=self._email(email, given, family, company),
            phone=self.phone() if self._dice.random() < 0.82 else None,
            mobile=self.phone() if self._dice.random() < 0.3 else None,
            address=address,
            open_balance_cents=self._dice.randrange(500, 480_000)
            if self._dice.random() < 0.1
            else 0,
        )

    def newcomer(self) -> Party:
        """Return somebody who comes later; as many have no e-mail address as of the first ones."""
        has_none = self._dice.random() < WITHOUT_EMAIL_SHARE
        return self.make(EmailWish.NONE if has_none else EmailWish.USUAL)

    def phone(self) -> str:
        """Return a number nobody has, in one of eight spellings."""
        pattern = self._dice.choice(words.PHONE_FORMATS)
        return pattern.format(
            a=self._dice.choice(words.AREA_CODES),
            n=f"01{self._dice.randrange(100):02d}",
            x=self._dice.randrange(2, 60),
        )

    def fresh_email(self, given: str, family: str) -> str:
        """Return an unused address for a person at home."""
        local = f"{slug(given)}.{slug(family)}".strip(".") or "customer"
        return self._unique_email(local, self._dice.choice(words.HOME_HOSTS))

    def family_name(self) -> str:
        """Return some family name, for people who change theirs."""
        return self._person()[1].written

    def _person(self) -> tuple[Name, Name]:
        given, family = self._dice.choices(_CULTURES, _WEIGHTS)[0]
        return self._dice.choice(given), self._dice.choice(family)

    def _person_display(self, given: Name, family: Name) -> str:
        chance = self._dice.random()
        if chance < 0.1:
            return f"{family.written}, {given.written}"
        if chance < 0.14:
            other = self._dice.choice(self._dice.choices(_CULTURES, _WEIGHTS)[0][0])
            return f"{given.written} & {other.written} {family.written}"
        return f"{given.written} {family.written}"

    def _company(self, family: Name) -> Name:
        chance = self._dice.random()
        if chance < 0.04:
            return self._dice.choice(_ODD)
        if chance < 0.45:
            trade, form = self._dice.choice(words.TRADES), self._dice.choice(words.FORMS)
            return Name(f"{family.written} {trade}{form}", f"{family.latin} {trade}")
        place = f"{self._dice.choice(words.PLACES)} {self._dice.choice(words.VENUES)}"
        return Name(place, place)

    def unique_name(self, wanted: str, address: Address | None = None) -> str:
        """Tell namesakes apart as bookkeepers do: by the street, then by a number."""
        name = wanted
        if name.casefold() in self._taken_names and address is not None:
            name = f"{wanted} - {address.line}"
        number = 2
        while name.casefold() in self._taken_names:
            name, number = f"{wanted} ({number})", number + 1
        self._taken_names.add(name.casefold())
        return name

    def _email(
        self, wish: EmailWish, given: Name, family: Name, company: Name | None
    ) -> str | None:
        if wish is EmailWish.NONE:
            return None
        if wish is EmailWish.UNUSABLE:
            return self._dice.choice(words.UNUSABLE_EMAILS)
        if wish is EmailWish.SHARED and self._emails:
            return self._dice.choice(self._emails)
        first = self._one_email(given, family, company)
        self._emails.append(first)
        return self._several(first, given, family) if self._dice.random() < 0.03 else first

    def _one_email(self, given: Name, family: Name, company: Name | None) -> str:
        first, last = slug(given.latin) or "customer", slug(family.latin) or "home"
        if company is not None:
            host = (
                f"{slug(company.latin)[:40].strip('-')}.example.{self._dice.choice(words.ENDINGS)}"
            )
            local = self._dice.choice((*words.OFFICE_BOXES, first, first))
        else:
            host = self._dice.choice(words.HOME_HOSTS)
            local = self._dice.choice((f"{first}.{last}", first[0] + last, f"{last}.{first}"))
        address = self._unique_email(local, host)
        return address.title() if self._dice.random() < 0.03 else address

    def _unique_email(self, local: str, host: str) -> str:
        address, number = f"{local}@{host}", 2
        while address in self._taken_emails:
            address, number = f"{local}{number}@{host}", number + 1
        self._taken_emails.add(address)
        return address

    def _several(self, first: str, given: Name, family: Name) -> str:
        """Return two or three addresses in the one field, as people type them."""
        more = [
            self.fresh_email(given.latin, family.latin) for _ in range(self._dice.choice((1, 2)))
        ]
        field = self._dice.choice((", ", "; ", " ", ",")).join([first, *more])
        return field if len(field) <= LONGEST_EMAIL_FIELD else first

    def _address(self) -> Address:
        city, state, zone = self._dice.choice(words.CITIES)
        return Address(
            line=f"{self._dice.randrange(1, 9900)} {self._dice.choice(words.STREETS)}",
            second_line=self._dice.choice(words.UNITS) if self._dice.random() < 0.15 else None,
            city=city,
            state=state,
            postal_code=f"{zone}{self._dice.randrange(1, 100):02d}",
        )


def slug(text: str) -> str:
    """Return lower-case ASCII letters, digits and hyphens."""
    plain = unicodedata.normalize("NFKD", text.translate(LETTERS_WITHOUT_BASE))
    return re.sub(r"[^a-z0-9]+", "-", plain.encode("ascii", "ignore").decode().lower()).strip("-")
