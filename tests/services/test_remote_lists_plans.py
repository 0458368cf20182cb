"""However many unsynced there are, only the rows of a page are read from the table."""

from __future__ import annotations

from itertools import product

import pytest
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from models import Connection
from services.remote_lists import OTHERS, count_rows, search
from services.review_query import ReviewQuery, RowFilter, RowSort
from tests.factories import make_reading, make_remote_customer
from tests.services.support import Place

pytestmark = pytest.mark.sqlite_only

UNSYNCED = [show for show in RowFilter if show not in OTHERS]


def _plans(session: Session, asked: list[tuple[str, tuple[object, ...]]]) -> list[str]:
    """Return how SQLite finds the remote customers of each statement that names an index."""
    found = []
    for statement, values in asked:
        rows = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        found += [row[3] for row in rows if row[3].startswith(("SEARCH remote_", "SCAN remote_"))]
    return found


def _recorded(session: Session) -> list[tuple[str, tuple[object, ...]]]:
    asked: list[tuple[str, tuple[object, ...]]] = []

    def note(
        _connection: object, _cursor: object, statement: str, values: object, *_: object
    ) -> None:
        if "INDEXED BY" in statement:
            asked.append((statement, values))  # type: ignore[arg-type]

    event.listen(session.get_bind(), "before_cursor_execute", note)
    return asked


@pytest.mark.parametrize("has_statistics", [False, True])
@pytest.mark.parametrize(("sort", "searched"), [*product(RowSort, ["", "ann", "(312) 555"])])
def test_lists_and_counts_stay_inside_an_index(
    session: Session, harbor: Place, sort: RowSort, searched: str, has_statistics: bool
) -> None:
    reading = make_reading(session, session.get_one(Connection, harbor.connection_id))
    first = make_remote_customer(session, reading, name="Ann").public_id
    make_remote_customer(session, reading, name="Ann")
    if has_statistics:
        session.execute(text("ANALYZE"))
        session.commit()
    asked = _recorded(session)

    for show, after in product(UNSYNCED, (None, first)):
        query = ReviewQuery(show, searched)
        search(session, harbor.account_id, query=query, sort=sort, after=after)
    count_rows(session, harbor.account_id)
    plans = _plans(session, asked.copy())

    assert len(plans) >= 2 * len(UNSYNCED)
    assert [plan for plan in plans if "COVERING INDEX" not in plan] == []
    assert [plan for plan in plans if "account_id=?" not in plan] == []
