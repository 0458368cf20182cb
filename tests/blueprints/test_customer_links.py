"""The customer's page: where it is, what differs, taking theirs, unlinking, removing, history."""

from __future__ import annotations

import re
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import (
    AuditEvent,
    Connection,
    Customer,
    CustomerAction,
    CustomerEvent,
    CustomerLink,
    ImportItem,
    ImportRun,
    ImportState,
    ItemOutcome,
    RunKind,
)
from models.base import new_public_id
from services.remote_counts import VANISHED_FINGERPRINT
from tests.blueprints.linking import make_cool_cars
from tests.blueprints.support import Browser, text_of
from tests.factories import (
    NOW,
)

SEEN = re.compile(r'name="seen" value="([^"]*)"')


@pytest.fixture
def linked(session: Session, connection: Connection) -> SimpleNamespace:
    return make_cool_cars(session, connection)


def _taking(answer_text: str, **form: str) -> dict[str, str]:
    seen = SEEN.search(answer_text)
    return {"provider": "quickbooks", "remote": "61", "seen": seen[1] if seen else ""} | form


def _fresh(session: Session) -> Customer:
    session.expire_all()
    return session.scalars(select(Customer)).one()


def test_the_page_says_where_the_customer_is_and_what_differs(
    ada: Browser, linked: SimpleNamespace
) -> None:
    answer = ada.get(linked.path)

    text = text_of(answer)
    assert "QuickBooks Linked Open in QuickBooks" in text
    assert "customer 61 · seen 5 min ago" in text
    assert "open $755.00" in text
    assert "It can be invoiced in QuickBooks." in text
    assert "QuickBooks says something else" in text
    assert "2 differences" in text
    assert "Phone (415) 555-9933 differs: (415) 555-0000 Take theirs" in text
    assert "Take all 2 from QuickBooks" in text
    assert "Xero not connected" in text
    assert re.search(r'href="https://[^"]+61[^"]*"[^>]*rel="noreferrer"', answer.text)


def test_a_member_sees_what_differs_and_decides_nothing(
    mel: Browser, session: Session, linked: SimpleNamespace
) -> None:
    page = mel.get(linked.path)
    form = {"provider": "quickbooks", "remote": "61"}
    answers = [
        mel.post(f"{linked.path}/take-theirs", form | {"field": "phone"}),
        mel.get(f"{linked.path}/unlink?provider=quickbooks&remote=61"),
        mel.post(f"{linked.path}/unlink", form),
    ]

    assert "An admin can take theirs." in text_of(page)
    assert "Take all" not in page.text
    assert "Unlink" not in page.text
    assert "/settings" not in page.text
    assert [answer.status_code for answer in answers] == [403] * 3
    assert _fresh(session).phone == "(415) 555-9933"


def test_one_field_is_taken_over_and_the_history_says_so(
    ada: Browser, session: Session, linked: SimpleNamespace
) -> None:
    form = _taking(ada.get(linked.path).text, field="phone", every="email")

    answer = ada.post(f"{linked.path}/take-theirs", form)
    text = text_of(ada.get(linked.path))

    assert answer.status_code == 303
    assert (_fresh(session).phone, _fresh(session).email) == ("(415) 555-0000", "old@example.com")
    assert "Taken over from QuickBooks: phone." in text
    assert "1 difference" in text
    assert "Phone taken over from QuickBooks by Ada Brandt" in text
    assert "(415) 555-9933 → (415) 555-0000" in text


def test_every_field_is_taken_over_at_once(
    ada: Browser, session: Session, linked: SimpleNamespace
) -> None:
    form: dict[str, object] = dict(_taking(ada.get(linked.path).text, field=""))

    ada.post(f"{linked.path}/take-theirs", form | {"every": ["email", "phone"]})

    customer = _fresh(session)
    assert (customer.phone, customer.email) == ("(415) 555-0000", "new@example.com")
    assert session.scalars(select(CustomerLink)).one().differing == ""
    assert "says something else" not in text_of(ada.get(linked.path))


def test_what_changed_since_the_look_is_not_taken(
    ada: Browser, session: Session, linked: SimpleNamespace
) -> None:
    form = _taking(ada.get(linked.path).text, field="phone")
    linked.remote.phone, linked.remote.revision = "(415) 555-1111", 2
    session.commit()

    answer = ada.post(f"{linked.path}/take-theirs", form)

    assert answer.status_code == 409
    assert "Changed meanwhile" in text_of(answer)
    assert _fresh(session).phone == "(415) 555-9933"


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"field": "address"}, 422),
        ({"field": "origin"}, 422),
        ({"field": ""}, 422),
        ({"field": "phone", "remote": "62"}, 404),
        ({"field": "phone", "provider": "xero"}, 404),
        ({"field": "phone", "provider": "sage"}, 404),
    ],
)
def test_what_cannot_be_taken_is_told(
    ada: Browser, linked: SimpleNamespace, form: dict[str, str], status: int
) -> None:
    answer = ada.post(f"{linked.path}/take-theirs", _taking("", **form))

    assert answer.status_code == status
    assert "Nothing was changed." in text_of(answer)


