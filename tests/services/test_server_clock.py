"""How far this machine's clock is from the database's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from services.doctor import Verdict, examine_database
from services.runtime import Runtime
from services.server_clock import find_lead_s, tell_lead
from tests.conftest import POSTGRESQL, SQLITE, Clock


def test_a_clock_is_told_that_would_take_the_leases_of_others() -> None:
    told = [tell_lead(lead_s) for lead_s in (0.0, 4.0, -4.0, 40.2, -90.0)]

    ahead, behind = "40 seconds ahead of the database's", "90 seconds behind the database's"
    assert told == [None, None, None, ahead, behind]


@pytest.mark.parametrize("database_kind", [POSTGRESQL])
def test_postgresql_is_asked_for_its_time_and_the_doctor_tells(
    runtime: Runtime, session: Session, clock: Clock
) -> None:
    clock.now = datetime.now(UTC) + timedelta(minutes=3)

    lead_s = find_lead_s(session, now=clock())
    findings = {finding.part: finding for finding in examine_database(runtime, None)}

    assert 170 < lead_s < 190
    assert findings["clock"].verdict is Verdict.BROKEN
    assert findings["clock"].words.endswith("ahead of the database's")


@pytest.mark.parametrize("database_kind", [SQLITE])
def test_a_file_has_the_clock_of_whoever_asks(session: Session, clock: Clock) -> None:
    assert find_lead_s(session, now=clock() + timedelta(days=1)) == 0.0
