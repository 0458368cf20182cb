"""How fast an import is and how long it still needs: told only once it is known."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from blueprints.import_words import pace, run_name, time_left
from models import ImportState, RunKind
from services.import_views import ImportView, RunName
from services.providers.contract import ProviderKey

NOW = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)
RUN = ImportView(
    public_id="0" * 16,
    number=31,
    kind=RunKind.IMPORT,
    provider=ProviderKey.QUICKBOOKS,
    state=ImportState.RUNNING,
    requested_by_name="Ada Brandt",
    created_at=NOW - timedelta(seconds=15),
    began_at=NOW - timedelta(seconds=13),
    finished_at=None,
    chosen=180,
    created=91,
    linked=20,
    skipped=1,
    failed=0,
)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "about 1 second left"),
        (8.4, "about 8 seconds left"),
        (89, "about 89 seconds left"),
        (91, "about 2 minutes left"),
        (5_000, "about 83 minutes left"),
        (6_000, "about 2 hours left"),
        (900_000, "about 250 hours left"),
    ],
)
def test_the_time_left_is_a_round_guess(seconds: float, words: str) -> None:
    assert time_left(seconds) == words


def test_the_pace_is_what_was_done_since_the_first_batch() -> None:
    found = pace(RUN, NOW)

    assert found
    assert (found.rate, found.left) == ("9 a second", "about 8 seconds left")


def test_a_slow_run_is_told_in_minutes() -> None:
    found = pace(replace(RUN, began_at=NOW - timedelta(minutes=56)), NOW)

    assert found
    assert (found.rate, found.left) == ("2 a minute", "about 34 minutes left")


@pytest.mark.parametrize(
    "unknown",
    [
        {"began_at": None},
        {"began_at": NOW},
        {"began_at": NOW + timedelta(minutes=1)},
        {"created": 0, "linked": 0, "skipped": 0},
        {"created": 159},
        {"is_interrupted": True},
    ],
)
def test_no_time_is_told_before_it_is_known(unknown: dict[str, object]) -> None:
    assert pace(replace(RUN, **unknown), NOW) is None  # type: ignore[arg-type]


def test_an_undo_bears_the_number_of_what_it_takes_back() -> None:
    assert run_name(RUN) == "Import 31"
    assert run_name(RunName("0" * 16, 31, RunKind.UNDO)) == "Undo of import 31"
