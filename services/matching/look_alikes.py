"""Which customers of one list look like each other: it may hold the same one twice; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.matching.frequencies import Frequencies
from services.matching.matcher import KeptList, KeptParty, who_meet, with_keys
from services.matching.reasons import Reason

#: Bits from which two of one list look alike. Of the sandbox's 1,204 customers, 3 bits give 20 a
#: twin, all of them worth a look; 4 bits give 10 and miss as many, 1.5 bits give 89, most of whom
#: only share a name.
LOOK_ALIKE_BITS = 3.0


@dataclass(frozen=True, slots=True)
class LookAlikes:
    """Two customers of one list who look alike, the smaller id (as text) first."""

    one_id: str
    other_id: str
    score: float
    reasons: tuple[Reason, ...]


def find_look_alikes(
    everybody: Sequence[KeptParty], *, frequencies: Frequencies, household: bool = False
) -> list[LookAlikes]:
    """Return who looks alike in a whole list, each pair once. Nobody is his own twin."""
    return _compare(everybody, None, frequencies=frequencies, household=household)


def find_some_look_alikes(
    asked: Sequence[KeptParty],
    everybody: KeptList,
    *,
    frequencies: Frequencies,
    household: bool = False,
) -> list[LookAlikes]:
    """Return who looks like any of those asked, who are among everybody; as in the whole list."""
    met, keys = who_meet(asked, everybody, everybody)
    asked_ids = {kept.cleaned.party_id for kept in asked}
    return _compare(with_keys(met, keys), asked_ids, frequencies=frequencies, household=household)


def _compare(
    parties: Sequence[KeptParty],
    asked_ids: set[str] | None,
    *,
    frequencies: Frequencies,
    household: bool,
) -> list[LookAlikes]:
    import numpy as np

    from services.matching.blocking import pair_by_keys
    from services.matching.comparing import compare_rows

    # In order of ids, so that a pair has the same direction whoever is asked.
    ordered = sorted(parties, key=lambda kept: kept.cleaned.party_id)
    keys = [kept.keys for kept in ordered]
    one, other = pair_by_keys(keys, keys)
    wanted = one < other
    if asked_ids is not None:
        is_asked = np.array([kept.cleaned.party_id in asked_ids for kept in ordered], np.bool_)
        wanted &= is_asked[one] | is_asked[other]
    cleaned = [kept.cleaned for kept in ordered]
    found = compare_rows(
        cleaned,
        cleaned,
        (one[wanted], other[wanted]),
        frequencies=frequencies,
        household=household,
        at_least=LOOK_ALIKE_BITS,
    )
    return [LookAlikes(each.our_id, each.their_id, each.score, each.reasons) for each in found]
