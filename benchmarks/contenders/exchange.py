"""The folder through which lists reach a contender and its pairs come back."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from benchmarks.matching import FIELDS
from services.matching.cleaned import CleanedParty, clean_party
from services.matching.party import Party

SEPARATOR = ";"


@dataclass(frozen=True, slots=True)
class Found:
    """A pair that a contender found; `tier` is one of `services.matching.tiers`."""

    our_id: str
    their_id: str
    tier: str
    score: float


@dataclass(frozen=True, slots=True)
class CleanedRow:
    """What the others get of a customer. A company has its name as last name and no first."""

    id: str
    display: str
    first: str
    last: str
    name: str
    email: str
    phone: str
    address: str
    city: str
    postcode: str
    emails: str
    phones: str


def write_lists(
    folder: Path, ours: Iterable[Party], theirs: Iterable[Party], *, region: str
) -> None:
    """Write both lists, as they are and cleaned."""
    for name, parties in (("ours", list(ours)), ("theirs", list(theirs))):
        rows = [[getattr(party, field) for field in FIELDS.values()] for party in parties]
        _write(raw_path(folder, name), FIELDS, rows)
        cleaned = [astuple(_cleaned_row(party, region)) for party in parties]
        _write(cleaned_path(folder, name), [field.name for field in fields(CleanedRow)], cleaned)


def raw_path(folder: Path, name: str) -> Path:
    """Return where the rows of a list are, as they are."""
    return folder / f"{name}.csv"


def cleaned_path(folder: Path, name: str) -> Path:
    """Return where the cleaned rows of a list are."""
    return folder / f"{name}_cleaned.csv"


def write_found(folder: Path, found: Iterable[Found]) -> None:
    """Write what a contender found."""
    header = [field.name for field in fields(Found)]
    _write(folder / "found.csv", header, map(astuple, found))


def read_found(folder: Path) -> list[Found]:
    """Return what the contender that ran last found."""
    with (folder / "found.csv").open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        return [Found(ours, theirs, tier, float(score)) for ours, theirs, tier, score in rows]


def _cleaned_row(party: Party, region: str) -> CleanedRow:
    cleaned = clean_party(party, region=region)
    name = " ".join(cleaned.words)
    first, last = _names(cleaned, name)
    address = cleaned.address
    numbers = cleaned.phones.numbers
    return CleanedRow(
        id=party.party_id,
        display=party.display_name.strip().casefold(),
        first=first,
        last=last,
        name=name,
        email="".join(cleaned.emails[:1]),
        phone="".join(numbers[:1]),
        address=f"{address.house_number} {address.street}".strip(),
        city=cleaned.city,
        postcode=cleaned.postcode,
        emails=SEPARATOR.join(cleaned.emails),
        phones=SEPARATOR.join(numbers),
    )


def _names(cleaned: CleanedParty, name: str) -> tuple[str, str]:
    person = cleaned.person
    if cleaned.is_company or not (person.first_names or person.last_name):
        return "", name
    return "".join(person.first_names[:1]), person.last_name


def _write(path: Path, header: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
