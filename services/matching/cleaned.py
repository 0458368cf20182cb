"""A customer as it is compared: what is worth keeping beside the row."""

from __future__ import annotations

from dataclasses import dataclass, replace

from services.matching.addresses import StreetAddress, clean_street
from services.matching.emails import clean_emails
from services.matching.names import DisplayName, PersonName, read_display_name, read_person
from services.matching.party import Party
from services.matching.phones import Phones, clean_phones
from services.matching.words import joined, words_of


@dataclass(frozen=True, slots=True)
class CleanedParty:
    """A customer in comparable parts.

    `words` are those of the name that stands for the customer, `company_words` those of its
    company, which for a person is where the person works. The generation of the person is the
    house number where the name ends with the address of a job: it tells two of one name apart too.
    """

    party_id: str
    person: PersonName
    is_company: bool
    words: tuple[str, ...]
    company_words: tuple[str, ...]
    emails: tuple[str, ...]
    phones: Phones
    address: StreetAddress
    postcode: str
    city_words: tuple[str, ...]
    tax_number: str

    @property
    def is_person(self) -> bool:
        """Say whether both a first and a last name are known."""
        return bool(self.person.first_names and self.person.last_name)

    @property
    def city(self) -> str:
        """Return the town as one word."""
        return "".join(self.city_words)


def clean_party(party: Party, *, region: str = "US") -> CleanedParty:
    """Return the customer in comparable parts.

    `region` is the country (two letters) whose telephone numbers are written without a prefix,
    used where the customer's own country is not given.
    """
    display = read_display_name(party.display_name)
    company_words = _company_words(party, display)
    is_company = bool(company_words) and not _is_named_after_person(party, display, company_words)
    person = _person(party, display, is_company=is_company)
    if display.site or is_company:
        person = replace(person, generation=clean_street(display.site).house_number)
    country = party.country.strip().upper()
    return CleanedParty(
        party_id=party.party_id,
        person=person,
        is_company=is_company,
        words=company_words if is_company else display.words or _name_words(person),
        company_words=company_words,
        emails=clean_emails(party.email_text),
        phones=clean_phones(party.phone_text, country if len(country) == 2 else region),
        address=clean_street(party.street or display.site),
        postcode=joined(party.postcode),
        city_words=words_of(party.city),
        tax_number=joined(party.tax_id),
    )


def _company_words(party: Party, display: DisplayName) -> tuple[str, ...]:
    if party.company_name:
        return read_display_name(party.company_name, is_company=True).words
    return display.words if display.is_business else ()


def _is_named_after_person(
    party: Party, display: DisplayName, company_words: tuple[str, ...]
) -> bool:
    """Say whether the display name is a person's, so that the company is only the workplace."""
    if not party.display_name:
        return False
    reads_as_person = not display.is_business and bool(display.person.first_names)
    if reads_as_person and display.words != company_words:
        shown = read_display_name(party.display_name, is_company=True)
        return shown.words != company_words
    if not (party.company_name and party.first_name and party.last_name):
        return False
    return set(display.words) <= set(words_of(f"{party.first_name} {party.last_name}"))


def _person(party: Party, display: DisplayName, *, is_company: bool) -> PersonName:
    """Return the person from the two fields for it, or as the display name has it."""
    given, shown = read_person(party.first_name, party.last_name), display.person
    first_names, last_name = given.first_names, given.last_name
    if not is_company and shown.first_names:
        if not (first_names and last_name):
            first_names, last_name = shown.first_names, shown.last_name
        elif len(shown.first_names) == 2 and len(first_names) == 1:
            partners = (name for name in shown.first_names if name != first_names[0])
            first_names = (first_names[0], *tuple(partners)[:1])
    return PersonName(first_names, last_name, given.generation or shown.generation)


def _name_words(person: PersonName) -> tuple[str, ...]:
    return tuple(filter(None, (*person.first_names, person.last_name)))
