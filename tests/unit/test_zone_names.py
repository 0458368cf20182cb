"""Which time zone is meant by what a person types."""

from __future__ import annotations

import pytest

from services.account_errors import UnknownZone
from services.zone_names import choose_zone, offered_zones


@pytest.mark.parametrize(
    ("typed", "zone"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        ("Berlin", "Europe/Berlin"),
        (" new  york ", "America/New_York"),
        ("New_York", "America/New_York"),
        ("America/new york", "America/New_York"),
        ("São Paulo", "America/Sao_Paulo"),
        ("sao paulo", "America/Sao_Paulo"),
        ("utc", "UTC"),
    ],
)
def test_a_city_or_a_name_is_a_zone(typed: str, zone: str) -> None:
    assert choose_zone(typed) == zone


def test_every_zone_is_its_own() -> None:
    assert [choose_zone(zone) for zone in offered_zones()] == list(offered_zones())


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("Berln", "'Berln' is not a time zone. Did you mean Europe/Berlin?"),
        ("Newyork", "'Newyork' is not a time zone. Did you mean America/New_York?"),
        ("Eastern", "Several time zones fit 'Eastern'. Did you mean Canada/Eastern or US/Eastern?"),
        ("Mars/Base", "'Mars/Base' is not a time zone. Write a city, such as Berlin, or "),
        ("localtime", "'localtime' is not a time zone. Write a city"),
        ("", "'' is not a time zone. Write a city"),
    ],
)
def test_what_is_no_zone_says_what_may_be_meant(typed: str, sentence: str) -> None:
    with pytest.raises(UnknownZone) as refusal:
        choose_zone(typed)

    assert str(refusal.value).startswith(sentence)