@pytest.mark.parametrize(
    ("values", "tag", "words"),
    [
        (
            {"status": "archived"},
            "Archived or merged there",
            "If it was merged into another one there, unlink it here and link that one; "
            "if not, make it active again in QuickBooks.",
        ),
        (
            {"status": "archived", "merged_into_remote_id": "99"},
            "Merged there",
            "Look in QuickBooks for the one it was merged into",
        ),
        ({"fingerprint": VANISHED_FINGERPRINT}, "Gone there", "Look for it in QuickBooks"),
    ],
)
def test_who_ended_there_has_a_badge_and_a_next_step(
    ada: Browser,
    session: Session,
    linked: SimpleNamespace,
    values: dict[str, str],
    tag: str,
    words: str,
) -> None:
    for name, value in values.items():
        setattr(linked.remote, name, value)
    linked.remote.is_counted = False
    session.commit()

    text = text_of(ada.get(linked.path))

    assert tag in text
    assert words in text
    assert "It cannot be invoiced in QuickBooks" in text


def test_a_member_reads_that_an_admin_can_unlink(
    mel: Browser, session: Session, linked: SimpleNamespace
) -> None:
    linked.remote.status, linked.remote.is_counted = "archived", False
    session.commit()

    text = text_of(mel.get(linked.path))

    assert "Archived or merged there" in text
    assert "An admin can unlink it." in text
    assert "unlink it here" not in text


def test_the_page_tells_whose_value_a_field_is(
    mel: Browser, session: Session, connection: Connection, linked: SimpleNamespace
) -> None:
    session.add(
        CustomerEvent(
            company_id=linked.customer.company_id,
            customer_id=linked.customer.id,
            at=NOW - timedelta(days=1),
            action=CustomerAction.FILLED,
            account_id=connection.account_id,
            field="email",
            before="quickbooks-0123456789abcdef@placeholder.local",
            after="old@example.com",
        )
    )
    session.commit()

    answer = mel.get(linked.path)

    text = text_of(answer)
    assert "was empty at import, taken over from QuickBooks on 19 Nov 2026" in text
    assert "E-mail taken over from QuickBooks" in text
    assert "placeholder" not in answer.text


def test_the_history_leads_to_imports_for_admins_only(
    ada: Browser, mel: Browser, session: Session, linked: SimpleNamespace
) -> None:
    run = _run(session, linked, RunKind.IMPORT)
    item = {"run_id": run.id, "remote_id": "61", "customer_id": linked.customer.id}
    session.add(ImportItem(outcome=ItemOutcome.CREATED, **item))
    session.commit()

    for browser, is_led in ((ada, True), (mel, False)):
        answer = browser.get(linked.path)

        assert "Created from QuickBooks in import 1" in text_of(answer)
        assert (f"/imports/{run.public_id}" in answer.text) is is_led


def _run(session: Session, linked: SimpleNamespace, kind: RunKind) -> ImportRun:
    run = ImportRun(
        public_id=new_public_id(),
        company_id=linked.customer.company_id,
        account_id=linked.remote.account_id,
        kind=kind,
        state=ImportState.FINISHED,
        created_at=NOW,
        finished_at=NOW,
        chosen_count=1,
    )
    session.add(run)
    session.commit()
    return run


def test_zoe_finds_nothing_and_changes_nothing(
    zoe: Browser, session: Session, linked: SimpleNamespace
) -> None:
    form = {"provider": "quickbooks", "remote": "61", "field": "phone"}
    answers = [
        zoe.get(linked.path),
        zoe.post(f"{linked.path}/take-theirs", form),
        zoe.get(f"{linked.path}/unlink?provider=quickbooks&remote=61"),
        zoe.post(f"{linked.path}/unlink", form),
        zoe.get(f"{linked.path}/remove"),
        zoe.post(f"{linked.path}/remove"),
    ]

    assert [answer.status_code for answer in answers] == [404] * 6
    assert "Cool" not in "".join(answer.text for answer in answers)
    assert _fresh(session).phone == "(415) 555-9933"
    assert session.scalars(select(CustomerLink)).one()
    assert session.scalars(select(AuditEvent)).all() == []
