"""Whether two values of a field mean the same, however they are written; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from services.matching.addresses import clean_street
from services.matching.emails import clean_emails
from services.matching.phones import clean_phones
from services.matching.words import words_of

Meaning = frozenset[object]


def differ_in(label: str, ours: str, theirs: str, *, region: str) -> bool:
    """Say whether both are given and have nothing in common; a field may hold several lines.

    Compared by the forms that matching compares. `region` is the country whose phone numbers
    are written without a prefix.
    """
    if not ours.strip() or not theirs.strip():
        return False
    if ours in theirs.split("\n"):
        # Most linked customers; cleaning costs a hundred times as much.
        return False
    if label == "Phone":
        return _are_apart(ours, theirs, lambda line: frozenset(clean_phones(line, region).numbers))
    return _are_apart(ours, theirs, _MEANINGS.get(label, _words))


def lines_of(first: str, others: Iterable[str]) -> str:
    """Return the values of a field, one to a line, each once."""
    return "\n".join(dict.fromkeys(filter(None, (first, *others))))


def written_emails(usable: str, written: str) -> str:
    """Return the usable address, then what else stands in the field of the books."""
    kept = [each.strip() for each in written.replace(";", ",").split(",")]
    known = usable.casefold()
    return lines_of(usable, [each for each in kept if each.casefold() != known])


def _are_apart(ours: str, theirs: str, mean: Callable[[str], Meaning]) -> bool:
    return not (_meanings(ours, mean) & _meanings(theirs, mean))


def _meanings(lines: str, mean: Callable[[str], Meaning]) -> Meaning:
    """Return what the lines mean; a line that means nothing to its field is its words."""
    found: set[object] = set()
    for line in filter(str.strip, lines.split("\n")):
        found |= mean(line) or _words(line)
    return frozenset(found)


def _words(line: str) -> Meaning:
    """Return the words as one value, in any order: "Brown, Ada" is "Ada Brown"."""
    return frozenset({tuple(sorted(words_of(line))) or line.strip()})


def _address(line: str) -> Meaning:
    return frozenset({clean_street(line)})


_MEANINGS: dict[str, Callable[[str], Meaning]] = {
    "E-mail": lambda line: frozenset(clean_emails(line)),
    "Address": _address,
}
