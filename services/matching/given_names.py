"""What is known of given names: short forms, and which names are listed in their own right."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nicknames import NickNamer

REMEMBERED = 65_536


@lru_cache(maxsize=REMEMBERED)
def full_forms(name: str) -> frozenset[str]:
    """Return the names that this may be a short form of, itself included."""
    return frozenset(_listed().canonicals_of(name)) | {name}


@lru_cache(maxsize=REMEMBERED)
def is_listed(name: str) -> bool:
    """Say whether the list has the name.

    One letter apart from another listed name is another person (Dan and Dean), no slip.
    """
    return bool(_listed().nicknames_of(name) or _listed().canonicals_of(name))


@lru_cache(maxsize=REMEMBERED)
def are_forms_of_one_name(one: str, other: str) -> bool:
    """Say whether one is short for the other, or both are short for a third (Bob and Rob).

    The list also has rivals (Mary as a form of Maria, Marsha as one of Mary), so that this may
    suggest a pair and never decides one.
    """
    names = _listed()
    if other in names.nicknames_of(one) or one in names.nicknames_of(other):
        return True
    if _is_full_name(one) or _is_full_name(other):
        return False
    return bool(names.canonicals_of(one) & names.canonicals_of(other))


def _is_full_name(name: str) -> bool:
    return bool(_listed().nicknames_of(name)) and not _listed().canonicals_of(name)


@cache
def _listed() -> NickNamer:
    # Imported here: reading the list takes 60 ms and nobody needs it at start.
    from nicknames import NickNamer

    return NickNamer()
