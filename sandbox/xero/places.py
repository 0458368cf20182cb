"""Invented towns' worth of addresses and telephones, as in New Zealand and Australia."""

import random
from dataclasses import dataclass

# city, region, country, postal codes from, area code, country code
TOWNS = (
    ("Napier", "Hawke's Bay", "New Zealand", 4110, "06", "64"),
    ("Wellington", "Wellington", "New Zealand", 6011, "04", "64"),
    ("Lower Hutt", "Wellington", "New Zealand", 5010, "04", "64"),
    ("Auckland", "Auckland", "New Zealand", 1010, "09", "64"),
    ("Whangārei", "Northland", "New Zealand", 110, "09", "64"),
    ("Hamilton", "Waikato", "New Zealand", 3204, "07", "64"),
    ("Tauranga", "Bay of Plenty", "New Zealand", 3110, "07", "64"),
    ("Christchurch", "Canterbury", "New Zealand", 8011, "03", "64"),
    ("Dunedin", "Otago", "New Zealand", 9016, "03", "64"),
    ("Nelson", "Nelson", "New Zealand", 7010, "03", "64"),
    ("Hobart", "TAS", "Australia", 7000, "03", "61"),
    ("Wollongong", "NSW", "Australia", 2500, "02", "61"),
    ("Toowoomba", "QLD", "Australia", 4350, "07", "61"),
)
MOBILE_CODES = {"64": "021", "61": "0491"}
# How the legal forms of the shared word list are written there; no two become the same.
FORMS = {" LLC": " Limited", " Inc.": " Pty Ltd", ", P.C.": " Partners"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a contact lives, and what its numbers begin with."""

    city: str
    region: str
    country: str
    postal_code: str
    area_code: str
    country_code: str


def some_place(dice: random.Random) -> Place:
    """Return a place by chance."""
    city, region, country, first_code, area, code = dice.choice(TOWNS)
    return Place(city, region, country, f"{first_code + dice.randrange(9):04d}", area, code)


def phone(kind: str, place: Place, dice: random.Random) -> dict[str, str]:
    """Return a number nobody has, in one of the ways people spread it over three fields."""
    number = f"555 01{dice.randrange(100):02d}"
    area = MOBILE_CODES[place.country_code] if kind == "MOBILE" else place.area_code
    match dice.randrange(5):
        case 0:
            return _phone(kind, f"{area} {number}", "", "")
        case 1:
            return _phone(kind, f"+{place.country_code} {area.lstrip('0')} {number}", "", "")
        case 2:
            return _phone(kind, number, area, "")
        case 3:
            return _phone(kind, number.replace(" ", ""), area.lstrip("0"), place.country_code)
    return _phone(kind, number.replace(" ", ""), area, place.country_code)


def no_phone(kind: str) -> dict[str, str]:
    """Return what stands for a missing number: all keys, empty."""
    return _phone(kind, "", "", "")


def localised(name: str) -> str:
    """Write the legal form inside a name as people do there."""
    for form, local in FORMS.items():
        name = name.replace(form, local)
    return name


def _phone(kind: str, number: str, area: str, country: str) -> dict[str, str]:
    return {
        "PhoneType": kind,
        "PhoneNumber": number,
        "PhoneAreaCode": area,
        "PhoneCountryCode": country,
    }
