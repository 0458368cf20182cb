"""Customers of the demo who are, or may be, somebody in the books; of kinds a shop knows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from services.customers import CustomerDetails
from services.review_rows import ReviewRow

LEGAL_FORMS = (" LLC", " Inc.", " Ltd.", " P.C.")
OTHER_ADDRESS = "18 Ferry Landing, Erie, PA 16507"
MAILBOX = "@letterbox.example.net"


@dataclass(frozen=True, slots=True)
class Kind:
    """So many look-alikes made alike; `fits` says of whom one can be made."""

    count: int
    fits: Callable[[ReviewRow], bool]
    make: Callable[[ReviewRow], CustomerDetails]


@dataclass(frozen=True, slots=True)
class LookAlike:
    """Somebody in the books, and the customer here who resembles them."""

    row: ReviewRow
    details: CustomerDetails


def make_look_alikes(rows: Iterable[ReviewRow], kinds: Sequence[Kind]) -> list[LookAlike]:
    """Return the look-alikes of these kinds, each of another row; the same ones for equal rows.

    Raises ValueError if the rows do not suffice.
    """
    left = list(rows)
    made: list[LookAlike] = []
    for kind in kinds:
        chosen = [row for row in left if kind.fits(row)][: kind.count]
        if len(chosen) < kind.count:
            raise ValueError("the books of the demo hold too few customers of a kind")
        made += [LookAlike(row, kind.make(row)) for row in chosen]
        left = [row for row in left if row not in chosen]
    return made


def name_words(*names: str) -> set[str]:
    """Return the words of the names, in lower case and without commas."""
    return set(" ".join(names).casefold().replace(",", "").split())


def _is_person(row: ReviewRow) -> bool:
    """Say whether it is one person, by first and last name."""
    return not row.company_name and row.name == row.person_name and row.name.count(" ") == 1


def _is_plain_person(row: ReviewRow) -> bool:
    return _is_person(row) and row.name.isascii()


def _has_both(row: ReviewRow) -> bool:
    return bool(row.email) and bool(row.phone)


def _has_legal_form(row: ReviewRow) -> bool:
    return row.name == row.company_name and row.name.endswith(LEGAL_FORMS)


def _is_plain_company(row: ReviewRow) -> bool:
    return row.name == row.company_name and row.name.isascii() and not _has_legal_form(row)


def _without_legal_form(name: str) -> str:
    for form in LEGAL_FORMS:
        name = name.removesuffix(form)
    return name.rstrip(",")


def _turned(row: ReviewRow) -> str:
    first, last = row.name.split(" ")
    return f"{last}, {first}"


def _last(row: ReviewRow) -> str:
    return row.name.split(" ")[-1]


#: An import links these: nobody needs to be asked.
SAME = (
    # Typed in the same way on both sides.
    Kind(
        8,
        lambda row: _is_person(row) and _has_both(row),
        lambda row: CustomerDetails(row.name, email=row.email or "", phone=row.phone),
    ),
    # The legal form was left out here; the phone is the same.
    Kind(
        5,
        lambda row: _has_legal_form(row) and bool(row.phone),
        lambda row: CustomerDetails(
            _without_legal_form(row.name),
            company_name=_without_legal_form(row.name),
            phone=row.phone,
        ),
    ),
    # Last name first.
    Kind(
        5,
        lambda row: _is_person(row) and bool(row.email),
        lambda row: CustomerDetails(_turned(row), email=row.email or ""),
    ),
    # No e-mail here, so a placeholder; the phone tells.
    Kind(
        5,
        lambda row: _is_plain_person(row) and bool(row.phone),
        lambda row: CustomerDetails(row.name, phone=row.phone),
    ),
)

#: A person has to look at these, each of another kind.
DOUBTFUL = (
    # The company has a longer name here and another mailbox; the phone is the same.
    Kind(
        1,
        lambda row: _is_plain_company(row) and _has_both(row),
        lambda row: CustomerDetails(
            f"{row.name} & Supply",
            company_name=f"{row.name} & Supply",
            email=f"frontdesk{MAILBOX}",
            phone=row.phone,
        ),
    ),
    # A short first name.
    Kind(
        1,
        lambda row: _is_plain_person(row) and row.name.startswith("Abigail ") and _has_both(row),
        lambda row: CustomerDetails(row.name.replace("Abigail", "Abby"), phone=row.phone),
    ),
    # Moved: the name is the same, the address is not.
    Kind(
        1,
        lambda row: _is_plain_person(row) and bool(row.address),
        lambda row: CustomerDetails(row.name, address=OTHER_ADDRESS),
    ),
    # Another member of the household, at the same phone.
    Kind(
        1,
        lambda row: _is_plain_person(row) and bool(row.phone) and bool(row.address),
        lambda row: CustomerDetails(f"Wilbur {_last(row)}", phone=row.phone, address=row.address),
    ),
    # Another legal form, and nothing else to go by.
    Kind(
        1,
        lambda row: _has_legal_form(row) and row.name.isascii(),
        lambda row: CustomerDetails(f"{_without_legal_form(row.name)} Partners"),
    ),
    # The same name, but another e-mail and another phone.
    Kind(
        1,
        lambda row: _is_plain_person(row) and _has_both(row),
        lambda row: CustomerDetails(
            row.name, email=f"{_last(row).lower()}.home{MAILBOX}", phone="(814) 555-0100"
        ),
    ),
    # One letter off in the last name, and another mailbox at the same phone.
    Kind(
        1,
        lambda row: _is_plain_person(row) and _has_both(row) and len(_last(row)) > 6,
        lambda row: CustomerDetails(
            row.name[:-2] + row.name[-1],
            email=f"{_last(row).lower()}.shop{MAILBOX}",
            phone=row.phone,
        ),
    ),
    # The person behind a company, who gave the company's phone.
    Kind(
        1,
        lambda row: (
            _is_plain_company(row)
            and " " in row.person_name
            and row.person_name.isascii()
            and bool(row.phone)
        ),
        lambda row: CustomerDetails(row.person_name, phone=row.phone),
    ),
)
