"""Writes a customer down as a row of a list: formats, habits of writing, and what is left out."""

from __future__ import annotations

import re

from benchmarks.customer_lists.customers import Customer, Maker, Phone
from benchmarks.customer_lists.profiles import Missing
from services.matching.party import Party

MARKS = (" (2)", " (C)", " - Customer", " 1")
SEPARATORS = ("; ", ", ", ",", ";")


def write_down(
    maker: Maker, customer: Customer, party_id: str, missing: Missing, *, has_marks: bool
) -> Party:
    """Return the row of a customer. Only accounting software puts marks behind a name."""
    chance, habits = maker.chance, maker.profile.habits
    display, company = _names(maker, customer)
    first, last = _name_fields(maker, customer, display)
    if has_marks and chance.random() < habits.marked:
        display += chance.choice(MARKS)
    if chance.random() < habits.capitals:
        display, company = display.upper(), company.upper()
        first, last = first.upper(), last.upper()
    has_address = chance.random() >= missing.address
    address = customer.address
    return Party(
        party_id,
        display_name=_untidy(maker, display),
        first_name=first,
        last_name=last,
        company_name=company,
        email_text="" if chance.random() < missing.email else _emails(maker, customer),
        phone_text="" if chance.random() < missing.phone else _phone(maker, customer.phone),
        street=address.line if has_address else "",
        city=address.town if has_address else "",
        postcode=address.postcode if has_address and chance.random() < 0.9 else "",
        country=customer.phone.country.code if chance.random() < 0.8 else "",
    )


def _names(maker: Maker, customer: Customer) -> tuple[str, str]:
    """Return the name shown and the field of the company."""
    chance = maker.chance
    company = " ".join(filter(None, (customer.company, customer.legal_form)))
    if customer.is_written_as_person:
        return f"{customer.first_name} {customer.last_name}", company if customer.company else ""
    if company:
        return (f"The {company}" if chance.random() < 0.04 else company), company
    first = customer.first_name
    if customer.partner:
        first = f"{first} {chance.choice(('&', 'and'))} {customer.partner}"
    words = (first, customer.last_name, customer.generation)
    if chance.random() < maker.profile.habits.last_name_first:
        words = (f"{customer.last_name},", first, customer.generation)
    return " ".join(filter(None, words)), ""


def _name_fields(maker: Maker, customer: Customer, display: str) -> tuple[str, str]:
    """Return the fields of first and last name; many rows have a display name only."""
    left_out = 0.35 if customer.company else maker.profile.habits.only_display_name
    if not customer.last_name or maker.chance.random() < left_out:
        return "", ""
    names_both = customer.partner and "&" in display
    first = f"{customer.first_name} & {customer.partner}" if names_both else customer.first_name
    return first, customer.last_name


def _emails(maker: Maker, customer: Customer) -> str:
    if maker.chance.random() >= maker.profile.habits.several_emails:
        return customer.email
    second = maker.email(customer.first_name or "office", customer.last_name or "desk")
    return f"{customer.email}{maker.chance.choice(SEPARATORS)}{second}"


def _phone(maker: Maker, phone: Phone) -> str:
    """Return the number in one of its country's spellings; a missing digit shortens it."""
    digits = iter(phone.digits)
    spelling = maker.chance.choice(phone.country.spellings)
    written = re.sub("#", lambda _: next(digits, ""), spelling)
    return written + "".join(digits)


def _untidy(maker: Maker, display: str) -> str:
    kind = maker.chance.random()
    if kind < 0.03:
        return display.lower()
    return f" {display.replace(' ', '  ')}" if kind < 0.06 else display
