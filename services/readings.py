"""Carry out a reading: claim, fetch page by page, compare, store whole or not at all."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from functools import partial

from models import ReadingKind, RemoteAccount
from services.connections import open_client
from services.database import only_reading
from services.providers.contract import AccountingClient, DeltaNotPossible, UnreadableAnswer
from services.reading_claim import Plan, claim, heartbeat, tell_progress, tell_wait
from services.reading_end import (
    FAILURES,
    OtherAccountAnswered,
    fail_reading,
    finish_reading,
)
from services.reading_pages import ReadingPages
from services.remote_customers import count_gone
from services.runtime import Runtime
from services.strangers import came_unseen, find_strangers

logger = logging.getLogger(__name__)

PROGRESS_EVERY_S = 0.25
#: From so many customers on, what concerns more than half of those known is looked at twice.
DOUBT_LEAST = 20
UNREADABLE_LEAST = 10


def refresh(runtime: Runtime, reading_id: int) -> None:
    """Carry out a reading that was asked for. Commits. Calls the network, outside transactions.

    Ends the row as finished or failed; raises nothing. Returns at once if somebody else has
    claimed the reading, so a wake-up may come twice.
    """
    plan = claim(runtime, reading_id)
    if plan is None:
        return
    client: AccountingClient | None = None
    pages = ReadingPages()
    try:
        on_wait = partial(tell_wait, runtime, plan)
        client = open_client(runtime, plan.connection_id, on_wait=on_wait)
        try:
            _fetch(runtime, plan, client, pages)
            _refuse_upheaval(runtime, plan, pages)
        except DeltaNotPossible:
            plan = replace(plan, kind=ReadingKind.FULL, changed_since_at=None)
            pages = ReadingPages()
            _fetch(runtime, plan, client, pages)
        _refuse_unreadable(pages)
        _refuse_other_account(runtime, plan, client, pages)
        finish_reading(runtime, plan, pages, client)
    except tuple(FAILURES) as error:
        fail_reading(runtime, plan, pages, client, error=error)
    except Exception as error:  # the edge of a job: the row must not stay running
        logger.exception("a reading broke", extra={"reading_id": reading_id})
        fail_reading(runtime, plan, pages, client, error=error)


def _fetch(runtime: Runtime, plan: Plan, client: AccountingClient, pages: ReadingPages) -> None:
    told_at = -PROGRESS_EVERY_S
    with heartbeat(runtime, plan):
        for page in client.customer_pages(changed_since=plan.changed_since_at):
            pages.add(page)
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


def _refuse_upheaval(runtime: Runtime, plan: Plan, pages: ReadingPages) -> None:
    """Read everybody where a delta changes more than half of the account.

    Books that were made anew (a demo company that starts over, a restored copy) show as so many
    changes, and not every provider tells who is gone. Raises DeltaNotPossible.
    """
    if plan.kind is ReadingKind.FULL or len(pages) < DOUBT_LEAST:
        return
    with only_reading(), runtime.sessions() as session:
        known, _ = count_gone(session, plan.account_id, pages)
    if len(pages) * 2 > known:
        raise DeltaNotPossible


def _refuse_unreadable(pages: ReadingPages) -> None:
    """Refuse a list of which more than a fifth has no id, or all of it: it is not ours to count.

    Raises UnreadableAnswer.
    """
    unreadable, whole = pages.unreadable_count, len(pages) + pages.unreadable_count
    if unreadable == whole > 0 or (unreadable >= UNREADABLE_LEAST and unreadable * 5 > whole):
        raise UnreadableAnswer("Too many rows of the list have no id.")


def _refuse_other_account(
    runtime: Runtime, plan: Plan, client: AccountingClient, pages: ReadingPages
) -> None:
    """Ask whose list this is when most of the customers known before are missing in it.

    A list says nothing about the account it belongs to, and a wrong one would mark everybody as
    gone. Costs a call or two, and only then: Xero names the account apart from the list, so a
    right name alone does not tell.
    """
    if plan.kind is not ReadingKind.FULL:
        return
    with only_reading(), runtime.sessions() as session:
        known, gone = count_gone(session, plan.account_id, pages)
        if known < DOUBT_LEAST or gone * 2 <= known:
            return
        strangers, since = find_strangers(session, plan.connection_id, pages)
        expected_name = session.get_one(RemoteAccount, plan.account_id).name
    with heartbeat(runtime, plan):
        if client.remote_account().name != expected_name:
            raise OtherAccountAnswered
        if since and came_unseen(client, strangers, since=since, listed=len(pages)):
            raise OtherAccountAnswered
