"""Recognise a list of another account by who stands in it."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models import Connection, Reading, ReadingKind, ReadingState, RemoteCustomer
from services.providers.contract import AccountingClient, CustomerRecord, DeltaNotPossible
from services.reading_pages import ReadingPages

#: Clocks differ, and FreshBooks writes its times without a zone.
MARGIN = timedelta(days=1)
#: So many customers tell whether a list is about the same people.
SAMPLE_ROWS = 1_000


def are_others(session: Session, account_id: int, pages: ReadingPages) -> bool:
    """Say whether most of the known customers in a list have become somebody else.

    QuickBooks numbers the customers of every company from 1, so another company's list holds our
    ids: under other names and with other addresses.
    """
    known = {
        remote_id: (name, emails_text)
        for remote_id, name, emails_text in session.execute(
            select(RemoteCustomer.remote_id, RemoteCustomer.name, RemoteCustomer.emails_text)
            .where(
                RemoteCustomer.account_id == account_id,
                RemoteCustomer.is_counted.is_(True),
                RemoteCustomer.erased_at.is_(None),
            )
            .order_by(RemoteCustomer.id)
            .limit(SAMPLE_ROWS)
        )
    }
    listed = [record for record in pages.records() if record.remote_id in known]
    others = sum(_is_other(record, *known[record.remote_id]) for record in listed)
    return others * 2 > len(listed)


def _is_other(record: CustomerRecord, name: str, emails_text: str) -> bool:
    has_other_email = record.emails_text != emails_text or not emails_text
    return record.name != name and has_other_email


def find_strangers(
    session: Session, connection_id: int, pages: ReadingPages
) -> tuple[frozenset[str], datetime | None]:
    """Return who in a list is not known here, and since when they must have come.

    None: nothing is known of when. An admin who has reconnected since the last whole reading has
    made sure which account this is.
    """
    connection = session.get_one(Connection, connection_id)
    account_id = connection.account_id
    read_at = session.scalar(
        select(func.max(Reading.started_at)).where(
            Reading.account_id == account_id,
            Reading.state == ReadingState.FINISHED,
            Reading.kind == ReadingKind.FULL,
        )
    )
    is_known_since = read_at is not None and read_at >= connection.connected_at
    known = session.scalars(
        select(RemoteCustomer.remote_id).where(RemoteCustomer.account_id == account_id)
    )
    strangers = {record.remote_id for record in pages.records()}.difference(known)
    return frozenset(strangers), read_at - MARGIN if read_at and is_known_since else None


def came_unseen(
    client: AccountingClient, strangers: frozenset[str], *, since: datetime, listed: int
) -> bool:
    """Say whether most of a whole list are strangers whom the provider does not call new.

    Whoever stands in the list now and did not in the last one must have come since, so the
    changes since then name them. A company that starts over has newcomers, another account has
    not. Calls the network, once or a little more.
    """
    if len(strangers) * 2 <= listed:
        return False
    try:
        pages = client.customer_pages(changed_since=since)
        changed = {record.remote_id for page in pages for record in page.records}
    except DeltaNotPossible:
        # Too much is new to be told at once.
        return False
    return len(strangers - changed) * 2 > listed
