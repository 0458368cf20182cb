"""Who is counted and who is left out, in the words of each provider."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.orm import Session

from models import RemoteState
from tests.blueprints.support import Browser, make_counted, text_of
from tests.factories import make_account, make_connection, make_remote_customer

LEFT_OUT: dict[str, Any] = {"state": RemoteState.LEFT_OUT, "is_counted": False}
SUPPLIER = LEFT_OUT | {"kind": "supplier"}
ARCHIVED = LEFT_OUT | {"status": "archived"}
SUB_CUSTOMER = LEFT_OUT | {"kind": "sub_customer"}
PROJECT = LEFT_OUT | {"kind": "project"}


@pytest.mark.parametrize(
    ("provider", "left_out", "rule"),
    [
        (
            "quickbooks",
            [SUB_CUSTOMER, SUB_CUSTOMER, PROJECT, ARCHIVED],
            "Counted are active, top-level customers. "
            "Left out: 2 sub-customers, 1 project and 1 archived.",
        ),
        (
            "quickbooks",
            [],
            "Counted are active, top-level customers. "
            "Sub-customers, projects and archived ones are left out.",
        ),
        (
            "xero",
            [SUPPLIER, SUPPLIER, ARCHIVED],
            "Counted are active contacts that are not suppliers only. "
            "Left out: 2 suppliers and 1 archived.",
        ),
        (
            "xero",
            [SUPPLIER],
            "Counted are active contacts that are not suppliers only. Left out: 1 supplier.",
        ),
        ("xero", [], "Counted are active contacts that are not suppliers only. Review & import"),
        ("freshbooks", [ARCHIVED] * 3, "Counted are active clients. Left out: 3 archived."),
    ],
)
def test_the_rule_is_told_as_it_is_for_this_account(
    ada: Browser,
    session: Session,
    people: SimpleNamespace,
    provider: str,
    left_out: list[dict[str, Any]],
    rule: str,
) -> None:
    account = make_account(session, people.company, provider=provider)
    reading = make_counted(session, make_connection(session, account), unsynced=1)
    for values in left_out:
        make_remote_customer(session, reading, **values)

    page = f"/settings/integrations/{provider}"
    text = text_of(ada.htmx_get(f"{page}/unsynced", page=page))

    assert rule in text


@pytest.mark.parametrize(
    ("show", "name", "chip"),
    [("suppliers", "Sun Supply", "Suppliers 1"), ("archived", "Ari", "Archived 1")],
)
def test_whoever_is_left_out_can_be_looked_up(
    ada: Browser, session: Session, people: SimpleNamespace, show: str, name: str, chip: str
) -> None:
    account = make_account(session, people.company, provider="xero")
    reading = make_counted(session, make_connection(session, account), unsynced=1)
    make_remote_customer(session, reading, name="Sun Supply", **SUPPLIER)
    make_remote_customer(session, reading, name="Ari", **ARCHIVED)

    answer = ada.get(f"/settings/integrations/xero/review?show={show}")

    rows = text_of(answer).split("Customer E-mail")[1]
    assert [found for found in ("Sun Supply", "Ari", "Customer 000") if found in rows] == [name]
    assert chip in text_of(answer)
    assert "/ignore" not in answer.text


@pytest.mark.parametrize(
    ("show", "sentence"),
    [
        ("suppliers", "Nobody is a supplier only"),
        ("sub_customers", "No sub-customer is left out"),
    ],
)
def test_an_empty_list_of_those_says_so(
    ada: Browser, session: Session, people: SimpleNamespace, show: str, sentence: str
) -> None:
    account = make_account(session, people.company, provider="xero")
    make_counted(session, make_connection(session, account), unsynced=1)

    page = f"/settings/integrations/xero/review?show={show}"

    assert sentence in text_of(ada.get(page))
    assert "matches" in text_of(ada.get(f"{page}&q=nobody"))
