"""The country whose telephone numbers a company writes without a prefix."""

from __future__ import annotations

import pytest

from services.match_region import region_of_zone


@pytest.mark.parametrize(
    ("zone", "country"),
    [
        ("America/New_York", "US"),
        ("US/Eastern", "US"),
        ("America/Toronto", "CA"),
        ("Europe/London", "GB"),
        ("Asia/Calcutta", "IN"),
        ("Europe/Amsterdam", "NL"),
        ("UTC", "US"),
        ("Nowhere/Else", "US"),
    ],
)
def test_a_zone_tells_the_country(zone: str, country: str) -> None:
    assert region_of_zone(zone) == country
