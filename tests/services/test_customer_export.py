"""Everything that is held about one customer, as a file for that person."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models import AuditEvent, Customer, RemoteCustomer, User
from services.customer_export import export_customer
from services.customers import UnknownCustomer
from services.export_words import CUSTOMER, LEFT_OUT, REMOTE
from services.runtime import Runtime
from tests.factories import NOW, make_link
from tests.matching_factories import make_suggestion, make_told_apart
from tests.services.undoing import Undoing


@pytest.fixture
def undoing(session: Session, runtime: Runtime) -> Undoing:
    return Undoing(session, runtime)


def _export(undoing: Undoing, customer: Customer) -> str:
    return export_customer(undoing.session, undoing.ada, customer.public_id, now=NOW)


def _told(undoing: Undoing, customer: Customer) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(_export(undoing, customer))
    return told


@pytest.mark.parametrize(("model", "words"), [(Customer, CUSTOMER), (RemoteCustomer, REMOTE)])
def test_every_column_is_in_the_file_or_left_out_for_a_reason(model: Any, words: Any) -> None:
    table = model.__table__

    columns = {column.name for column in table.columns}

    assert columns == words.keys() | LEFT_OUT[table.name]
    assert len(set(words.values())) == len(words)


@pytest.mark.both_databases
def test_the_file_tells_fields_history_books_and_imports(undoing: Undoing) -> None:
    remote = undoing.there(name="Ñandú Ltd", phone="555-0101", balance_cents=1250)
    undoing.imported(remote)
    customer = undoing.customer_of(remote)
    undoing.edit(customer, phone="555-0199")

    text = _export(undoing, undoing.customer_of(remote))

    told = json.loads(text)
    assert "Ñandú Ltd" in text
    assert (told["customer"]["name"], told["customer"]["phone"]) == ("Ñandú Ltd", "555-0199")
    assert told["customer"]["customer since"] == "2026-11-20T09:00:00-05:00"
    assert [each["what"] for each in told["history"]] == ["edited", "created"]
    assert told["history"][0]["changes"] == [
        {"field": "phone", "before": "555-0101", "after": "555-0199"}
    ]
    assert told["links"][0]["number there"] == remote.remote_id
    (read,) = told["read in the accounting software"]
    assert (read["phone"], read["open balance in cents"]) == ("555-0101", 1250)
    (item,) = told["imports"]
    assert (item["accounting software"], item["outcome"]) == ("QuickBooks", "created")
    assert [each["what"] for each in told["record of actions"]] == ["Changed a customer"]


@pytest.mark.both_databases
def test_whom_the_books_merged_into_the_customer_is_in_the_file(undoing: Undoing) -> None:
    remote = undoing.there()
    undoing.imported(remote)
    customer = undoing.customer_of(remote)
    undoing.there(name="Former Oyelaran", merged_into_remote_id=remote.remote_id)
    other = undoing.there(name="Hedvika", merged_into_remote_id=remote.remote_id)
    make_link(undoing.session, other, undoing.here(name="Hedvika"))
    undoing.session.commit()

    text = _export(undoing, customer)

    read = json.loads(text)["read in the accounting software"]
    assert [each["name"] for each in read] == [remote.name, "Former Oyelaran"]
    assert "Hedvika" not in text


def test_the_same_rows_give_the_same_text(undoing: Undoing) -> None:
    customer = undoing.here()

    assert _export(undoing, customer) == _export(undoing, customer)


def test_the_file_names_nobody_else(undoing: Undoing) -> None:
    """Neither who of the company did something, nor who else looks alike."""
    undoing.session.execute(update(User).values(name="Ada Brandt", email="ada@example.com"))
    undoing.session.commit()
    remote, twin = undoing.there(), undoing.there(name="Hedvika Oyelaran", email="h@example.com")
    undoing.imported(remote)
    customer = undoing.customer_of(remote)
    undoing.edit(customer, phone="555-0199")
    make_suggestion(undoing.session, twin, customer)
    make_told_apart(undoing.session, twin, customer)

    text = _export(undoing, customer)

    told = json.loads(text)
    assert [each["why"] for each in told["found to be alike"]] == ["Same name and same e-mail."]
    assert len(told["told apart"]) == 1
    for word in ("Hedvika", "h@example.com", "Ada", "ada@example.com"):
        assert word not in text


def test_another_customer_of_the_company_is_not_in_the_file(undoing: Undoing) -> None:
    other, there = undoing.here(name="Hedvika Oyelaran"), undoing.there(name="Hedvika Oyelaran")
    make_link(undoing.session, there, other)
    undoing.edit(other, phone="555-0199")

    text = _export(undoing, undoing.here(name="Ulf Quartey"))

    assert "Hedvika" not in text
    assert undoing.session.scalars(select(AuditEvent)).all()
    assert "Changed a customer" not in text


def test_another_company_knows_no_such_customer(
    undoing: Undoing, session: Session, runtime: Runtime
) -> None:
    here, other = undoing.here(), Undoing(session, runtime)

    with pytest.raises(UnknownCustomer):
        export_customer(session, other.ada, here.public_id, now=NOW)
