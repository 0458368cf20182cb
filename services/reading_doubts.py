"""Look twice at a list before it is believed: is it ours, is it everybody, can it be read."""

from __future__ import annotations

from models import ReadingKind, RemoteAccount
from services.database import only_reading
from services.providers.contract import AccountingClient, DeltaNotPossible, UnreadableAnswer
from services.reading_claim import Plan, heartbeat
from services.reading_end import OtherAccountAnswered
from services.reading_pages import ReadingPages
from services.remote_counts import Known, count_known
from services.remote_customers import count_gone
from services.runtime import Runtime
from services.strangers import are_others, came_unseen, find_strangers

#: From so many customers on, what concerns more than half of those known is looked at twice.
DOUBT_LEAST = 20
UNREADABLE_LEAST = 10


def doubt_delta(
    runtime: Runtime, plan: Plan, client: AccountingClient, pages: ReadingPages
) -> None:
    """Raise DeltaNotPossible where everybody should be read instead. Nothing for a whole list.

    Books that were made anew (a demo company that starts over, a restored copy) show as changes
    of more than half of the account, and not every provider tells who is gone. Newcomers cost
    one call: with them the account must come out as large as the provider counts, or they are
    another account's.
    """
    if plan.kind is ReadingKind.FULL:
        return
    if pages.unreadable_count:
        raise DeltaNotPossible  # who they are, and whether they are new, only a whole list shows
    if not len(pages):
        return
    with only_reading(), runtime.sessions() as session:
        known = count_known(session, plan.account_id, pages)
    if len(pages) >= DOUBT_LEAST and len(pages) * 2 > known.before:
        raise DeltaNotPossible
    if known.newcomers and not _adds_up(runtime, plan, client, known):
        raise DeltaNotPossible


def doubt_list(runtime: Runtime, plan: Plan, client: AccountingClient, pages: ReadingPages) -> None:
    """Raise UnreadableAnswer or OtherAccountAnswered for a whole list that cannot be ours."""
    if plan.kind is not ReadingKind.FULL:
        return
    if len(pages) == 0 < pages.unreadable_count or _can_hardly_be_read(pages):
        raise UnreadableAnswer("Too many rows of the list have no id.")
    _refuse_other_account(runtime, plan, client, pages)


def _can_hardly_be_read(pages: ReadingPages) -> bool:
    """Say whether more than a fifth of the rows have no id, and not just a few."""
    unreadable = pages.unreadable_count
    return unreadable >= UNREADABLE_LEAST and unreadable * 5 > len(pages) + unreadable


def _adds_up(runtime: Runtime, plan: Plan, client: AccountingClient, known: Known) -> bool:
    # A row that was deleted there may still be counted by the provider, as may an unreadable one.
    with heartbeat(runtime, plan):
        return known.present <= client.count_customers() <= known.at_most


def _refuse_other_account(
    runtime: Runtime, plan: Plan, client: AccountingClient, pages: ReadingPages
) -> None:
    """Ask whose list this is when most of the customers known before are missing or others in it.

    A list says nothing about the account it belongs to, and a wrong one would mark everybody as
    gone. Costs a call or two, and only then: Xero names the account apart from the list, so a
    right name alone does not tell.
    """
    with only_reading(), runtime.sessions() as session:
        known, gone = count_gone(session, plan.account_id, pages)
        if known < DOUBT_LEAST:
            return
        if gone * 2 <= known and not are_others(session, plan.account_id, pages):
            return
        strangers, since = find_strangers(session, plan.connection_id, pages)
        expected_name = session.get_one(RemoteAccount, plan.account_id).name
    with heartbeat(runtime, plan):
        if client.remote_account().name != expected_name:
            raise OtherAccountAnswered
        if since and came_unseen(client, strangers, since=since, listed=len(pages)):
            raise OtherAccountAnswered
