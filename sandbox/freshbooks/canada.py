"""Invented Canadian addresses and telephone numbers, made from those of anywhere else."""

import random

from sandbox import words

# (city, province, first half of the postal code, area code)
CITIES = (
    ("Toronto", "ON", "M5V", "416"), ("Hamilton", "ON", "L8P", "905"),
    ("Kingston", "ON", "K7L", "613"), ("Ottawa", "ON", "K1N", "613"),
    ("Montréal", "QC", "H2X", "514"), ("Québec", "QC", "G1R", "418"),
    ("Trois-Rivières", "QC", "G9A", "819"), ("Halifax", "NS", "B3H", "902"),
    ("Saint John", "NB", "E2L", "506"), ("St. John's", "NL", "A1C", "709"),
    ("Winnipeg", "MB", "R3C", "204"), ("Saskatoon", "SK", "S7K", "306"),
    ("Calgary", "AB", "T2P", "403"), ("Vancouver", "BC", "V6B", "604"),
    ("Victoria", "BC", "V8W", "250"),
)  # fmt: skip
STREETS = (
    "Queens Quay", "Rue Sainte-Anne", "Harbour St", "Lakeshore Blvd W", "Portage Ave",
    "Côte-des-Pins", "Mill Race Rd", "Granville Sq", "Water St", "Prairie Cres", "Elm Grove",
)  # fmt: skip
POSTAL_LETTERS = "ABCEGHJKLMNPRSTVWXYZ"


def address(dice: random.Random) -> tuple[str, str, str, str, str]:
    """Return street, city, province, postal code and the area code of the city."""
    city, province, zone, area = dice.choice(CITIES)
    street = f"{dice.randrange(1, 990)} {dice.choice(STREETS)}"
    local = f"{dice.randrange(1, 10)}{dice.choice(POSTAL_LETTERS)}{dice.randrange(10)}"
    return street, city, province, f"{zone} {local}", area


def moved(phone: str, area: str) -> str:
    """Return the number as it is in another area."""
    for known in words.AREA_CODES:
        if known in phone[:6]:
            return phone.replace(known, area, 1)
    return phone
