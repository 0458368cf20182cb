"""How the database finds what a batch asks for, before anybody has counted its rows."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from services.import_statements import READ_ROWS
from services.runtime import Runtime
from tests.services.importing import Importing

EXPLAIN = {"sqlite": "EXPLAIN QUERY PLAN", "postgresql": "EXPLAIN"}


@pytest.mark.both_databases
def test_whoever_is_newly_here_is_found_by_e_mail_and_by_name(
    session: Session, runtime: Runtime
) -> None:
    importing = Importing(session, runtime)
    span: dict[str, Any] = {"company": importing.company.id, "account": importing.account_id}
    connection = session.connection()
    asked: list[tuple[str, Any]] = []
    event.listen(connection, "before_cursor_execute", lambda *call: asked.append(call[2:4]))

    connection.execute(READ_ROWS, span | {"run": 1, "first": "1", "last": "9"})
    [(statement, values)] = asked
    plan = connection.exec_driver_sql(f"{EXPLAIN[connection.dialect.name]} {statement}", values)

    found = " ".join(str(line) for line in plan)
    assert "ix_customer_email" in found
    assert "ix_customer_list" in found
