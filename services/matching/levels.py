"""How alike two values can be. The order counts: more alike is greater, from NEAR on it agrees."""

from __future__ import annotations

from enum import IntEnum


class NameLevel(IntEnum):
    """Two first names or two last names."""

    MISSING = 0
    DIFFERENT = 1
    SIMILAR = 2
    INITIAL = 3
    TYPO = 4
    SHORT_FORM = 5
    SAME = 6


class CompanyLevel(IntEnum):
    """Two names of companies. PART is contained in common words only, CONTAINED in telling ones."""

    MISSING = 0
    DIFFERENT = 1
    SIMILAR = 2
    PART = 3
    NEAR = 4
    CONTAINED = 5
    SAME = 6


class NumberConflict(IntEnum):
    """Whether numbers tell two names of companies apart, as "#12" and "#14" do."""

    NONE = 0
    ONE_SIDED = 1
    OTHER_NUMBER = 2


class EmailLevel(IntEnum):
    """How the closest two addresses agree.

    SIMILAR is what anybody of that name would choose at another provider, SLIP is mistyped.
    SHARED: several differently named customers have it. MAILBOX: an office's, or another +tag.
    """

    MISSING = 0
    DIFFERENT = 1
    SIMILAR = 2
    SLIP = 3
    SHARED = 4
    MAILBOX = 5
    OWN = 6


class PhoneLevel(IntEnum):
    """SHARED: several differently named customers have it, or only the last digits agree."""

    MISSING = 0
    DIFFERENT = 1
    SLIP = 2
    SHARED = 3
    OWN = 4


class AddressLevel(IntEnum):
    """ELSEWHERE: the street alike in another place, or another unit of the house."""

    MISSING = 0
    DIFFERENT = 1
    ELSEWHERE = 2
    STREET = 3
    NEAR = 4
    SAME = 5


class TaxLevel(IntEnum):
    """Two tax numbers; SLIP is one digit apart."""

    MISSING = 0
    DIFFERENT = 1
    SLIP = 2
    SAME = 3
