"""Turns the evidence of a pair into its reasons."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

from services.matching.columns import Flags, Ints
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
    names = _each(
        _name_reasons,
        rows,
        (naming.first, naming.last, naming.company),
        (naming.both_people, naming.is_swapped, naming.is_couple),
    )
    contact = _each(
        _contact_reasons,
        rows,
        (contacts.email, contacts.email_sharers, contacts.phone, contacts.phone_sharers),
    )
    place = _each(
        _place_reasons,
        rows,
        (places.address, evidence.tax),
        (places.same_postcode, places.same_city),
    )
    doubts = _each(
        _doubts,
        rows,
        flags=(naming.same_generation, naming.other_number, naming.other_workplace),
    )
    return [_joined(*parts) for parts in zip(names, contact, place, doubts, strict=True)]


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
) -> tuple[Reason, ...]:
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
    address: int, tax: int, same_postcode: bool, same_city: bool
) -> tuple[Reason, ...]:
    codes: list[ReasonCode | None] = [_ADDRESS.get(address)]
    if address < AddressLevel.STREET and (same_postcode or same_city):
        codes.append(ReasonCode.SAME_POSTCODE if same_postcode else ReasonCode.SAME_CITY)
    codes.append(_TAX.get(tax))
    return tuple(Reason(code) for code in codes if code)


@lru_cache(maxsize=REMEMBERED)
def _doubts(same_generation: bool, other_number: bool, other_workplace: bool) -> tuple[Reason, ...]:
    doubts = {
        ReasonCode.OTHER_GENERATION: not same_generation,
        ReasonCode.OTHER_NUMBER: other_number,
        ReasonCode.OTHER_WORKPLACE: other_workplace,
    }
    return tuple(Reason(code) for code, is_so in doubts.items() if is_so)
