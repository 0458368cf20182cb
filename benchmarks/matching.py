"""Matches two CSV files and writes the pairs.

`python -m benchmarks.matching --ours A.csv --theirs B.csv --out pairs.csv [--region GB]`

Input columns: id, display, first, last, company, email, phone, street, city, region, postcode,
country, tax_id; others are ignored, and all but id may be missing. Output: one row for each
suggestion, best first. Needs the runtime requirements only.
"""

from __future__ import annotations

import argparse
import csv
import re
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from services.matching.matcher import match
from services.matching.party import Party
from services.matching.tiers import Suggestion

#: What a column of the file is called here.
FIELDS = {
    "id": "party_id",
    "display": "display_name",
    "first": "first_name",
    "last": "last_name",
    "company": "company_name",
    "email": "email_text",
    "phone": "phone_text",
    "street": "street",
    "city": "city",
    "region": "region",
    "postcode": "postcode",
    "country": "country",
    "tax_id": "tax_id",
}
OUTPUT_COLUMNS = ("our_id", "their_id", "tier", "score", "reason")
MAX_FIELD_CHARACTERS = 10_000_000
BAD_INPUT = 2


class BadFile(Exception):
    """A file that cannot be matched; the message is for the person at the terminal."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Return 0 when the pairs are written, 2 when a file or an option is bad."""
    options = _parser().parse_args(arguments)
    try:
        region = _checked_region(options.region)
        ours, theirs = read_parties(options.ours), read_parties(options.theirs)
        started = time.perf_counter()
        suggestions = match(ours, theirs, region=region, household=options.household)
        seconds = time.perf_counter() - started
        write_pairs(options.out, suggestions)
    except BadFile as error:
        print(error, file=sys.stderr)
        return BAD_INPUT
    memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(
        f"{len(ours)} × {len(theirs)} customers, {len(suggestions)} pairs, "
        f"{seconds:.2f} s, {memory_mb} MB at most"
    )
    return 0


def read_parties(path: Path) -> list[Party]:
    """Return the customers of a file. Raises BadFile."""
    csv.field_size_limit(MAX_FIELD_CHARACTERS)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if "id" not in (reader.fieldnames or ()):
                raise BadFile(f"{path}: the first line has to name the columns, id among them.")
            parties = [_party(row) for row in reader]
    except OSError as error:
        raise BadFile(f"{path}: cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise BadFile(f"{path}: is not text in UTF-8.") from error
    except csv.Error as error:
        raise BadFile(f"{path}: is not readable as CSV ({error}).") from error
    _check_ids(path, parties)
    return parties


def write_pairs(path: Path, suggestions: Sequence[Suggestion]) -> None:
    """Write the suggestions as CSV. Raises BadFile."""
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(OUTPUT_COLUMNS)
            for one in suggestions:
                score = f"{one.score:.2f}"
                writer.writerow((one.our_id, one.their_id, one.tier.value, score, one.sentence))
    except OSError as error:
        raise BadFile(f"{path}: cannot be written ({error.strerror}).") from error


def _party(row: dict[str | None, str | None]) -> Party:
    return Party(**{field: row.get(column) or "" for column, field in FIELDS.items()})


def _check_ids(path: Path, parties: Sequence[Party]) -> None:
    seen: set[str] = set()
    for line, party in enumerate(parties, start=1):
        if not party.party_id or party.party_id in seen:
            fault = "appears twice" if party.party_id else "is missing"
            raise BadFile(f"{path}: the id of customer {line} {fault}.")
        seen.add(party.party_id)


def _checked_region(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z]{2}", text):
        raise BadFile(f"--region {text}: has to be the two letters of a country, such as GB.")
    return text.upper()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.matching", description="Match two lists of customers."
    )
    parser.add_argument("--ours", type=Path, required=True, help="CSV of the customers here")
    parser.add_argument("--theirs", type=Path, required=True, help="CSV of the accounting software")
    parser.add_argument("--out", type=Path, required=True, help="CSV to write the pairs to")
    parser.add_argument("--region", default="US", help="country of phones without a prefix")
    parser.add_argument(
        "--household", action="store_true", help="one last name and address is one customer"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
