"""Every trouble a provider can make, at each of the three, when somebody looks or imports.

Each case has to end in its class, within its deadline, with a sentence and one next step, and with
no number that is not true.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from services.providers.contract import ProviderKey
from tests.matrix.checks import (
    check_end,
    check_import_command,
    check_page_import,
    check_silence,
)
from tests.matrix.faults import Fault
from tests.matrix.place import Place
from tests.matrix.provider_rows import FAULTS
from tests.matrix.refusal_rows import REFUSALS
from tests.matrix.troubles import trouble

ROWS = (*FAULTS, *REFUSALS)


def _cases(scenario: str) -> Iterator[object]:
    for row, provider in itertools.product(ROWS, ProviderKey):
        if scenario not in row.not_when or (
            scenario == "opening" and _names_its_account(row, provider)
        ):
            yield pytest.param(row, provider, id=f"{row}-{provider.value}")


def _names_its_account(row: Fault, provider: ProviderKey) -> bool:
    """Say whether every row tells whose it is, so that nothing known is needed to notice."""
    return row.number == "H28" and provider is ProviderKey.FRESHBOOKS


def _one_each(scenario: str) -> Iterator[object]:
    """Take each row at one of the three, in turn."""
    for row, provider in zip(ROWS, itertools.cycle(ProviderKey), strict=False):
        if scenario not in row.not_when:
            yield pytest.param(row, provider, id=f"{row}-{provider.value}")


@pytest.mark.full
@pytest.mark.parametrize(("row", "provider"), [*_cases("opening")])
def test_a_first_look_ends_in_its_class(
    row: Fault, place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    _look_for_the_first_time(row, place, caplog)


def _look_for_the_first_time(row: Fault, place: Place, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    with trouble(place, row, is_paged=True):
        shown = place.open()
    counted = place.counted()

    check_end(place, row, shown, truth=(counted, counted), known=None, is_delta=False)
    check_silence(place, shown, caplog)


@pytest.mark.full
@pytest.mark.parametrize(("row", "provider"), [*_cases("delta")])
def test_a_later_look_ends_in_its_class(
    row: Fault, place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    known = place.open().number
    assert known == (place.counted(), place.counted())
    place.clock.advance(seconds=30)
    place.change(create=3, update=2, archive=1)
    place.wait(days=row.later_days, minutes=2)
    with trouble(place, row, is_paged=row.later_days > 0):
        shown = place.open()
    counted = place.counted()

    is_delta = row.later_days == 0
    check_end(place, row, shown, truth=(counted, counted), known=known, is_delta=is_delta)
    check_silence(place, shown, caplog)


@pytest.mark.full
@pytest.mark.parametrize(("row", "provider"), [*_cases("import")])
def test_an_import_from_the_terminal_imports_all_or_nothing(
    row: Fault, place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    known = place.open().number
    place.clock.advance(minutes=2)
    place.change(create=3)
    with trouble(place, row, is_paged=False):
        result = place.command("import", place.provider.value, "--new", "--yes")

    check_import_command(place, row, result, known=known)
    check_silence(place, result, caplog)


@pytest.mark.full
@pytest.mark.parametrize(("row", "provider"), [*_one_each("import")])
def test_an_import_from_the_page_within_a_minute_asks_nobody(
    row: Fault, place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    counted = place.open().number
    with trouble(place, row, is_paged=False):
        check_page_import(place, counted)
