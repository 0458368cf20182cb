"""Troubles that last, or that only show over several looks."""

from __future__ import annotations

import pytest

from models import Connection, ReadingFailure
from services.providers import freshbooks, quickbooks, xero
from services.providers.contract import ProviderKey
from services.providers.registry import provider_profile
from tests.matrix.faults import always
from tests.matrix.place import Place
from tests.providers.raw_server import RawServer, answering

pytestmark = [pytest.mark.full, pytest.mark.parametrize("provider", [*ProviderKey])]

#: So small that more pages are wanted at once than may be asked for.
SMALL_PAGE = 5
#: A provider counts as down after so many looks without an answer.
LOOKS_UNTIL_DOWN = 5
MOST_PRESSES = 6


def test_a_slow_provider_is_asked_no_more_at_once_than_it_allows(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quickbooks, "PAGE_SIZE", SMALL_PAGE)
    monkeypatch.setitem(xero._EVERYBODY, "pageSize", str(SMALL_PAGE))
    monkeypatch.setitem(freshbooks._ORDER, "per_page", str(SMALL_PAGE))
    place.turn_on(always("delay", seconds=0.1))

    shown = place.open()

    assert shown.number == (place.counted(), place.counted())
    assert 1 < place.most_at_once() <= provider_profile(place.provider).limits.concurrent


def test_a_limit_of_the_day_is_not_asked_again_before_its_end(place: Place) -> None:
    place.turn_on(always("status", status=429, headers={"Retry-After": "7200"}))
    refused = place.open()

    place.clock.advance(minutes=119)
    waiting = place.open()
    pressed = place.try_again()
    place.turn_off()
    place.clock.advance(minutes=2)
    after = place.open()

    assert refused.calls == 1
    assert (waiting.calls, pressed.calls) == (0, 0)
    assert "The daily limit" in waiting.text
    assert (waiting.statuses[-1], pressed.statuses[-1]) == (503, 503)
    assert after.number == (place.counted(), place.counted())


def test_a_provider_that_is_down_is_left_alone_and_comes_back_by_itself(place: Place) -> None:
    place.turn_on(always("status"))
    for _ in range(LOOKS_UNTIL_DOWN):
        assert place.open().calls > 0
        place.clock.advance(seconds=10)

    paused = place.open()
    place.turn_off()
    place.clock.advance(seconds=61)
    after = place.open()

    assert (paused.calls, paused.statuses[-1]) == (0, 503)
    assert f"{place.name} did not answer." in paused.text
    assert after.number == (place.counted(), place.counted())


def test_half_of_all_calls_may_fail_and_the_number_comes_out(place: Place) -> None:
    place.turn_on(always("status", probability=0.5, seed=3))
    shown, calls = place.open(), 0
    for _ in range(MOST_PRESSES):
        if not shown.is_trouble:
            break
        place.clock.advance(seconds=10)
        calls += shown.calls
        shown = place.try_again()

    assert shown.number == (place.counted(), place.counted())
    assert shown.calls <= 3 * 4


def test_an_empty_list_in_the_right_form_is_a_company_without_customers(place: Place) -> None:
    place.turn_on(always("empty", variant="valid"))

    shown = place.open()

    assert shown.number == (0, 0), shown.text


def test_no_token_goes_where_a_redirect_leads(place: Place) -> None:
    with RawServer(answering(b"{}")) as elsewhere:
        place.turn_on(always("redirect", status=307, location=elsewhere.url))
        place.turn_on(always("redirect", endpoint="token", status=308, location=elsewhere.url))
        place.open()
        place.wait(hours=13)
        place.open()

    assert elsewhere.requests == []


@pytest.mark.parametrize("skew_s", [600, -600])
def test_a_wrong_clock_hides_no_change_and_is_noted(place: Place, skew_s: int) -> None:
    place.turn_on(always("clock_skew", seconds=skew_s))
    place.open()
    place.clock.advance(minutes=1)
    place.change(create=3)
    place.clock.advance(minutes=2)

    shown = place.open()

    assert shown.number == (place.counted(), place.counted())
    with place.runtime.sessions() as session:
        noted_s = session.get_one(Connection, place.connection_id).clock_skew_s
    assert noted_s is not None
    assert abs(noted_s - skew_s) < 5


@pytest.mark.parametrize("change", ["create", "delete"])
def test_a_list_that_never_settles_gives_no_number_too_many(place: Place, change: str) -> None:
    before = place.counted()
    place.turn_on(always("mutate_list", change=change))

    shown = place.open()

    least, most = sorted((before, place.counted()))
    reading = place.last_reading()
    if reading.failure is None:
        assert shown.number is not None
        assert least <= shown.number[1] <= most
    else:
        assert (reading.failure, shown.number) == (ReadingFailure.UNSETTLED, None)
        assert reading.at_least_count is not None
        assert reading.at_least_count <= most
        assert f"At least {reading.at_least_count} " in shown.text


def test_an_account_that_starts_over_is_no_other_account(place: Place) -> None:
    place.open()
    place.wait(days=8)
    place.change_all(size=45, seed=2)
    place.clock.advance(minutes=1)

    shown = place.open()

    assert shown.number == (place.counted(), place.counted()), shown.text
