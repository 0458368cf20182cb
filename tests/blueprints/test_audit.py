"""Settings > Audit: what was done by clicks is told there, to admins of the company only."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy.orm import Session

from models import Connection
from services.audit import AuditAction, record_event
from services.audit_views import PAGE_ROWS
from tests.blueprints.linking import make_cool_cars
from tests.blueprints.support import Browser, text_of
from tests.factories import NOW

AUDIT = "/settings/audit"


def _record(
    session: Session, people: SimpleNamespace, action: AuditAction, *, minutes: int = 0
) -> None:
    record_event(
        session,
        company_id=people.company.id,
        user_id=people.ada.id,
        action=action,
        subject="quickbooks",
        detail="",
        now=NOW - timedelta(minutes=minutes),
    )
    session.commit()


def test_what_people_do_is_told_in_words(
    ada: Browser, mel: Browser, session: Session, connection: Connection
) -> None:
    path = make_cool_cars(session, connection).path
    link = {"provider": "quickbooks", "remote": "61"}
    mel.post("/customers/new", {"name": "Otto"})
    mel.post(f"{path}/edit", {"name": "Cool Cars", "phone": "1", "email": "old@example.com"})
    ada.post(f"{path}/take-theirs", link | {"field": "email"})
    ada.post(f"{path}/unlink", link)
    mel.post(f"{path}/remove")

    text = text_of(ada.get(AUDIT))

    for words in (
        "Mel Osei Added a customer",
        "Mel Osei Changed a customer phone",
        "Ada Brandt Took what the accounting software says e-mail",
        "Ada Brandt Unlinked a customer from QuickBooks",
        "Mel Osei Removed a customer",
    ):
        assert words in text
    assert "All 5" in text
    assert "Customers 5" in text
    assert "Cool Cars" not in text
    assert "example.com" not in text


def test_times_are_those_of_the_company(
    ada: Browser, session: Session, people: SimpleNamespace
) -> None:
    _record(session, people, AuditAction.CONNECTED)

    assert "20 Nov 2026, 09:00 Ada Brandt Connected QuickBooks" in text_of(ada.get(AUDIT))


def test_a_kind_is_filtered_and_an_unknown_one_shows_all(
    ada: Browser, session: Session, people: SimpleNamespace
) -> None:
    _record(session, people, AuditAction.CONNECTED)
    _record(session, people, AuditAction.REPORT_CHANGED)

    report = text_of(ada.get(f"{AUDIT}?kind=report"))
    unknown = text_of(ada.get(f"{AUDIT}?kind=%00"))

    assert "Changed the daily report" in report
    assert "Connected QuickBooks" not in report
    assert "Connected QuickBooks" in unknown
    assert "Nothing of this kind yet" in text_of(ada.get(f"{AUDIT}?kind=users"))


def test_older_entries_follow_by_key(
    ada: Browser, session: Session, people: SimpleNamespace
) -> None:
    for number in range(PAGE_ROWS + 1):
        action = AuditAction.CONNECTED if number == PAGE_ROWS else AuditAction.DISCONNECTED
        _record(session, people, action, minutes=number)

    first = ada.get(AUDIT)
    found = re.search(r'href="([^"]+after=[^"]+)">Older', first.text)
    assert found
    second = text_of(ada.get(found[1].replace("&amp;", "&")))

    assert "Connected QuickBooks" not in text_of(first)
    assert second.count("onnected QuickBooks") == 1
    assert "Newest" in second


@pytest.mark.parametrize("after", ["' OR 1=1", "\x00", "1-1", "9" * 90, "-"])
def test_a_strange_key_is_survived(
    ada: Browser, session: Session, people: SimpleNamespace, after: str
) -> None:
    _record(session, people, AuditAction.CONNECTED)

    assert ada.get(AUDIT, query_string={"after": after}).status_code == 200


def test_it_is_a_file(ada: Browser, session: Session, people: SimpleNamespace) -> None:
    _record(session, people, AuditAction.CONNECTED)
    _record(session, people, AuditAction.REPORT_CHANGED)

    answer = ada.get(f"{AUDIT}.csv?kind=connections")

    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert "audit-connections-2026-11-20.csv" in answer.headers["Content-Disposition"]
    assert rows[1] == [
        "2026-11-20 09:00:00",
        "2026-11-20 14:00:00",
        "Ada Brandt",
        "connections",
        "Connected QuickBooks",
        "",
    ]
    assert len(rows) == 2


def test_it_stands_in_the_menu_of_the_settings(ada: Browser) -> None:
    page = ada.get("/settings/integrations")

    assert f'href="{AUDIT}"' in page.text


def test_a_member_and_zoe_see_nothing_of_it(
    mel: Browser, zoe: Browser, session: Session, people: SimpleNamespace
) -> None:
    _record(session, people, AuditAction.CONNECTED)

    assert [mel.get(path).status_code for path in (AUDIT, f"{AUDIT}.csv")] == [403, 403]
    assert "Connected QuickBooks" not in text_of(zoe.get(AUDIT))
    assert "Connected" not in zoe.get(f"{AUDIT}.csv").text
