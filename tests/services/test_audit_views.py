"""Who did what and when, in words, by kind, page by page and as a file."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.orm import Session

from models import AuditEvent, Company, ImportRun, ImportState
from models.base import new_public_id
from services.audit import AuditAction, record_event
from services.audit_views import count_audit, list_audit, stream_audit_csv
from services.audit_words import KINDS, AuditKind, AuditWords, actions_of, tell_event
from services.runtime import Runtime
from tests.factories import NOW, make_customer
from tests.services.support import Place

ADDED, EDITED = AuditAction.CUSTOMER_ADDED, AuditAction.CUSTOMER_EDITED


def _record(
    session: Session,
    place: Place,
    action: AuditAction,
    *,
    subject: str = "quickbooks",
    detail: str = "",
    minutes: int = 0,
    by_nobody: bool = False,
) -> None:
    record_event(
        session,
        company_id=place.company_id,
        user_id=None if by_nobody else place.admin.user_id,
        action=action,
        subject=subject,
        detail=detail,
        now=NOW - timedelta(minutes=minutes),
    )
    session.commit()


def test_every_action_has_a_kind_and_words() -> None:
    told = {action: tell_event(action, subject="quickbooks", detail="") for action in AuditAction}

    assert set(KINDS) == set(AuditAction)
    assert all(words.what and "{" not in words.what for words in told.values())


@pytest.mark.parametrize(
    ("action", "subject", "detail", "words"),
    [
        (AuditAction.CONNECTED, "xero", "", ("Connected Xero", "")),
        (AuditAction.IGNORED, "remote customers", "1", ("Ignored 1 customer", "")),
        (AuditAction.IGNORED, "remote customers", "1204", ("Ignored 1,204 customers", "")),
        (
            AuditAction.CHOSEN,
            "remote customers",
            "3 to link",
            ("Decided about 3 customers", "to link"),
        ),
        (EDITED, "0" * 16, "company_name, email", ("Changed a customer", "company, e-mail")),
        (AuditAction.UNLINKED, "0" * 16, "xero", ("Unlinked a customer from Xero", "")),
        (
            AuditAction.CUSTOMER_REMOVED,
            "0" * 16,
            "1 linked",
            ("Removed a customer", "1 link ended"),
        ),
        (AuditAction.CUSTOMER_REMOVED, "0" * 16, "0 linked", ("Removed a customer", "")),
        (AuditAction.STOPPED, "0" * 16, "2 left", ("Stopped an import", "2 left")),
        (AuditAction.UNDO_STOPPED, "0" * 16, "2 left", ("Stopped an undo", "2 left")),
        (AuditAction.USER_ADDED, "admin", "", ("Added a user", "admin")),
        (
            AuditAction.COUNTING_CHANGED,
            "quickbooks",
            "sub-customers included",
            ("Changed who counts in QuickBooks", "sub-customers included"),
        ),
        (AuditAction.DISCONNECTED, "sage", "", ("Disconnected the accounting software", "")),
        ("flew away", "x", "twice", ("Flew away", "twice")),
    ],
)
def test_an_event_is_told_in_words(
    action: str, subject: str, detail: str, words: tuple[str, str]
) -> None:
    assert tell_event(action, subject=subject, detail=detail) == AuditWords(*words)


def test_the_newest_comes_first_with_who_did_it(session: Session, harbor: Place) -> None:
    _record(session, harbor, AuditAction.CONNECTED, minutes=2)
    _record(session, harbor, AuditAction.UNSUBSCRIBED, minutes=1, by_nobody=True)
    _record(session, harbor, AuditAction.USER_ADDED, subject="admin", by_nobody=True)

    entries = list_audit(session, harbor.company_id).entries

    assert [entry.words.what for entry in entries] == [
        "Added a user",
        "Left the daily report",
        "Connected QuickBooks",
    ]
    assert [entry.who for entry in entries] == ["the command line", "a recipient", "Ada Brandt"]
    assert [entry.is_user for entry in entries] == [False, False, True]


@pytest.mark.parametrize("kind", [kind for kind in AuditKind if kind is not AuditKind.ALL])
def test_a_kind_shows_its_actions_only(session: Session, harbor: Place, kind: AuditKind) -> None:
    for minutes, action in enumerate(AuditAction):
        _record(session, harbor, action, minutes=minutes)

    entries = list_audit(session, harbor.company_id, kind=kind).entries
    counts = count_audit(session, harbor.company_id)

    assert {entry.kind for entry in entries} == {kind}
    assert len(entries) == len(actions_of(kind)) == counts[kind]
    assert counts[AuditKind.ALL] == len(AuditAction)


@pytest.mark.parametrize("kind", [AuditKind.ALL, AuditKind.CUSTOMERS])
def test_pages_hold_everything_once_although_moments_are_equal(
    session: Session, harbor: Place, kind: AuditKind
) -> None:
    for number in range(9):
        _record(
            session, harbor, (ADDED, EDITED)[number % 2], detail=str(number), minutes=number // 4
        )
    found, after = [], None

    for _ in range(10):
        page = list_audit(session, harbor.company_id, kind=kind, after=after, page_rows=2)
        found += [entry.at for entry in page.entries]
        after = page.next_after
        if after is None:
            break

    assert after is None
    assert len(found) == 9
    assert found == sorted(found, reverse=True)


@pytest.mark.parametrize("after", ["", "x", "1", "-1-2", "9" * 17 + "-1", "1-" + "9" * 30, "١-١"])
def test_a_strange_key_is_survived(session: Session, harbor: Place, after: str) -> None:
    _record(session, harbor, ADDED)

    page = list_audit(session, harbor.company_id, after=after)

    assert len(page.entries) <= 1
    assert page.next_after is None


def test_another_company_sees_nothing_of_it(
    session: Session, harbor: Place, elsewhere: Place
) -> None:
    _record(session, harbor, ADDED)

    assert list_audit(session, elsewhere.company_id).entries == ()
    assert count_audit(session, elsewhere.company_id)[AuditKind.ALL] == 0


def test_an_import_and_a_customer_who_is_here_are_named(session: Session, harbor: Place) -> None:
    run = ImportRun(
        public_id=new_public_id(),
        company_id=harbor.company_id,
        account_id=harbor.account_id,
        state=ImportState.FINISHED,
        created_at=NOW,
        chosen_count=1,
    )
    session.add(run)
    customer = make_customer(session, session.get_one(Company, harbor.company_id))
    _record(session, harbor, AuditAction.IMPORTED, subject=run.public_id, minutes=3)
    _record(session, harbor, ADDED, subject=customer.public_id, minutes=2)
    _record(session, harbor, AuditAction.CUSTOMER_EDITED, subject=new_public_id(), minutes=1)

    gone, here, imported = list_audit(session, harbor.company_id).entries

    assert imported.run is not None
    assert (imported.run.provider, imported.run.public_id) == ("quickbooks", run.public_id)
    assert (here.customer_public_id, gone.customer_public_id) == (customer.public_id, "")


def test_the_file_has_both_times_and_no_formula(
    runtime: Runtime, session: Session, harbor: Place
) -> None:
    _record(session, harbor, AuditAction.REPORT_CHANGED, detail="=1+1")
    session.add(
        AuditEvent(company_id=harbor.company_id, at=NOW, action="@odd", subject="", detail="-1")
    )
    session.commit()

    zone = ZoneInfo("America/New_York")
    text = "".join(stream_audit_csv(runtime, harbor.company_id, zone=zone))
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))

    assert rows[0][:2] == ["When", "When (UTC)"]
    assert rows[1] == [
        "2026-11-20 09:00:00",
        "2026-11-20 14:00:00",
        "the command line",
        "",
        "'@odd",
        "'-1",
    ]
    assert rows[2][2:] == ["Ada Brandt", "report", "Changed the daily report", "'=1+1"]
