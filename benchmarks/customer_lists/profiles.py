"""The two kinds of lists: which words, which countries, and how often what goes wrong.

The rates of `development` are guesses at what bookkeeping does; `other` has more of each, so that
a constant set on the one is tried on something else.
"""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.customer_lists.words import DEVELOPMENT, OTHER, Words


@dataclass(frozen=True, slots=True)
class Country:
    """How numbers and postcodes look here: `#` is a digit, `N` one of 2 to 9, `@` a letter.

    `spellings` are the ways to write a number whose digits are made as one of `numbers`.
    """

    code: str
    numbers: tuple[str, ...]
    spellings: tuple[str, ...]
    postcode: str
    unit_word: str


@dataclass(frozen=True, slots=True)
class Missing:
    """How often a list has no contact of a kind."""

    email: float
    phone: float
    address: float


@dataclass(frozen=True, slots=True)
class Faults:
    """How often the second spelling of a shared customer differs in this way."""

    slip: float
    short_form: float
    initial: float
    middle_initial: float
    other_last_name: float
    swapped_names: float
    other_legal_form: float
    shortened_company: float
    contact_person: float
    other_email: float
    plus_tag: float
    other_phone: float
    other_address: float


@dataclass(frozen=True, slots=True)
class Habits:
    """How often any row is written in this way, shared or not."""

    company: float
    couple: float
    last_name_first: float
    capitals: float
    marked: float
    several_emails: float
    only_display_name: float


@dataclass(frozen=True, slots=True)
class Traps:
    """Other customers who look alike, as a share of the list."""

    family: float
    housemate: float
    office: float
    namesake: float
    father_son: float
    franchise: float
    landlord: float
    bookkeeper: float


@dataclass(frozen=True, slots=True)
class Profile:
    """A kind of lists. `region` is the country of numbers without a prefix."""

    name: str
    region: str
    words: Words
    countries: dict[Country, int]
    ours: Missing
    theirs: Missing
    faults: Faults
    habits: Habits
    traps: Traps


_US = Country(
    "US",
    ("N##N######",),
    (
        "(###) ###-####",
        "###-###-####",
        "##########",
        "+1 ### ### ####",
        "1-###-###-####",
        "###.###.####",
        "+1##########",
        "(###)###-####",
    ),
    "#####",
    "Apt",
)
_GB = Country(
    "GB",
    ("74########", "75########", "77########", "207#######"),
    ("0#### ######", "+44 #### ######", "0##########", "0044 #### ######", "+44 (0)#### ######"),
    "@@# #@@",
    "Flat",
)
_FR = Country(
    "FR", ("6########",), ("0# ## ## ## ##", "+33 # ## ## ## ##", "0#.##.##.##.##"), "#####", "Apt"
)

PROFILES = {
    profile.name: profile
    for profile in (
        Profile(
            "development",
            "US",
            DEVELOPMENT,
            {_US: 1},
            ours=Missing(email=0.12, phone=0.10, address=0.10),
            theirs=Missing(email=0.30, phone=0.20, address=0.25),
            faults=Faults(
                slip=0.05,
                short_form=0.12,
                initial=0.04,
                middle_initial=0.06,
                other_last_name=0.01,
                swapped_names=0.03,
                other_legal_form=0.35,
                shortened_company=0.05,
                contact_person=0.06,
                other_email=0.10,
                plus_tag=0.03,
                other_phone=0.12,
                other_address=0.14,
            ),
            habits=Habits(
                company=0.30,
                couple=0.08,
                last_name_first=0.08,
                capitals=0.10,
                marked=0.03,
                several_emails=0.08,
                only_display_name=0.20,
            ),
            traps=Traps(
                family=0.05,
                housemate=0.015,
                office=0.025,
                namesake=0.025,
                father_son=0.003,
                franchise=0.015,
                landlord=0.02,
                bookkeeper=0.01,
            ),
        ),
        Profile(
            "other",
            "GB",
            OTHER,
            {_GB: 9, _FR: 1},
            ours=Missing(email=0.20, phone=0.15, address=0.15),
            theirs=Missing(email=0.35, phone=0.25, address=0.20),
            faults=Faults(
                slip=0.06,
                short_form=0.08,
                initial=0.06,
                middle_initial=0.04,
                other_last_name=0.02,
                swapped_names=0.04,
                other_legal_form=0.40,
                shortened_company=0.07,
                contact_person=0.08,
                other_email=0.12,
                plus_tag=0.02,
                other_phone=0.15,
                other_address=0.12,
            ),
            habits=Habits(
                company=0.38,
                couple=0.12,
                last_name_first=0.12,
                capitals=0.06,
                marked=0.05,
                several_emails=0.05,
                only_display_name=0.15,
            ),
            traps=Traps(
                family=0.08,
                housemate=0.03,
                office=0.05,
                namesake=0.02,
                father_son=0.005,
                franchise=0.03,
                landlord=0.03,
                bookkeeper=0.02,
            ),
        ),
    )
}
