"""How sure a suggestion is, and what one looks like; pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from services.matching.reasons import Reason, explain

#: Bits from which a pair is suggested. Flat: .5, 1.0 and 1.5 gave F1 .980, .981 and .981 on 10,000
#: generated customers, and .958, .958 and .957 on 20,000 with more faults. Half of the pairs just
#: above are right, 99 % from 4 bits on.
LIKELY_BITS = 1.0
#: Bits from which a pair is shown as something to look at: 99.7 % of the true pairs are above.
POSSIBLE_BITS = -8.0
#: Another candidate this close makes the best one ambiguous: in score, and against chance as
#: well. A namesake with nothing else in common is no rival of one with the same phone.
RIVAL_BITS = 2.0
RIVAL_CHANCE_BITS = 6.0


class Tier(StrEnum):
    """EXACT may be linked without asking; LIKELY is proposed; POSSIBLE is only shown."""

    EXACT = "exact"
    LIKELY = "likely"
    POSSIBLE = "possible"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Our customer that a customer of theirs could be. `score` is in bits; show words instead."""

    our_id: str
    their_id: str
    tier: Tier
    score: float
    reasons: tuple[Reason, ...]

    @property
    def sentence(self) -> str:
        """Return why, in words for a shop owner."""
        return explain(self.reasons)
