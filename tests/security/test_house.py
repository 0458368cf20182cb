"""The house that the generated checks stand in: if a table is empty, they prove nothing for it."""

from __future__ import annotations

from sqlalchemy import func, select

from models import Base
from tests.security.house import House


def test_every_table_has_rows(house: House) -> None:
    with house.session() as session:
        empty = {
            table.name
            for table in Base.metadata.sorted_tables
            if not session.scalar(select(func.count()).select_from(table))
        }

    assert empty == set()
