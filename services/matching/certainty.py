"""Which pairs may be linked without asking, whatever their sums of bits are.

Each way in was counted on the tuned lists of docs/matching.md: none of them linked a wrong pair
there, where a person reading the two rows would not have asked either.
"""

from __future__ import annotations

import numpy as np

from services.matching.columns import NOT_GIVEN, Flags, Ints, Pairs
from services.matching.contacts import Contacts, has_mistyped_email
from services.matching.levels import (
    AddressLevel,
    CompanyLevel,
    EmailLevel,
    NameLevel,
    PhoneLevel,
    TaxLevel,
)
from services.matching.naming import Naming
from services.matching.places import Places


def names_allow(pairs: Pairs, naming: Naming) -> Flags:
    """Say whether the names alone allow a link without asking.

    Of people the first name has to be the same: nickname lists name rivals, and Dan and Dean
    live in one house.
    """
    ours, theirs = pairs.flags(lambda side: side.is_company)
    by_person = naming.both_people & ~(ours & theirs) & (naming.company == 0)
    same_first = (naming.first == NameLevel.SAME) | naming.is_swapped
    allow: Flags = naming.is_strong & (same_first | ~by_person)
    return allow


def contacts_allow(
    pairs: Pairs, naming: Naming, contacts: Contacts, places: Places, tax: Ints
) -> Flags:
    """Say whether what they have in common allows a link without asking.

    Where the names are not only alike but equal, less is enough, as long as no other contact
    speaks against it.
    """
    email, phone, address = contacts.email, contacts.phone, places.address
    contradicted = differ_in_phone_and_address(contacts, places)
    by_email = (email == EmailLevel.OWN) & ~contradicted
    second = (phone == PhoneLevel.OWN) | (address >= AddressLevel.NEAR) | naming.is_same
    by_mailbox = (email == EmailLevel.MAILBOX) & second & ~contradicted
    # A father and a son of one name may share a phone, so that another e-mail is a doubt. Firms
    # have neither, but several mailboxes.
    is_firm = _is_same_firm(pairs, naming)
    is_supported = ~_has_other_email(contacts) | is_firm
    by_phone = (phone == PhoneLevel.OWN) & is_supported
    allow: Flags = naming.is_same & _by_less(pairs, naming, contacts, places)
    allow |= is_firm & (address == AddressLevel.SAME) & (phone != PhoneLevel.DIFFERENT)
    allow |= naming.is_same & (address == AddressLevel.SAME) & ~_has_other_email(contacts)
    allow |= _is_one_house(naming, contacts, places)
    allow |= by_email | by_mailbox | by_phone | (tax == TaxLevel.SAME)
    return allow


def differ_in_phone_and_address(contacts: Contacts, places: Places) -> Flags:
    """Say of each pair whether both are known and neither agrees."""
    other_phone: Flags = contacts.phone == PhoneLevel.DIFFERENT
    other_address: Flags = places.address == AddressLevel.DIFFERENT
    return other_phone & other_address


def _has_other_email(contacts: Contacts) -> Flags:
    """Say where both have addresses and these are not one, mistyped at most.

    ann.lee@ here and annlee@ there are what two namesakes would choose.
    """
    email = contacts.email
    other: Flags = (email == EmailLevel.DIFFERENT) | (email == EmailLevel.SIMILAR)
    return other


def _is_same_firm(pairs: Pairs, naming: Naming) -> Flags:
    ours, theirs = pairs.flags(lambda side: side.is_company)
    same: Flags = naming.is_same & (naming.company == CompanyLevel.SAME) & ours & theirs
    return same


def _is_one_house(naming: Naming, contacts: Contacts, places: Places) -> Flags:
    """Say where people of one first name, the last name mistyped or both swapped, have one house.

    88 of 88 such pairs with a slip and 44 of 44 swapped ones were the same person.
    """
    alike = naming.both_people & naming.is_strong & (naming.company == CompanyLevel.MISSING)
    same = alike & (places.address == AddressLevel.SAME)
    differs = _has_other_email(contacts) | (contacts.phone == PhoneLevel.DIFFERENT)
    house: Flags = same & ~differs
    return house


def _by_less(pairs: Pairs, naming: Naming, contacts: Contacts, places: Places) -> Flags:
    """Say where a shared or mistyped contact is enough for equal names: nothing else differs."""
    email, phone, address = contacts.email, contacts.phone, places.address
    shared_email = email == EmailLevel.SHARED
    shared_phone = (phone == PhoneLevel.SHARED) & (contacts.phone_sharers > 1)
    mistyped = phone == PhoneLevel.SLIP
    for at in np.nonzero(naming.is_same & (email == EmailLevel.SLIP))[0].tolist():
        mistyped[at] |= has_mistyped_email(*pairs.parties(at))
    number, _ = pairs.both(lambda side: side.house_number)
    near = (address == AddressLevel.NEAR) & (number != NOT_GIVEN)
    both = shared_email & (phone >= PhoneLevel.SHARED)
    other_contact = _has_other_email(contacts) | (phone == PhoneLevel.DIFFERENT)
    one = (shared_email | shared_phone | mistyped | near) & ~other_contact
    allow: Flags = (both | one) & (address != AddressLevel.DIFFERENT)
    return allow
