"""One line and one count for each reading and run that ended, told once its end is committed."""

from __future__ import annotations

import logging
from datetime import datetime
from types import MappingProxyType

from models import ImportRun, ImportState, ItemOutcome
from services.metrics import count_reading, count_run, count_run_items
from services.reading_claim import Plan

logger = logging.getLogger(__name__)

_ENDED = MappingProxyType({ImportState.FINISHED: "finished", ImportState.STOPPED: "stopped"})


def tell_reading(plan: Plan, *, outcome: str, calls: int, customers: int, now: datetime) -> None:
    """Tell of a reading: `outcome` is "finished" or why it failed, `customers` how many it read."""
    duration_s = (now - plan.started_at).total_seconds()
    kind = plan.kind.value
    count_reading(plan.provider, kind=kind, outcome=outcome, duration_s=duration_s)
    logger.info(
        "reading %s ended: %s, %s calls, %s customers in %.1f s",
        plan.reading_id,
        outcome,
        calls,
        customers,
        duration_s,
        extra={
            "kind": kind,
            "outcome": outcome,
            "calls": calls,
            "customers": customers,
            "duration_ms": round(duration_s * 1000),
        },
    )


def tell_run(run: ImportRun, *, provider: str, now: datetime) -> None:
    """Tell of an import or undo as it stands after its commit; one that goes on tells nothing."""
    if run.state is ImportState.PAUSED:
        count_run(provider, kind=run.kind.value, outcome="paused")
    if run.state not in _ENDED:
        return
    kind, outcome = run.kind.value, _ENDED[run.state]
    duration_s = (now - run.created_at).total_seconds()
    count_run(provider, kind=kind, outcome=outcome, duration_s=duration_s)
    counts = {each: getattr(run, f"{each}_count") for each in ItemOutcome if each != "pending"}
    for each, count in counts.items():
        count_run_items(provider, kind=kind, outcome=each.value, count=count)
    told = ", ".join(f"{each.value}={count}" for each, count in counts.items() if count)
    logger.info(
        "%s %s ended: %s (%s) in %.1f s",
        kind,
        run.id,
        outcome,
        told or "nobody",
        duration_s,
        extra={
            "kind": kind,
            "outcome": outcome,
            "customers": run.chosen_count,
            "duration_ms": round(duration_s * 1000),
        },
    )
