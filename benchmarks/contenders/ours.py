"""Our matching, through the functions of `python -m benchmarks.matching`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from benchmarks.contenders.exchange import Found, raw_path
from benchmarks.matching import read_parties
from services.matching.cleaned import CleanedParty, clean_party
from services.matching.matcher import match
from services.matching.party import Party
from services.matching.tiers import Suggestion

Lists = tuple[list[Party], list[Party]]


def load(folder: Path) -> Lists:
    """Return both raw lists."""
    return read_parties(raw_path(folder, "ours")), read_parties(raw_path(folder, "theirs"))


def link(lists: Lists, *, region: str, household: bool) -> Iterable[Suggestion]:
    """Clean, compare and choose."""
    return match(*lists, region=region, household=household)


def clean(lists: Lists, *, region: str, household: bool) -> list[CleanedParty]:
    """Do no more than the cleaning that the others are given."""
    return [clean_party(party, region=region) for parties in lists for party in parties]


def nothing_found(_cleaned: list[CleanedParty]) -> list[Found]:
    """Cleaning alone finds no pairs."""
    return []


def as_found(suggestions: Iterable[Suggestion]) -> list[Found]:
    """Return the suggestions as they are judged."""
    return [Found(one.our_id, one.their_id, one.tier.value, one.score) for one in suggestions]
