"""Row ids taken before the rows are written, so that rows can refer to each other at once."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models import Base


def take_ids(session: Session, model: type[Base], number: int) -> list[int]:
    """Return so many ids that no row has, in rising order, for the caller's transaction.

    PostgreSQL gives them out of the sequence. In SQLite they follow the highest, as for any row:
    nobody else writes during a transaction that began IMMEDIATE.
    """
    table = model.__tablename__
    if session.connection().dialect.name == "sqlite":
        highest = session.scalar(select(func.max(model.__table__.c.id))) or 0
        return list(range(highest + 1, highest + 1 + number))
    next_id = func.nextval(func.pg_get_serial_sequence(table, "id"))
    taken = session.scalars(select(next_id).select_from(func.generate_series(1, number)))
    return sorted(taken)
