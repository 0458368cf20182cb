"""Turns the evidence of a pair into its reasons."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

import numpy as np

from services.matching.columns import NOT_GIVEN, Flags, Ints, Pairs
from services.matching.levels import (
    AddressLevel,
    CompanyLevel,
    EmailLevel,
    NameLevel,
    PhoneLevel,
    TaxLevel,
)
from services.matching.reasons import Reason, ReasonCode
from services.matching.scoring import Evidence
from services.matching.words import has_digit

#: Few combinations occur, each of them often: kept once they need no memory of their own.
REMEMBERED = 16_384

_COMPANY: dict[int, ReasonCode] = {
    CompanyLevel.DIFFERENT: ReasonCode.DIFFERENT_NAME,
    CompanyLevel.SIMILAR: ReasonCode.SIMILAR_NAME,
    CompanyLevel.PART: ReasonCode.CONTAINED_NAME,
    CompanyLevel.NEAR: ReasonCode.NEARLY_SAME_NAME,
    CompanyLevel.CONTAINED: ReasonCode.CONTAINED_NAME,
    CompanyLevel.SAME: ReasonCode.SAME_NAME,
}
_WORKPLACE: dict[int, ReasonCode] = {
    **_COMPANY,
    CompanyLevel.DIFFERENT: ReasonCode.OTHER_WORKPLACE,
    CompanyLevel.SAME: ReasonCode.SAME_WORKPLACE,
}
_FIRST: dict[int, ReasonCode] = {
    NameLevel.DIFFERENT: ReasonCode.DIFFERENT_FIRST_NAME,
    NameLevel.SIMILAR: ReasonCode.SIMILAR_FIRST_NAME,
    NameLevel.INITIAL: ReasonCode.SAME_INITIAL,
    NameLevel.TYPO: ReasonCode.FIRST_NAME_SLIP,
    NameLevel.SHORT_FORM: ReasonCode.SHORT_FIRST_NAME,
    NameLevel.SAME: ReasonCode.SAME_FIRST_NAME,
}
_LAST: dict[int, ReasonCode] = {
    NameLevel.DIFFERENT: ReasonCode.DIFFERENT_LAST_NAME,
    NameLevel.SIMILAR: ReasonCode.SIMILAR_LAST_NAME,
    NameLevel.TYPO: ReasonCode.LAST_NAME_SLIP,
    NameLevel.SAME: ReasonCode.SAME_LAST_NAME,
}
_EMAIL: dict[int, ReasonCode] = {
    EmailLevel.DIFFERENT: ReasonCode.DIFFERENT_EMAIL,
    EmailLevel.SIMILAR: ReasonCode.SIMILAR_EMAIL,
    EmailLevel.SLIP: ReasonCode.EMAIL_SLIP,
    EmailLevel.SHARED: ReasonCode.SHARED_EMAIL,
    EmailLevel.MAILBOX: ReasonCode.SAME_MAILBOX,
    EmailLevel.OWN: ReasonCode.SAME_EMAIL,
}
_PHONE: dict[int, ReasonCode] = {
    PhoneLevel.DIFFERENT: ReasonCode.DIFFERENT_PHONE,
    PhoneLevel.SLIP: ReasonCode.PHONE_SLIP,
    PhoneLevel.SHARED: ReasonCode.SHARED_PHONE,
    PhoneLevel.OWN: ReasonCode.SAME_PHONE,
}
_ADDRESS: dict[int, ReasonCode] = {
    AddressLevel.DIFFERENT: ReasonCode.DIFFERENT_ADDRESS,
    AddressLevel.STREET: ReasonCode.SAME_STREET,
    AddressLevel.NEAR: ReasonCode.NEARLY_SAME_ADDRESS,
    AddressLevel.SAME: ReasonCode.SAME_ADDRESS,
}
_TAX: dict[int, ReasonCode] = {
    TaxLevel.DIFFERENT: ReasonCode.DIFFERENT_TAX_NUMBER,
    TaxLevel.SLIP: ReasonCode.TAX_NUMBER_SLIP,
    TaxLevel.SAME: ReasonCode.SAME_TAX_NUMBER,
}


def reasons_of(evidence: Evidence, rows: Ints) -> list[tuple[Reason, ...]]:
    """Return the reasons of these pairs: those of the names first, then contacts and places."""
    naming, contacts, places = evidence.naming, evidence.contacts, evidence.places
    other_site = _name_sites(evidence.pairs) & ~naming.same_generation
    contact = _each(
        _contact_reasons,
        rows,
        (contacts.email, contacts.email_sharers, contacts.phone, contacts.phone_sharers),
    )
    place = _each(
        _place_reasons,
        rows,
        (places.address, evidence.tax),
        (places.same_postcode, places.same_city, other_site),
    )
    doubts = _each(
        _doubts,
        rows,
        flags=(
            other_site,
            _between_people(evidence) & ~naming.same_generation & ~other_site,
            naming.other_number & ~other_site,
            naming.other_workplace,
        ),
    )
    parts = (*_of_names(evidence, rows), contact, place, doubts)
    return [_joined(*each) for each in zip(*parts, strict=True)]


def _of_names(evidence: Evidence, rows: Ints) -> tuple[Iterator[tuple[Reason, ...]], ...]:
    """Return the reasons of people's names and those of companies' names."""
    pairs, naming = evidence.pairs, evidence.naming
    ours, theirs = pairs.flags(lambda side: side.is_company)
    people = _each(
        _name_reasons,
        rows,
        (naming.first, naming.last, naming.company),
        (naming.both_people, naming.is_swapped, naming.is_couple, ours | theirs),
    )
    companies = _each(
        _company_reasons,
        rows,
        (naming.company,),
        (
            naming.is_one_person(),
            naming.both_people & (naming.last == NameLevel.SAME),
            ours | theirs,
            (ours != theirs) & _have_companies(pairs),
        ),
    )
    return people, companies


def _between_people(evidence: Evidence) -> Flags:
    ours, theirs = evidence.pairs.flags(lambda side: side.is_company)
    people: Flags = evidence.naming.both_people & ~ours & ~theirs
    return people


def _have_companies(pairs: Pairs) -> Flags:
    one, other = pairs.both(lambda side: side.company)
    both: Flags = (one != NOT_GIVEN) & (other != NOT_GIVEN)
    return both


def _name_sites(pairs: Pairs) -> Flags:
    """Say where either name ends with the address of a job."""
    is_site = np.array([has_digit(value) for value in pairs.lists.generations], np.bool_)
    one, other = pairs.both(lambda side: side.generation)
    either: Flags = is_site[one] | is_site[other]
    return either


def _each(
    reasons: Callable[..., tuple[Reason, ...]],
    rows: Ints,
    levels: Iterable[Ints] = (),
    flags: Iterable[Flags] = (),
) -> Iterator[tuple[Reason, ...]]:
    columns = [column[rows].tolist() for column in (*levels, *flags)]
    return map(reasons, *columns)


@lru_cache(maxsize=REMEMBERED)
def _joined(*parts: tuple[Reason, ...]) -> tuple[Reason, ...]:
    return tuple(reason for part in parts for reason in part)


@lru_cache(maxsize=REMEMBERED)
def _name_reasons(
    first: int,
    last: int,
    company: int,
    both_people: bool,
    is_swapped: bool,
    is_couple: bool,
    is_company: bool,
) -> tuple[Reason, ...]:
    """Return what the names of two people say, or of two of whom it is not sure what they are."""
    if is_company:
        return ()
    if company:
        return (Reason(_COMPANY[company]),)
    if is_swapped:
        return (Reason(ReasonCode.SWAPPED_NAME),)
    if not both_people:
        return (Reason(ReasonCode.SAME_LAST_NAME),) if last == NameLevel.SAME else ()
    if first == last == NameLevel.SAME:
        return (Reason(ReasonCode.SAME_NAME),)
    first_code = ReasonCode.ONE_OF_A_COUPLE if is_couple else _FIRST.get(first)
    codes = (first_code, _LAST.get(last))
    return tuple(Reason(code) for code in codes if code)


@lru_cache(maxsize=REMEMBERED)
def _company_reasons(
    company: int, is_contact: bool, is_family: bool, is_company: bool, is_workplace: bool
) -> tuple[Reason, ...]:
    """Return what the name and the contact person of a company say.

    A person who is the contact of a company has not its name; `is_workplace`: what is compared
    is the company where the person works.
    """
    if not is_company:
        return ()
    by_level = _WORKPLACE if is_workplace else _COMPANY
    code = by_level.get(company, ReasonCode.DIFFERENT_NAME)
    name = (Reason(code),)
    if is_contact:
        contact = (Reason(ReasonCode.SAME_CONTACT),)
        return name + contact if company else contact
    return (Reason(ReasonCode.CONTACT_FAMILY), *name) if is_family and not company else name


@lru_cache(maxsize=REMEMBERED)
def _contact_reasons(
    email: int, email_sharers: int, phone: int, phone_sharers: int
) -> tuple[Reason, ...]:
    def found() -> Iterator[Reason]:
        if email:
            yield Reason(_EMAIL[email], email_sharers if email == EmailLevel.SHARED else 1)
        if phone:
            yield Reason(_PHONE[phone], phone_sharers if phone == PhoneLevel.SHARED else 1)

    return tuple(found())


@lru_cache(maxsize=REMEMBERED)
def _place_reasons(
    address: int, tax: int, same_postcode: bool, same_city: bool, other_site: bool
) -> tuple[Reason, ...]:
    is_said = other_site and address == AddressLevel.DIFFERENT
    codes: list[ReasonCode | None] = [None if is_said else _ADDRESS.get(address)]
    if address < AddressLevel.STREET and (same_postcode or same_city):
        codes.append(ReasonCode.SAME_POSTCODE if same_postcode else ReasonCode.SAME_CITY)
    codes.append(_TAX.get(tax))
    return tuple(Reason(code) for code in codes if code)


@lru_cache(maxsize=REMEMBERED)
def _doubts(
    other_site: bool, other_generation: bool, other_number: bool, other_workplace: bool
) -> tuple[Reason, ...]:
    doubts = {
        ReasonCode.OTHER_SITE: other_site,
        ReasonCode.OTHER_GENERATION: other_generation,
        ReasonCode.OTHER_NUMBER: other_number,
        ReasonCode.OTHER_WORKPLACE: other_workplace,
    }
    return tuple(Reason(code) for code, is_so in doubts.items() if is_so)
