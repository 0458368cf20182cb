"""What waits is counted by indexes, however much has ended, and told with its age."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection as DatabaseConnection
from sqlalchemy import event, update

from models import ImportRun, ImportState, LinkPurpose
from services.one_time_links import add_link
from services.queue_facts import Queue, list_queues, list_unmatched
from services.runtime import Runtime
from tests.conftest import Clock
from tests.factories import NOW
from tests.services.support import Place, ask, queue_import

#: Each holds only what waits or runs; going through one of these is the point.
OF_WAITING = ("uq_reading_running", "ix_import_run_active", "uq_import_run_running")
GROWING = ("reading", "import_run", "report_delivery", "one_time_link", "remote_customer")


def _queues(runtime: Runtime) -> dict[str, Queue]:
    with runtime.sessions() as session:
        return {queue.name: queue for queue in list_queues(session, now=runtime.clock())}


def test_what_nobody_has_begun_waits_since_it_was_asked_for(
    runtime: Runtime, harbor: Place, clock: Clock
) -> None:
    ask(runtime, harbor)
    queue_import(runtime, harbor, ["1"])
    with runtime.sessions() as session:
        add_link(
            session,
            company_id=harbor.company_id,
            purpose=LinkPurpose.INVITATION,
            email="new@example.com",
            now=NOW,
        )
        session.commit()
    clock.advance(seconds=40)

    queues = _queues(runtime)

    waiting = {queue.name: queue.oldest_at for queue in queues.values() if queue.depth}
    assert waiting == {"reading": NOW, "import": NOW, "link": NOW}
    assert all(queue.depth == 1 for queue in queues.values() if queue.depth)


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"state": ImportState.PAUSED}, "import_paused"),
        (
            {"state": ImportState.RUNNING, "lease_until_at": NOW + timedelta(seconds=20)},
            "import_running",
        ),
        ({"state": ImportState.RUNNING, "lease_until_at": NOW - timedelta(seconds=1)}, "import"),
        ({"state": ImportState.FINISHED}, None),
    ],
    ids=["paused", "at work", "its process died", "ended"],
)
def test_a_run_is_told_as_what_it_is(
    runtime: Runtime, harbor: Place, values: dict[str, Any], name: str | None
) -> None:
    run_id = queue_import(runtime, harbor, ["1"])
    with runtime.sessions() as session:
        session.execute(update(ImportRun).where(ImportRun.id == run_id).values(**values))
        session.commit()

    found = [queue.name for queue in _queues(runtime).values() if queue.depth]

    assert found == ([name] if name else [])


@pytest.mark.sqlite_only
def test_no_look_goes_through_what_has_ended(runtime: Runtime, harbor: Place) -> None:
    statements: list[tuple[str, Any]] = []

    def keep(
        _connection: DatabaseConnection, _cursor: Any, statement: str, parameters: Any, *_: Any
    ) -> None:
        statements.append((statement, parameters))

    with runtime.sessions() as session:
        event.listen(session.get_bind(), "before_cursor_execute", keep)
        list(list_queues(session, now=NOW))
        list_unmatched(session, now=NOW)
        event.remove(session.get_bind(), "before_cursor_execute", keep)
        looks = [each for each in statements if each[0].startswith("SELECT")]
        plans = [
            row[3]
            for statement, parameters in looks
            for row in session.connection().exec_driver_sql(
                f"EXPLAIN QUERY PLAN {statement}", parameters
            )
        ]

    scans = [plan for plan in plans if plan.startswith("SCAN ") and plan.split()[1] in GROWING]
    assert len(looks) >= 5
    assert [plan for plan in scans if not plan.endswith(OF_WAITING)] == []
