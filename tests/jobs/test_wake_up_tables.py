"""Tables of the library that somebody else has made."""

from __future__ import annotations

import pytest
from sqlalchemy import URL, create_engine, text

from config import SettingsError
from jobs.wake_up_tables import prepare_tables
from tests.conftest import POSTGRESQL

pytestmark = pytest.mark.parametrize("database_kind", [POSTGRESQL])


def test_the_jobs_of_another_program_are_left_alone_and_it_refuses_in_one_line(
    database_url: URL,
) -> None:
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE procrastinate_jobs AS SELECT 7 AS id"))

    with pytest.raises(SettingsError) as caught:
        prepare_tables(engine)

    with engine.connect() as connection:
        assert connection.scalar(text("SELECT id FROM procrastinate_jobs")) == 7
    engine.dispose()
    assert "Give BlueClerk a database of its own" in caught.value.message
    assert "\n" not in caught.value.message
