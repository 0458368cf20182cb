"""Time zones by what people type: their own name, or the city they are named after; pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from functools import lru_cache
from types import MappingProxyType
from zoneinfo import available_timezones

from services.account_errors import UnknownZone
from services.plain_text import plain_line
from services.text_keys import search_fold

#: Above this share of equal letters another spelling is worth a question.
NEAR = 0.75
MAX_MEANT = 3
SHOWN_CHARACTERS = 60


@lru_cache(maxsize=1)
def offered_zones() -> tuple[str, ...]:
    """Return the zones to choose from: UTC and those named after a place.

    Others are old names or, like "localtime", the machine's own, which moves with the machine.
    """
    return ("UTC", *sorted(name for name in available_timezones() if "/" in name[1:]))


def choose_zone(text: str) -> str:
    """Return the zone of that name, or of that city where only one has it.

    Case, accents and "_" for a blank make no difference. Raises UnknownZone, which names what may
    have been meant.
    """
    if text in offered_zones():
        return text
    shown = plain_line(text, SHOWN_CHARACTERS)
    key = _key(shown)
    named, cities = _by_name(), _by_city()
    if key in named:
        return named[key]
    fitting = cities.get(key, ())
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise UnknownZone(f"Several time zones fit {shown!r}. {_did_you_mean(fitting)}")
    words = get_close_matches(key, [*cities, *named], n=MAX_MEANT, cutoff=NEAR)
    near = [zone for word in words for zone in cities.get(word) or (named[word],)]
    hint = _did_you_mean(near) if near else "Write a city, such as Berlin, or America/New_York."
    raise UnknownZone(f"{shown!r} is not a time zone. {hint}")


@lru_cache(maxsize=1)
def _by_name() -> Mapping[str, str]:
    return MappingProxyType({_key(zone): zone for zone in offered_zones()})


@lru_cache(maxsize=1)
def _by_city() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = defaultdict(tuple)
    for zone in offered_zones():
        found[_key(zone.rpartition("/")[2])] += (zone,)
    return MappingProxyType(dict(found))


def _key(text: str) -> str:
    return search_fold(text.replace("_", " "))


def _did_you_mean(zones: Sequence[str]) -> str:
    *others, last = dict.fromkeys(zones[:MAX_MEANT])
    return f"Did you mean {', '.join(others)} or {last}?" if others else f"Did you mean {last}?"
