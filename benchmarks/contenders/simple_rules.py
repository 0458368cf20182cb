"""What a shop's software does that has no matching: equal is the same."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

from benchmarks.contenders.exchange import SEPARATOR, Found, cleaned_path
from services.matching.tiers import Tier

Rows = list[dict[str, str]]
Lists = tuple[Rows, Rows]
Pair = tuple[str, str]


def load(folder: Path) -> Lists:
    """Return both cleaned lists."""
    return _rows(cleaned_path(folder, "ours")), _rows(cleaned_path(folder, "theirs"))


def same_email(lists: Lists) -> Iterable[Pair]:
    """Link whoever has an e-mail address in common."""
    return _joined(lists, _values("emails"))


def email_or_phone(lists: Lists) -> Iterable[Pair]:
    """Link whoever has an e-mail address or a telephone number in common."""
    return {*_joined(lists, _values("emails")), *_joined(lists, _values("phones"))}


def same_display_name(lists: Lists) -> Iterable[Pair]:
    """Link whoever is shown under the same name, but for case and outer spaces."""
    return _joined(lists, _values("display"))


def as_found(pairs: Iterable[Pair]) -> list[Found]:
    """Return the pairs as they are judged: a rule knows no doubt."""
    return [Found(ours, theirs, Tier.LIKELY.value, 1.0) for ours, theirs in pairs]


def _rows(path: Path) -> Rows:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _values(column: str) -> Callable[[dict[str, str]], list[str]]:
    return lambda row: list(filter(None, row[column].split(SEPARATOR)))


def _joined(lists: Lists, values: Callable[[dict[str, str]], list[str]]) -> set[Pair]:
    who: defaultdict[str, list[str]] = defaultdict(list)
    for row in lists[0]:
        for value in values(row):
            who[value].append(row["id"])
    return {
        (our_id, row["id"])
        for row in lists[1]
        for value in values(row)
        for our_id in who.get(value, ())
    }
