"""What a test of importing from the page looks at: who is there, who is here, what is said."""

from __future__ import annotations

import re

from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from models import Customer, ImportRun, RemoteCustomer, RemoteState
from tests.blueprints.support import QUICKBOOKS, text_of

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
