"""Settings of the report: what can be, what cannot and why, and a test to oneself."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Company, EmptyDay, ReportRecipient, ReportSettings
from services.mail import (
    MailError,
    MessageRefused,
    ServerAnswer,
    ServerTrouble,
    UncertainOutcome,
)
from tests.blueprints.support import Browser, text_of
from tests.factories import NOW, make_customer, make_report_recipient, make_report_settings
from tests.fakes import Outbox

PAGE = "/settings/reports"
FORM = {
    "on": "1",
    "hour": "7",
    "zone": "America/New_York",
    "empty": "skip",
    "recipients": "ada@example.com\r\nmel@example.com\r\n",
}


@pytest.fixture
def outbox(app: Flask) -> Outbox:
    outbox = Outbox()
    app.extensions["runtime"] = replace(app.extensions["runtime"], mailer=outbox)
    return outbox


def _settings(session: Session) -> ReportSettings | None:
    session.expire_all()
    return session.scalars(select(ReportSettings)).one_or_none()


def _addresses(session: Session) -> list[str]:
    query = select(ReportRecipient.address).where(ReportRecipient.removed_at.is_(None))
    return list(session.scalars(query.order_by(ReportRecipient.id)))


def _without(field: str) -> dict[str, str]:
    return {name: value for name, value in FORM.items() if name != field}


def test_a_company_begins_with_the_report_off(ada: Browser) -> None:
    answer = ada.get(PAGE)

    text = text_of(answer)
    assert "The report is off." in text
    assert '<option value="7" selected>07:00</option>' in answer.text
    assert 'value="America/New_York"' in answer.text
    assert " checked" not in answer.text


def test_an_admin_switches_it_on(ada: Browser, session: Session, people: SimpleNamespace) -> None:
    answer = ada.post(PAGE, FORM | {"hour": "18", "empty": "send", "zone": "Europe/Berlin"})

    assert (answer.status_code, answer.location) == (303, PAGE)
    settings = _settings(session)
    assert settings is not None
    assert (settings.is_on, settings.local_hour) == (True, 18)
    assert settings.on_empty_day is EmptyDay.SEND
    assert session.get_one(Company, people.company.id).zone == "Europe/Berlin"
    assert _addresses(session) == ["ada@example.com", "mel@example.com"]
    text = text_of(ada.get(PAGE))
    assert "The settings are saved." in text
    assert "Next: Fri 20 Nov, 18:00 (17:00 UTC)" in text


def test_a_next_mail_on_another_day_of_utc_says_so(ada: Browser) -> None:
    ada.post(PAGE, FORM | {"zone": "Pacific/Auckland"})

    assert "Next: Sun 22 Nov, 07:00 (Sat 21 Nov, 18:00 UTC)" not in text_of(ada.get(PAGE))
    assert "Next: Sat 21 Nov, 07:00 (Fri 20 Nov, 18:00 UTC)" in text_of(ada.get(PAGE))


def test_switching_it_off_keeps_the_list(ada: Browser, session: Session) -> None:
    ada.post(PAGE, FORM)

    ada.post(PAGE, _without("on"))

    settings = _settings(session)
    assert settings is not None
    assert not settings.is_on
    assert len(_addresses(session)) == 2


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("hour", "25", "The hour must be a whole number from 0 to 23."),
        ("hour", "-1", "The hour must be a whole number from 0 to 23."),
        ("hour", "7.5", "The hour must be a whole number from 0 to 23."),
        ("hour", "", "The hour must be a whole number from 0 to 23."),
        ("hour", "٧٧", "The hour must be a whole number from 0 to 23."),
        ("zone", "Mars/Base", "'Mars/Base' is not a time zone."),
        ("zone", "", "is not a time zone."),
        ("zone", "../../etc/passwd", "is not a time zone."),
        ("zone", "x" * 10_000, "is not a time zone."),
        ("recipients", "", "needs at least one recipient"),
        ("recipients", " \r\n\r\n", "needs at least one recipient"),
        ("recipients", "x@placeholder.local", "“x@placeholder.local” is not an"),
        ("recipients", "a@example.com, b; c@", "“b”, “c@” are not e-mail addresses that"),
        ("recipients", "a@example.com\rBcc: b@example.com", "“a@example.com Bcc: b@example.com”"),
        ("recipients", "a@example.com\x0bb@example.com", "“a@example.com b@example.com” is"),
        ("recipients", "not an address <", "“not an address <” is not an e-mail address."),
        ("recipients", "ada@", "“ada@” is not an e-mail address that"),
        ("recipients", "\n".join(f"r{n}@example.com" for n in range(21)), "at most 20 recipients"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field(
    ada: Browser, session: Session, field: str, value: str, sentence: str
) -> None:
    answer = ada.post(PAGE, FORM | {field: value})

    assert answer.status_code == 422
    assert "Nothing was saved." in text_of(answer)
    assert sentence in text_of(answer).replace("&lt;", "<")
    assert answer.text.count('aria-invalid="true"') == 1
    assert f'<a href="#{field}">' in answer.text and f' id="{field}"' in answer.text
    assert f'aria-describedby="{field}-wrong" autofocus>' in answer.text
    assert (_settings(session), _addresses(session)) == (None, [])


def test_all_wrong_fields_are_said_at_once_and_kept(ada: Browser) -> None:
    answer = ada.post(PAGE, FORM | {"hour": "25", "zone": "Mars/Base", "recipients": "nobody"})

    assert answer.text.count(" autofocus>") == answer.text.count('"hour-wrong" autofocus>') == 1
    assert "another look: At, Time zone, Add addresses." in text_of(answer)
    assert '<option value="25" selected>25</option>' in answer.text
    assert 'value="Mars/Base"' in answer.text
    assert ">nobody</textarea>" in answer.text


def test_a_hostile_list_is_only_text(ada: Browser) -> None:
    hostile = "</textarea><script>alert(1)</script>"

    answer = ada.post(PAGE, FORM | {"recipients": hostile, "zone": hostile, "hour": hostile})

    assert "<script>alert" not in answer.text


def test_the_same_address_twice_is_one(ada: Browser, session: Session) -> None:
    ada.post(PAGE, FORM | {"recipients": "ada@example.com\nADA@example.com\n\n ada@example.com "})

    assert len(_addresses(session)) == 1


def test_the_page_says_that_nobody_on_the_list_gets_mail(
    ada: Browser, session: Session, people: SimpleNamespace
) -> None:
    make_report_settings(session, people.company)
    for address, values in (
        ("olu@example.com", {"unsubscribed_at": NOW}),
        ("kim@example.com", {"refusal_count": 3}),
    ):
        make_report_recipient(session, people.company, address=address, **values)

    text = text_of(ada.get(PAGE))

    assert "Nothing would be sent: nobody on the list gets mail." in text


def test_mail_that_is_not_set_up_is_said(ada: Browser, outbox: Outbox, app: Flask) -> None:
    app.extensions["runtime"] = replace(app.extensions["runtime"], mailer=None)

    text = text_of(ada.get(PAGE))

    assert "Mail is not set up." in text
    assert "BLUECLERK_SMTP_URL" in text


def test_a_test_goes_to_whoever_asks(
    ada: Browser, session: Session, people: SimpleNamespace, outbox: Outbox
) -> None:
    make_customer(session, people.company, created_at=NOW - timedelta(days=1))

    answer = ada.post(f"{PAGE}/test")

    assert (answer.status_code, answer.location) == (303, PAGE)
    assert outbox.recipients == ["ada@example.com"]
    text = text_of(ada.get(PAGE))
    assert "The mail server took the test for ada@example.com and answered 250." in text


def test_a_test_is_told_in_its_place(ada: Browser, outbox: Outbox) -> None:
    answer = ada.htmx_post(f"{PAGE}/test", page=PAGE)

    assert answer.status_code == 200
    assert answer.text.lstrip().startswith('<div id="report-test"')
    assert "answered 250" in text_of(answer)


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (
            MessageRefused("The mail server refused it.", ServerAnswer(550, "No such user")),
            503,
            "The test did not go out. The mail server refused it. It answered 550 No such user.",
        ),
        (
            ServerTrouble("The mail server did not answer."),
            503,
            "The test did not go out. The mail server did not answer.",
        ),
        (UncertainOutcome("It gave no answer."), 503, " It gave no answer. The test may have"),
    ],
)
def test_a_test_that_failed_says_why(
    ada: Browser, outbox: Outbox, error: MailError, status: int, words: str
) -> None:
    outbox.errors["ada@example.com"] = error

    page, fragment = ada.post(f"{PAGE}/test"), ada.htmx_post(f"{PAGE}/test", page=PAGE)

    for answer in (page, fragment):
        assert answer.status_code == status
        assert words in text_of(answer)
        assert 'role="alert"' in answer.text
    assert "<!doctype" in page.text
    assert "<!doctype" not in fragment.text


def test_a_test_without_mail_set_up_says_so(ada: Browser) -> None:
    answer = ada.post(f"{PAGE}/test")

    assert answer.status_code == 409
    assert "Mail is not set up" in text_of(answer)


def test_a_test_changes_nothing(ada: Browser, session: Session, outbox: Outbox) -> None:
    ada.post(PAGE, FORM)
    before = [row.reported_from_at for row in session.scalars(select(ReportRecipient))]
    session.rollback()

    answer = ada.post(f"{PAGE}/test")

    session.expire_all()
    assert (answer.status_code, len(outbox.received)) == (303, 1)
    assert [row.reported_from_at for row in session.scalars(select(ReportRecipient))] == before
    assert "No report has gone out yet." in text_of(ada.get(PAGE))


def test_the_zones_can_be_searched(ada: Browser) -> None:
    text = ada.get(PAGE).text

    for zone in ("UTC", "Europe/Berlin", "Pacific/Kiritimati", "America/New_York"):
        assert f'<option value="{zone}"></option>' in text


def test_a_member_is_sent_to_an_admin(mel: Browser, session: Session) -> None:
    answers: list[Any] = [mel.get(PAGE), mel.post(PAGE, FORM), mel.post(f"{PAGE}/test")]

    assert [answer.status_code for answer in answers] == [403] * 3
    assert _settings(session) is None


def test_zoe_changes_her_own_company_only(
    zoe: Browser, session: Session, people: SimpleNamespace
) -> None:
    make_report_settings(session, people.company, local_hour=7)
    make_report_recipient(session, people.company, address="olu@example.com")

    seen = zoe.get(PAGE)
    zoe.post(PAGE, FORM | {"hour": "9", "recipients": "zoe@example.com"})

    assert "olu@example.com" not in seen.text
    session.expire_all()
    query = select(ReportSettings).where(ReportSettings.company_id == people.company.id)
    assert session.scalars(query).one().local_hour == 7
    assert set(_addresses(session)) == {"olu@example.com", "zoe@example.com"}


def test_the_tabs_say_where_one_is(ada: Browser) -> None:
    text = ada.get(PAGE).text

    assert f'<a href="{PAGE}" aria-current="page">Reports</a>' in text
    assert '<a href="/settings/integrations">Integrations</a>' in text


def test_switching_on_starts_with_today(ada: Browser, session: Session) -> None:
    ada.post(PAGE, FORM)

    settings = _settings(session)
    assert settings is not None and settings.reported_from_at is not None
    assert settings.reported_from_at.date() == date(2026, 11, 20)
