"""What goes wrong when a customer is written down a second time."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.customer_lists.customers import LETTERS, Address, Customer, Maker, Phone

TAGS = ("invoices", "books", "home", "bills")


def slip(maker: Maker, text: str) -> str:
    """Return the text with two letters swapped, or one missing, doubled or wrong."""
    if len(text) < 4:
        return text
    at = maker.chance.randrange(1, len(text) - 1)
    before, letter, after = text[:at], text[at], text[at + 1 :]
    kind = maker.chance.random()
    if kind < 0.3:
        return before + after[0] + letter + after[1:]
    if kind < 0.55:
        return before + after
    if kind < 0.75:
        return before + letter + letter + after
    wrong = "0123456789" if letter.isdigit() else LETTERS.lower()
    return before + maker.chance.choice(wrong) + after


def second_spelling(maker: Maker, customer: Customer) -> Customer:
    """Return the customer as another hand would write it: the same one, with faults."""
    spelled = _company(maker, customer) if customer.company else _person(maker, customer)
    return _contacts(maker, spelled)


def _happens(maker: Maker, rate: float) -> bool:
    return maker.chance.random() < rate


def _slipped(maker: Maker, text: str) -> str:
    return slip(maker, text) if _happens(maker, maker.profile.faults.slip) else text


def _person(maker: Maker, customer: Customer) -> Customer:
    rates = maker.profile.faults
    first, last = customer.first_name, customer.last_name
    if _happens(maker, rates.short_form):
        first = maker.words.short_forms.get(first, first)
    elif _happens(maker, rates.initial):
        first = first[0]
    elif _happens(maker, rates.middle_initial):
        first = f"{first} {maker.chance.choice(LETTERS)}"
    if _happens(maker, rates.other_last_name):
        last = maker.last_name()
    first, last = _slipped(maker, first), _slipped(maker, last)
    if _happens(maker, rates.swapped_names):
        first, last = last, first
    # The partner is left out by six of ten.
    partner = customer.partner if _happens(maker, 0.4) else ""
    return replace(customer, first_name=first, last_name=last, partner=partner)


def _company(maker: Maker, customer: Customer) -> Customer:
    rates, name, form = maker.profile.faults, customer.company, customer.legal_form
    words = name.split()
    if len(words) > 2 and "#" not in name and _happens(maker, rates.shortened_company):
        name = " ".join(words[:-1])
    if _happens(maker, 0.25):
        name = name.replace("&", "and")
    if _happens(maker, rates.other_legal_form):
        form = maker.chance.choice(["", *maker.words.legal_forms])
    if customer.last_name and _happens(maker, rates.contact_person):
        # The person to ask for is taken for the customer; the company's name is often lost.
        kept = name if _happens(maker, 0.6) else ""
        return replace(customer, company=kept, legal_form=form, is_written_as_person=True)
    return replace(customer, company=_slipped(maker, name), legal_form=form)


def _contacts(maker: Maker, customer: Customer) -> Customer:
    return replace(
        customer,
        email=_email(maker, customer),
        phone=_phone(maker, customer),
        address=_address(maker, customer),
    )


def _email(maker: Maker, customer: Customer) -> str:
    rates = maker.profile.faults
    if _happens(maker, rates.other_email):
        return maker.email(customer.first_name or "office", customer.last_name or "desk")
    local, _, domain = customer.email.partition("@")
    local = _slipped(maker, local)
    if _happens(maker, rates.plus_tag):
        local = f"{local}+{maker.chance.choice(TAGS)}"
    return f"{local}@{domain}"


def _phone(maker: Maker, customer: Customer) -> Phone:
    if _happens(maker, maker.profile.faults.other_phone):
        return maker.phone()
    return replace(customer.phone, digits=_slipped(maker, customer.phone.digits))


def _address(maker: Maker, customer: Customer) -> Address:
    if _happens(maker, maker.profile.faults.other_address):
        return maker.address()
    known = customer.address
    road = maker.words.roads[known.road] if _happens(maker, 0.4) else known.road
    street, town = _slipped(maker, known.street), _slipped(maker, known.town)
    return replace(known, street=street, road=road, town=town)
