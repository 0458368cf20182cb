"""Carry out a reading: claim, fetch page by page, compare, store whole or not at all."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from functools import partial

from models import ReadingKind
from services.connections import open_client
from services.first_rows import FirstRows
from services.log_context import telling
from services.providers.contract import AccountingClient, DeltaNotPossible
from services.reading_claim import (
    CallBudgetUsed,
    LeaseLost,
    Plan,
    claim,
    heartbeat,
    tell_progress,
    tell_wait,
)
from services.reading_doubts import doubt_delta, doubt_list
from services.reading_end import (
    FAILURES,
    fail_reading,
    finish_reading,
)
from services.reading_pages import ReadingPages
from services.runtime import Runtime

logger = logging.getLogger(__name__)

PROGRESS_EVERY_S = 0.25


def refresh(runtime: Runtime, reading_id: int) -> None:
    """Carry out a reading that was asked for. Commits. Calls the network, outside transactions.

    Ends the row as finished or failed; raises nothing. Returns at once if somebody else has
    claimed the reading, so a wake-up may come twice.
    """
    plan = claim(runtime, reading_id)
    if plan is None:
        return
    with telling(
        reading_id=plan.reading_id,
        account_id=plan.account_id,
        company_id=plan.company_id,
        provider=plan.provider,
    ):
        _read(runtime, plan)


def _read(runtime: Runtime, plan: Plan) -> None:
    client: AccountingClient | None = None
    pages, first = ReadingPages(), FirstRows() if plan.is_first else None
    try:
        on_wait = partial(tell_wait, runtime, plan)
        client = open_client(runtime, plan.connection_id, on_wait=on_wait)
        try:
            _fetch(runtime, plan, client, pages, first)
            doubt_delta(runtime, plan, client, pages)
        except DeltaNotPossible:
            plan = replace(plan, kind=ReadingKind.FULL, changed_since_at=None)
            pages = ReadingPages()
            _fetch(runtime, plan, client, pages)
        doubt_list(runtime, plan, client, pages)
        finish_reading(runtime, plan, pages, client, first=first)
    except LeaseLost:
        logger.info("reading %s was given up by its lease", plan.reading_id)
    except tuple(FAILURES) as error:
        fail_reading(runtime, plan, pages, client, error=error)
    except Exception as error:  # the edge of a job: the row must not stay running
        logger.exception("a reading broke")
        fail_reading(runtime, plan, pages, client, error=error)


def _fetch(
    runtime: Runtime,
    plan: Plan,
    client: AccountingClient,
    pages: ReadingPages,
    first: FirstRows | None = None,
) -> None:
    told_at = -PROGRESS_EVERY_S
    with heartbeat(runtime, plan):
        for page in client.customer_pages(changed_since=plan.changed_since_at):
            pages.add(page)
            if first is not None:
                first.take(page)
            if plan.call_limit is not None and client.call_count > plan.call_limit:
                raise CallBudgetUsed
            if time.monotonic() - told_at < PROGRESS_EVERY_S:
                continue
            told_at = time.monotonic()
            tell_progress(
                runtime,
                plan,
                read_count=len(pages),
                expected_count=page.expected_count,
                call_count=client.call_count,
            )
