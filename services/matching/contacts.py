"""How the e-mail addresses and telephone numbers of two customers agree."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np
from rapidfuzz.distance import OSA

from services.matching.cleaned import CleanedParty
from services.matching.columns import NOT_GIVEN, Flags, Ints, Pairs
from services.matching.emails import is_role_mailbox, mailbox_of
from services.matching.levels import EmailLevel, PhoneLevel
from services.matching.phones import national_digits

MIN_LOCAL_PART = 5
MIN_NAME_LETTERS = 4
#: A short address with one edit, or a longer one with two, may be the same mistyped.
MIN_SLIP_ADDRESS = 9
LONG_LOCAL_PART = 8
#: The addresses of a customer are compared with those of every namesake.
REMEMBERED = 65_536

_WITHOUT_DIGITS = str.maketrans("", "", "0123456789")
_WITHOUT_MARKS = str.maketrans("", "", "._")


@dataclass(slots=True)
class Contacts:
    """Levels of each pair; sharers are the customers who have what the two share, at least 1."""

    email: Ints
    email_sharers: Ints
    phone: Ints
    phone_sharers: Ints

    @property
    def has_common(self) -> Flags:
        """Say of each pair whether it shares an address or a number."""
        return (self.email >= EmailLevel.SHARED) | (self.phone >= PhoneLevel.SHARED)


def compare_contacts(pairs: Pairs) -> Contacts:
    """Return how addresses and numbers agree, slips left out (`find_slips`)."""
    email, email_sharers = _compare_emails(pairs)
    phone, phone_sharers = _compare_phones(pairs)
    return Contacts(email, email_sharers, phone, phone_sharers)


def find_slips(pairs: Pairs, contacts: Contacts, among: Flags) -> None:
    """Look for mistyped addresses and numbers where `among` says so, and write them down.

    Only where the names agree: two strangers' numbers are one digit apart every day.
    """
    for at in np.nonzero(among & (contacts.email == EmailLevel.DIFFERENT))[0].tolist():
        contacts.email[at] = closest_email(*pairs.parties(at))
    for at in np.nonzero(among & (contacts.phone == PhoneLevel.DIFFERENT))[0].tolist():
        if has_phone_slip(*pairs.parties(at)):
            contacts.phone[at] = PhoneLevel.SLIP


def closest_email(ours: CleanedParty, theirs: CleanedParty) -> EmailLevel:
    """Return how alike the closest two of unequal addresses are."""
    return max(
        (
            _compare_unequal(one, other, ours, theirs)
            for one, other in product(ours.emails, theirs.emails)
        ),
        default=EmailLevel.MISSING,
    )


def has_mistyped_email(ours: CleanedParty, theirs: CleanedParty) -> bool:
    """Say whether two addresses differ by a slip before the @.

    The same before it at another provider may be a name in another spelling, which a namesake has.
    """
    return any(
        _box_and_domain(one)[0] != _box_and_domain(other)[0]
        and _compare_unequal(one, other, ours, theirs) == EmailLevel.SLIP
        for one, other in product(ours.emails, theirs.emails)
    )


def has_phone_slip(ours: CleanedParty, theirs: CleanedParty) -> bool:
    """Say whether any two numbers are one digit apart."""
    return any(
        OSA.distance(national_digits(one), national_digits(other), score_cutoff=1) <= 1
        for one, other in product(ours.phones.numbers, theirs.phones.numbers)
    )


def _compare_emails(pairs: Pairs) -> tuple[Ints, Ints]:
    lists = pairs.lists
    worth = np.where(lists.is_role_mailbox, EmailLevel.MAILBOX, EmailLevel.OWN)
    worth = np.where(lists.mailbox_sharers > 1, EmailLevel.SHARED, worth)
    ours, theirs = pairs.both(lambda side: side.mailboxes)
    level, code = _best_common(ours, theirs, worth)
    same_address, _ = _best_common(*pairs.both(lambda side: side.emails), None)
    level[(level == EmailLevel.OWN) & (same_address == 0)] = EmailLevel.MAILBOX
    have_both = (ours[:, 0] != NOT_GIVEN) & (theirs[:, 0] != NOT_GIVEN)
    level[(level == EmailLevel.MISSING) & have_both] = EmailLevel.DIFFERENT
    return level, lists.mailbox_sharers[code]


def _compare_phones(pairs: Pairs) -> tuple[Ints, Ints]:
    lists = pairs.lists
    worth = np.where(lists.phone_sharers > 1, PhoneLevel.SHARED, PhoneLevel.OWN)
    ours, theirs = pairs.both(lambda side: side.phones)
    level, code = _best_common(ours, theirs, worth)
    have_both = (ours[:, 0] != NOT_GIVEN) & (theirs[:, 0] != NOT_GIVEN)
    level[(level == PhoneLevel.MISSING) & have_both] = PhoneLevel.DIFFERENT
    ours_loose, theirs_loose = pairs.flags(lambda side: side.has_unverified_phone)
    loose = np.nonzero((level == PhoneLevel.DIFFERENT) & (ours_loose | theirs_loose))[0]
    our_ends, their_ends = pairs.both(lambda side: side.local_phones)
    same_end, _ = _best_common(our_ends[loose], their_ends[loose], None)
    level[loose[same_end > 0]] = PhoneLevel.SHARED
    # Two people of one house or office are told apart by their extensions.
    one, other = pairs.both(lambda side: side.extension)
    differ = (one != NOT_GIVEN) & (other != NOT_GIVEN) & (one != other)
    level[differ & (level == PhoneLevel.OWN)] = PhoneLevel.SHARED
    return level, lists.phone_sharers[code]


def _best_common(ours: Ints, theirs: Ints, worth: Ints | None) -> tuple[Ints, Ints]:
    """Return the most that a common code is worth (1 without `worth`), and this code.

    0 and NOT_GIVEN where there is none.
    """
    best = np.zeros(len(ours), np.int64)
    code = np.full(len(ours), NOT_GIVEN, np.int64)
    for i, j in product(range(ours.shape[1]), range(theirs.shape[1])):
        common = (ours[:, i] != NOT_GIVEN) & (ours[:, i] == theirs[:, j])
        value = 1 if worth is None else worth[ours[:, i]]
        better = common & (value > best)
        best = np.where(better, value, best)
        code = np.where(better, ours[:, i], code)
    return best, code


@lru_cache(maxsize=REMEMBERED)
def _box_and_domain(address: str) -> tuple[str, str]:
    box, _, domain = mailbox_of(address).partition("@")
    return box, domain


def _telling_names(ours: CleanedParty, theirs: CleanedParty) -> tuple[str, ...]:
    names = (
        name
        for party in (ours, theirs)
        for name in (party.person.last_name, *party.person.first_names, *party.words)
    )
    return tuple(name for name in names if len(name) >= MIN_NAME_LETTERS)


def _compare_unequal(one: str, other: str, ours: CleanedParty, theirs: CleanedParty) -> EmailLevel:
    our_box, our_domain = _box_and_domain(one)
    their_box, their_domain = _box_and_domain(other)
    if our_domain != their_domain and our_box != their_box:
        return EmailLevel.DIFFERENT
    if our_box == their_box and len(our_box) >= MIN_LOCAL_PART and not is_role_mailbox(one):
        names = [name for name in _telling_names(ours, theirs) if name.isascii()]
        # A name in another script may stand there in letters that are not compared.
        may_be_the_name = not names or any(name in our_box for name in names)
        return EmailLevel.SIMILAR if may_be_the_name else EmailLevel.SLIP
    allowed = 2 if len(our_box) >= LONG_LOCAL_PART else 1
    is_near = (
        abs(len(one) - len(other)) <= 2
        and len(one) >= MIN_SLIP_ADDRESS
        and OSA.distance(one, other, score_cutoff=allowed) <= allowed
    )
    if not is_near:
        return EmailLevel.DIFFERENT
    return EmailLevel.SIMILAR if _differ_in_decoration(one, other) else EmailLevel.SLIP


def _differ_in_decoration(one: str, other: str) -> bool:
    """Say whether only digits, dots or underscores differ: namesakes choose these, not fingers."""
    our_box, their_box = mailbox_of(one).partition("@")[0], mailbox_of(other).partition("@")[0]
    return one.translate(_WITHOUT_DIGITS) == other.translate(_WITHOUT_DIGITS) or (
        our_box.translate(_WITHOUT_MARKS) == their_box.translate(_WITHOUT_MARKS)
    )
