"""Names of people and companies in the parts that are compared."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from services.matching.vocabulary import (
    BUSINESS_WORDS,
    FILLERS,
    GENERATIONS,
    LAST_NAME_PARTICLES,
    LEGAL_FORMS,
    ROMAN_NUMERALS,
    SAME_WORDS,
    SPELLED_GENERATIONS,
    TITLES,
)
from services.matching.words import fold, has_digit, words_of

#: A display name with more words than this is not read as a person's.
MAX_PERSON_WORDS = 6
#: More words than this are not compared.
MAX_WORDS = 16

#: Words that are left out of a name or spelled out in it; most names have none.
_REMARKABLE = (
    FILLERS | TITLES | LEGAL_FORMS | GENERATIONS.keys() | ROMAN_NUMERALS.keys() | SAME_WORDS.keys()
)

#: What bookkeeping adds to a name that is taken: "(2)", "(C)", "(deleted)", "- Customer".
_ADDED_IN_BRACKETS = re.compile(r"\s*\((?:deleted|c|cust|customer|\d{1,2})\)\s*$")
_ADDED_KIND = re.compile(r"\s*[-–]\s*(?:customer|cust|client)\s*$")
#: The address of a job at the end of a name: "Ann Lee - 12 Alder St".
_SITE = re.compile(r"\s+[-–]\s+(\d[\w-]*\s+[^\W\d_].*)$")


@dataclass(frozen=True, slots=True)
class PersonName:
    """A couple has two first names. `generation` is what tells father from son."""

    first_names: tuple[str, ...] = ()
    last_name: str = ""
    generation: str = ""


@dataclass(frozen=True, slots=True)
class DisplayName:
    """`words` are what is compared of a company; `person` is empty where no person is read.

    `site` is an address that the name ends with.
    """

    is_business: bool = False
    words: tuple[str, ...] = ()
    person: PersonName = PersonName()
    site: str = ""


def read_person(first: str, last: str) -> PersonName:
    """Return the name of a person from the two fields for it."""
    first_words, first_generation = _without_generation(_without_titles(words_of(first)))
    last_words, last_generation = _without_generation(_without_titles(words_of(last)))
    if "and" in last_words:
        last_words = last_words[: last_words.index("and")]
    return PersonName(
        _first_and_partner(first_words),
        "".join(last_words),
        last_generation or first_generation,
    )


def read_display_name(text: str, *, is_company: bool = False) -> DisplayName:
    """Return what a free display name says: a company's words, or a person's name.

    With `is_company` it is known to be a company's, whatever it looks like.
    """
    bare = _ADDED_KIND.sub("", _ADDED_IN_BRACKETS.sub("", fold(text).strip()))
    folded, site = _without_site(bare)
    words = words_of(folded)[:MAX_WORDS]
    is_business = is_company or _is_business(folded, words)
    if not is_business:
        words = _turned(folded, _without_lone_digit(words))
    is_person = not is_business and not any(map(has_digit, words))
    person = _person_of(*_take_generation(_without_titles(words))) if is_person else PersonName()
    return DisplayName(is_business, _core(words, is_business=is_business), person, site)


def _without_site(folded: str) -> tuple[str, str]:
    found = _SITE.search(folded) if "-" in folded or "–" in folded else None
    return (folded[: found.start()], found.group(1)) if found else (folded, "")


def _is_business(folded: str, words: Sequence[str]) -> bool:
    return (
        "#" in folded
        or not BUSINESS_WORDS.isdisjoint(words)
        or not LEGAL_FORMS.isdisjoint(words[1:])
    )


def _core(words: Sequence[str], *, is_business: bool) -> tuple[str, ...]:
    """Return the words without legal form, fillers and titles, or all if none is left.

    "Oak Fund II" and "Oak Fund III" are two firms, and a home for seniors is no elder of a family.
    """
    if _REMARKABLE.isdisjoint(words):
        return tuple(words)
    if is_business:
        words = [ROMAN_NUMERALS.get(word, word) for word in words]
    is_spelled_out = is_business or len(words) > 3
    spelled = ((word, SAME_WORDS.get(word, word)) for word in words)
    core = (
        same if is_spelled_out else word
        for word, same in spelled
        if same not in LEGAL_FORMS
        and word not in FILLERS
        and word not in TITLES
        and (is_business or word not in GENERATIONS)
    )
    return tuple(core) or tuple(words)


def _without_titles(words: Sequence[str]) -> tuple[str, ...]:
    if TITLES.isdisjoint(words):
        return tuple(words)
    return tuple(word for word in words if word not in TITLES)


def _without_lone_digit(words: tuple[str, ...]) -> tuple[str, ...]:
    """Leave "1" off "Ann Lee 1", which accounting files hold where a name was taken."""
    is_added = 3 <= len(words) <= 4 and len(words[-1]) == 1 and words[-1].isdigit()
    return words[:-1] if is_added else words


def _turned(folded: str, words: tuple[str, ...]) -> tuple[str, ...]:
    """Return "Lee, Ann" as "ann lee"."""
    if "," not in folded:
        return words
    parts = [words_of(part) for part in folded.split(",") if part.strip()]
    if len(parts) != 2 or any(map(has_digit, words)):
        return words
    last, first = parts
    is_turned = first and first[0] not in GENERATIONS and first[0] not in LEGAL_FORMS
    return (*first, *last) if is_turned and 0 < len(last) <= 3 else words


def _without_generation(words: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    generation = ""
    while len(words) > 1 and words[-1] in GENERATIONS:
        generation = GENERATIONS[words[-1]]
        words = words[:-1]
    return words, generation


def _take_generation(words: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    """Return the words without "Jr", wherever it stands after a name, and what it says.

    Spelled out it stands at the end: "Eagle Senior Living" is nobody's father.
    """
    if len(words) > 2 and not GENERATIONS.keys().isdisjoint(words):
        for i in range(len(words) - 1, 0, -1):
            is_at_end = i == len(words) - 1
            if words[i] in GENERATIONS and (is_at_end or words[i] not in SPELLED_GENERATIONS):
                return words[:i] + words[i + 1 :], GENERATIONS[words[i]]
    return words, ""


def _first_and_partner(words: tuple[str, ...]) -> tuple[str, ...]:
    if "and" not in words:
        return words[:1]
    at = words.index("and")
    return words[:1] + words[at + 1 : at + 2]


def _person_of(words: tuple[str, ...], generation: str) -> PersonName:
    if not 2 <= len(words) <= MAX_PERSON_WORDS:
        return PersonName(generation=generation)
    if "and" in words:
        return _couple(words, generation)
    return PersonName(words[:1], last_name_of(words[1:]), generation)


def _couple(words: tuple[str, ...], generation: str) -> PersonName:
    """Read "ann and bob lee" and "ann lee and bob lee"; the first last name is kept."""
    at = words.index("and")
    left, right = words[:at], words[at + 1 :]
    if not left or len(right) < 2:
        return PersonName(generation=generation)
    last = last_name_of(right[1:] if len(left) == 1 else left[1:])
    return PersonName((left[0], right[0]), last, generation)


def last_name_of(words: Sequence[str]) -> str:
    """Return the last name at the end of the words, joined: middle names and initials stay out."""
    longer = [word for word in words if len(word) > 1] or list(words)
    start = len(longer) - 1
    while start > 0 and longer[start - 1] in LAST_NAME_PARTICLES:
        start -= 1
    return "".join(longer[start:])
