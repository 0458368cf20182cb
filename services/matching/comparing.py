"""Compares the customers of two lists who share a key, and keeps those who are alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from services.matching.blocking import pair_by_keys
from services.matching.cleaned import CleanedParty
from services.matching.columns import Ints, to_columns
from services.matching.explaining import reasons_of
from services.matching.frequencies import Frequencies
from services.matching.pairing import Candidate
from services.matching.scoring import score_pairs
from services.matching.tiers import POSSIBLE_BITS


def compare_lists(
    ours: Sequence[CleanedParty],
    theirs: Sequence[CleanedParty],
    keys: tuple[Iterable[Sequence[int]], Iterable[Sequence[int]]],
    *,
    frequencies: Frequencies,
    household: bool,
) -> Iterator[Candidate]:
    """Yield the pairs that are worth showing. `keys` are those of ours and of theirs, in order."""
    rows = pair_by_keys(*keys)
    yield from compare_rows(ours, theirs, rows, frequencies=frequencies, household=household)


def compare_rows(
    ours: Sequence[CleanedParty],
    theirs: Sequence[CleanedParty],
    rows: tuple[Ints, Ints],
    *,
    frequencies: Frequencies,
    household: bool,
    at_least: float = POSSIBLE_BITS,
) -> Iterator[Candidate]:
    """Yield those of the pairs, given as rows of ours and of theirs, that have enough bits."""
    if not len(rows[0]):
        return
    lists = to_columns(ours, theirs, frequencies)
    for evidence in score_pairs(lists, rows, household=household):
        shown = np.nonzero(evidence.score >= at_least)[0]
        columns = evidence.score, evidence.chance, evidence.is_certain
        values = zip(*(column[shown].tolist() for column in columns), strict=True)
        reasons = reasons_of(evidence, shown)
        for at, (score, chance, is_certain), why in zip(
            shown.tolist(), values, reasons, strict=True
        ):
            our_party, their_party = evidence.pairs.parties(at)
            yield Candidate(
                our_party.party_id, their_party.party_id, score, chance, is_certain, why
            )
