"""An import that stands still in the middle, because a real one is over before anybody looks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import func, select, update

from models import ImportRun, ImportState
from services.runtime import utc_now
from tests.system.demo import Demo

# A lease that ends later than any that is given now would be taken for one that is over.
HELD_FOR = timedelta(seconds=55)
BEGAN_AGO = timedelta(seconds=10)


def hold_import(demo: Demo) -> None:
    """Let the latest import have half of its customers before it."""
    now = utc_now()
    _change(
        demo,
        state=ImportState.RUNNING,
        finished_at=None,
        lease_owner="nobody",
        lease_until_at=now + HELD_FOR,
        began_at=now - BEGAN_AGO,
        chosen_count=ImportRun.chosen_count * 2,
    )


def release_import(demo: Demo) -> None:
    """Let it have ended."""
    _change(
        demo,
        state=ImportState.FINISHED,
        finished_at=ImportRun.created_at,
        chosen_count=ImportRun.chosen_count / 2,
    )


def _change(demo: Demo, **values: Any) -> None:
    latest = select(func.max(ImportRun.id)).scalar_subquery()
    with demo.database() as database:
        database.execute(update(ImportRun).where(ImportRun.id == latest).values(values))
