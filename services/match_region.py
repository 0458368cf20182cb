"""Which country's telephone numbers a company writes without a prefix: that of its time zone."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

FALLBACK = "US"


def region_of_zone(zone: str) -> str:
    """Return the country (two letters) of an IANA time zone; FALLBACK where it has none."""
    return _countries().get(zone, FALLBACK)


@cache
def _countries() -> Mapping[str, str]:
    """Return the country of each zone, older names included.

    `zone.tab` names the country of each zone; in `tzdata.zi` a line "L target name" says that a
    name is another one's (github.com/eggert/tz, theory.html and zic(8), read 2026-11-22).
    """
    tables = files("tzdata") / "zoneinfo"
    rows = (tables / "zone.tab").read_text(encoding="utf-8").splitlines()
    countries = {row.split("\t")[2]: row[:2] for row in rows if not row.startswith("#")}
    links = (tables / "tzdata.zi").read_text(encoding="utf-8").splitlines()
    names = {name: target for _, target, name in (row.split() for row in links if row[:2] == "L ")}
    for name in names:
        if name not in countries and (country := _followed(name, names, countries)):
            countries[name] = country
    return countries


def _followed(name: str, names: Mapping[str, str], countries: Mapping[str, str]) -> str | None:
    """Return the country of the zone that a name leads to; a name may stand for another name."""
    while name in names and name not in countries:
        name = names[name]
    return countries.get(name)
