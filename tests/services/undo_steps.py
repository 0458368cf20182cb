"""What may happen between an import and its undo, one step at a time, by chance."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from models import (
    Customer,
    CustomerLink,
    RemoteCustomer,
)
from services.customer_removal import remove_customer
from services.linked_customers import update_linked
from services.merged_customers import follow_merges
from tests.factories import make_link
from tests.services.undoing import PLACEHOLDER, Undoing

NAMES = ["Hedvika Oyelaran", "Ulf Quartey", "Cool Cars", "Okafor Marine", "Ada Pools"]
PHONES = ["415 555 0123", "212 555 0199", ""]
ADDRESSES = ["12 Alder Street, Thalby, CA 94107", ""]


def _details(chance: random.Random) -> dict[str, Any]:
    name = chance.choice(NAMES)
    return {
        "name": name,
        "company_name": chance.choice([f"{name} LLC", ""]),
        "phone": chance.choice(PHONES),
        "address": chance.choice(ADDRESSES),
        "kept_revision": 0,
    }


def make_lists(undoing: Undoing, chance: random.Random) -> None:
    """Some are here and there, some only there; who is here lacks this and that."""
    for number in range(8):
        both = _details(chance)
        email = chance.choice([f"c{number}@example.com", None])
        undoing.there(**both, email=email)
        if chance.random() < 0.6:
            lacking = {field: "" for field in ("phone", "address") if chance.random() < 0.4}
            has_email = email is not None and chance.random() < 0.7
            address = email if has_email else f"{number}{PLACEHOLDER}"
            undoing.here(**both | lacking, email=address, is_placeholder_email=not has_email)


def read_gains(undoing: Undoing, chance: random.Random) -> None:
    """A reading finds that the books have gained something, and fills who is linked."""
    remote = some_row(undoing, chance, RemoteCustomer)
    remote.phone, remote.address = remote.phone or PHONES[0], remote.address or ADDRESSES[0]
    remote.email = remote.email or f"gained-{remote.id}@example.com"
    remote.emails_text = remote.email
    remote.revision += 1
    undoing.session.flush()
    now = undoing.runtime.clock()
    update_linked(undoing.session, undoing.account(), [remote.remote_id], now=now)
    undoing.session.commit()


def _edit(undoing: Undoing, chance: random.Random) -> None:
    field, value = chance.choice(
        [("phone", "777 555 0101"), ("email", "typed@example.org"), ("name", "Typed Name")]
    )
    undoing.edit(some_row(undoing, chance, Customer), **{field: value})


def _link_elsewhere(undoing: Undoing, chance: random.Random) -> None:
    undoing.elsewhere(some_row(undoing, chance, Customer))


def _remove(undoing: Undoing, chance: random.Random) -> None:
    customer, now = some_row(undoing, chance, Customer), undoing.runtime.clock()
    remove_customer(undoing.session, undoing.ada, customer.public_id, now=now)


def _let_go(undoing: Undoing, chance: random.Random) -> None:
    link = some_row(undoing, chance, CustomerLink)
    if link is None or link.account_id != undoing.account_id:
        return
    remote = undoing.session.scalars(
        select(RemoteCustomer).where(
            RemoteCustomer.account_id == link.account_id,
            RemoteCustomer.remote_id == link.remote_id,
        )
    ).one()
    undoing.let_go(remote, undoing.session.get_one(Customer, link.customer_id))


def _merge(undoing: Undoing, chance: random.Random) -> None:
    """The books join somebody with another one who was not there before."""
    remote, heir = some_row(undoing, chance, RemoteCustomer), undoing.there()
    if remote.account_id == undoing.account_id:
        remote.merged_into_remote_id = heir.remote_id
        merges = {remote.remote_id: heir.remote_id}
        now = undoing.runtime.clock()
        follow_merges(undoing.session, undoing.account(), merges, now=now)
        undoing.session.commit()


def join(undoing: Undoing, chance: random.Random) -> None:
    """Somebody new comes here, perhaps with a row id that was used before, and is linked."""
    customer = undoing.here(**_details(chance))
    if chance.random() < 0.5:
        make_link(undoing.session, undoing.there(), customer)


def some_row(undoing: Undoing, chance: random.Random, table: type[Any]) -> Any:
    undoing.session.expire_all()
    rows = undoing.session.scalars(select(table).order_by(table.id)).all()
    return chance.choice(rows) if rows else None


STEPS: list[Callable[[Undoing, random.Random], None]] = [
    read_gains,
    read_gains,
    _edit,
    _link_elsewhere,
    _remove,
    _let_go,
    _merge,
    join,
]
