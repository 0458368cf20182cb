"""Whom a test of the review decides about, and what is stored and offered afterwards."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import (
    Bin,
    Company,
    Connection,
    Customer,
    Reading,
    RemoteAccount,
    RemoteCustomer,
    RemoteState,
)
from tests.blueprints.support import QUICKBOOKS, make_counted
from tests.factories import make_customer, make_remote_customer
from tests.matching_factories import make_matched, make_suggestion

CHOOSE, TAKE_BACK = f"{QUICKBOOKS}/choose", f"{QUICKBOOKS}/take-back"
APART, TOGETHER = f"{QUICKBOOKS}/apart", f"{QUICKBOOKS}/together"
IGNORE, RESTORE = f"{QUICKBOOKS}/ignore", f"{QUICKBOOKS}/restore"
LINK, CREATE = {"outcome": "link"}, {"outcome": "create"}


@dataclass
class Maybes:
    """Three who look like somebody here, one each, and a New one."""

    reading: Reading
    remotes: list[RemoteCustomer]
    customers: list[Customer]
    new: RemoteCustomer

    def token(self, number: int, *, pair: bool = True) -> str:
        remote, customer = self.remotes[number], self.customers[number]
        beside = f".{customer.revision}.{customer.public_id}" if pair else ""
        return f"{remote.public_id}:{remote.revision}{beside}"

    def form(self, *numbers: int, **more: Any) -> dict[str, Any]:
        return {"id": [self.token(number) for number in numbers], "from": "list"} | more


def make_maybes(session: Session, connection: Connection, company: Company) -> Maybes:
    """Three in the bin Maybe and one New, in an account that matching has seen to."""
    reading = make_counted(session, connection, unsynced=0, counted_count=4)
    remotes, customers = [], []
    for name in ("Brown", "Green", "White"):
        remote = make_remote_customer(session, reading, name=f"{name} & Daughters", bin=Bin.MAYBE)
        customer = make_customer(session, company, name=f"{name} and Daughters")
        make_suggestion(session, remote, customer, tier="likely", reasons="similar_name")
        remotes.append(remote)
        customers.append(customer)
    new = make_remote_customer(session, reading, name="Novel")
    make_matched(session, session.get_one(RemoteAccount, reading.account_id))
    return Maybes(reading, remotes, customers, new)


def stored_bins(session: Session) -> dict[str, int]:
    with Session(session.get_bind()) as another:
        unsynced = RemoteCustomer.state == RemoteState.UNSYNCED
        found = another.scalars(select(RemoteCustomer.bin).where(unsynced)).all()
    return {bin_.value: found.count(bin_) for bin_ in set(found)}


def count_of(session: Session, table: type[Any]) -> int:
    with Session(session.get_bind()) as another:
        return len(another.scalars(select(table)).all())


def undo_of(html: str) -> tuple[str, dict[str, str]]:
    """The address and the fields of the form that takes the last decision back."""
    form = re.search(r'<form method="post" action="([^"]+)"((?:(?!</form>).)*)id="undo"', html)
    assert form
    fields = re.findall(r'name="(\w+)" value="([^"]*)"', form[2])
    return form[1], {name: value for name, value in fields if name != "csrf_token"}
