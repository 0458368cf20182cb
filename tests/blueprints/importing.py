"""What a test of importing from the page looks at: who is there, who is here, what is said."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from models import (
    Connection,
    Customer,
    ImportItem,
    ImportRun,
    ImportState,
    ItemOutcome,
    RemoteCustomer,
    RemoteState,
)
from tests.blueprints.support import QUICKBOOKS, text_of
from tests.factories import NOW

IMPORTS = f"{QUICKBOOKS}/imports"
REVIEW = f"{QUICKBOOKS}/review"


def ids_of(session: Session, *states: RemoteState) -> list[str]:
    """The public ids in these states, with no transaction left open behind."""
    query = select(RemoteCustomer.public_id).where(RemoteCustomer.state.in_(states))
    with Session(session.get_bind()) as another:
        return list(another.scalars(query.order_by(RemoteCustomer.id)))


def unsynced_ids(session: Session) -> list[str]:
    return ids_of(session, RemoteState.UNSYNCED)


def names_here(session: Session) -> list[str]:
    """The customers of all companies, by name."""
    with Session(session.get_bind()) as another:
        return sorted(another.scalars(select(Customer.name)))


def runs_of(session: Session) -> list[ImportRun]:
    with Session(session.get_bind()) as another:
        return list(another.scalars(select(ImportRun).order_by(ImportRun.id)))


def bins_of(answer: TestResponse) -> dict[str, int]:
    """The numbers of a receipt or of a plan, by their words."""
    found = re.findall(r"<b>([\d,]+)</b> <strong>(\w+)</strong>", answer.text)
    return {word: int(number.replace(",", "")) for number, word in found}


def dock_of(answer: TestResponse) -> str:
    """The words of the line that says what an import would do."""
    text = text_of(answer)
    found = re.search(r"[\d,]+ create · [\d,]+ link · .*", text)
    return found[0] if found else ""


def poll_of(html: str) -> tuple[str, int] | None:
    """The address that a region asks next and after how many ms, None when it has stopped."""
    found = re.search(
        r'id="(?:import-run|unsynced-body)"[^>]*hx-get="([^"]+)"[^>]*delay:(\d+)', html
    )
    return (found[1].replace("&amp;", "&"), int(found[2])) if found else None


def make_run(session: Session, connection: Connection, **overrides: Any) -> ImportRun:
    """An import that ended a minute ago and brought nobody."""
    values = {
        "company_id": connection.company_id,
        "account_id": connection.account_id,
        "requested_by_id": connection.connected_by_id,
        "state": ImportState.FINISHED,
        "created_at": NOW - timedelta(minutes=2),
        "began_at": NOW - timedelta(minutes=2),
        "finished_at": NOW - timedelta(minutes=1),
        "chosen_count": 0,
        "attempts": 1,
    }
    run = ImportRun(**values | overrides)
    session.add(run)
    session.commit()
    return run


def make_item(
    session: Session, run: ImportRun, remote_id: str, outcome: ItemOutcome, **overrides: Any
) -> ImportItem:
    """What became of one customer of the run."""
    item = ImportItem(run_id=run.id, remote_id=remote_id, outcome=outcome, **overrides)
    session.add(item)
    session.commit()
    return item


def address_of(run: ImportRun, page: str = "") -> str:
    return f"{IMPORTS}/{run.public_id}{page}"
