"""Street addresses in the parts that are compared: number, street, unit."""

from __future__ import annotations

import re
from dataclasses import dataclass

from services.matching.words import fold, words_of

#: How the parts of a street's name are shortened; the short form is compared.
SHORT_FORMS = {
    "apartment": "apt",
    "av": "ave",
    "avenue": "ave",
    "blv": "blvd",
    "boulevard": "blvd",
    "circle": "cir",
    "close": "cl",
    "court": "ct",
    "crescent": "cres",
    "drive": "dr",
    "drv": "dr",
    "east": "e",
    "fifth": "5th",
    "first": "1st",
    "flat": "apt",
    "fourth": "4th",
    "highway": "hwy",
    "lane": "ln",
    "mount": "mt",
    "north": "n",
    "parkway": "pkwy",
    "place": "pl",
    "road": "rd",
    "saint": "st",
    "second": "2nd",
    "south": "s",
    "square": "sq",
    "str": "st",
    "street": "st",
    "suite": "ste",
    "terrace": "ter",
    "third": "3rd",
    "unit": "apt",
    "west": "w",
}
#: Parts that many streets have: to share them says nothing.
COMMON_STREET_WORDS = frozenset(
    {"st", "ave", "rd", "dr", "ln", "blvd", "ct", "pl", "cres", "cl", "ter", "way", "hwy", "cir"}
    | {"n", "s", "e", "w", "the"}
)

_BLANKS = re.compile(r"[\s,.]+")
_UNIT = re.compile(
    r"\b(?:apt|ste|unit|rm|room|fl|floor|no|lot|bldg)\b\s*#?\s*([a-z0-9-]+)|#\s*([a-z0-9-]+)"
)


@dataclass(frozen=True, slots=True)
class StreetAddress:
    """`street` is the name in short forms, without number and unit."""

    house_number: str = ""
    street: str = ""
    unit: str = ""


def clean_street(text: str) -> StreetAddress:
    """Return the parts of a street address; the first word with a leading digit is the number."""
    if not text:
        return StreetAddress()
    short = " ".join(SHORT_FORMS.get(word, word) for word in _BLANKS.split(fold(text)) if word)
    found = _UNIT.search(short)
    unit = (found.group(1) or found.group(2)) if found else ""
    if found:
        short = f"{short[: found.start()]} {short[found.end() :]}"
    words = list(words_of(short))
    at = next((i for i, word in enumerate(words) if word[0].isdigit()), None)
    number = "" if at is None else words.pop(at)
    return StreetAddress(number, " ".join(words), unit)
