"""`flask report preview` and `send`."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import text

from models import Company, DeliveryState, ReportKind, ReportRecipient, ReportSettings
from services.mail import MessageRefused, ServerAnswer
from services.runtime import Runtime
from tests.commands.conftest import Run
from tests.conftest import Clock
from tests.factories import NOW, make_company, make_customer
from tests.services.reporting import Desk, make_desk


@pytest.fixture
def desk(app: Flask, runtime: Runtime, clock: Clock) -> Desk:
    """The company `harbor`, with the outbox in the place of the mail server."""
    desk = make_desk(runtime, clock, "ada@example.com", "mel@example.com")
    desk.change(Company, slug="harbor")
    app.extensions["runtime"] = desk.runtime
    return desk


def test_preview_prints_yesterdays_mail(desk: Desk, run: Run) -> None:
    desk.add_signups(name="Hidden", email="x@placeholder.local", is_placeholder_email=True)

    result = run("report", "preview")

    assert result.exit_code == 0
    assert result.output.startswith("Subject: 1 new customer on Friday, 20 November\n")
    assert "nell@example.com" in result.output
    assert "Hidden" not in result.output
    assert "placeholder" not in result.output
    assert desk.outbox.received == []


def test_preview_takes_a_date_and_a_company(desk: Desk, run: Run) -> None:
    with desk.runtime.sessions() as session:
        other = make_company(session, slug="other", zone="Europe/Berlin")
        make_customer(session, other, name="Zofia", created_at=NOW - timedelta(days=3))

    result = run("report", "preview", "--company", "other", "--date", "2026-11-17")

    assert "Zofia" in result.output
    assert "Tuesday, 17 November 2026 (Berlin)" in result.output


def test_preview_works_without_a_mail_server_and_while_the_report_is_off(
    app: Flask, desk: Desk, run: Run
) -> None:
    desk.change(ReportSettings, is_on=False)
    app.extensions["runtime"] = replace(desk.runtime, mailer=None)

    result = run("report", "preview")

    assert result.exit_code == 0
    assert "nell@example.com" in result.output


def test_send_mails_every_company_once(desk: Desk, run: Run) -> None:
    first = run("report", "send")

    second = run("report", "send")

    assert first.output == (
        "harbor 2026-11-20: sent=2 already_sent=0 skipped=0 refused=0 failed=0 waiting=0\n"
    )
    assert "sent=0 already_sent=2" in second.output
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert len(desk.outbox.received) == 2


def test_send_again_repeats(desk: Desk, run: Run) -> None:
    run("report", "send")

    result = run("report", "send", "--company", "harbor", "--date", "2026-11-20", "--again")

    assert "sent=2 already_sent=0" in result.output
    assert len(desk.outbox.received) == 4


def test_a_day_that_is_not_over_is_refused_but_for_an_extra(desk: Desk, run: Run) -> None:
    refused = run("report", "send", "--date", "2026-11-21")

    extra = run("report", "send", "--date", "2026-11-21", "--partial")

    assert refused.exit_code == 1
    assert "not over yet" in refused.output
    assert "sent=2" in extra.output
    assert {row.kind for row in desk.rows()} == {ReportKind.COPY}


def test_partial_of_a_day_that_is_over_is_the_report_itself(desk: Desk, run: Run) -> None:
    run("report", "send", "--partial")

    assert len(desk.rows()) == 2
    assert desk.subjects() == ["1 new customer on Friday, 20 November"] * 2


def test_what_was_not_sent_is_told_and_counts_as_a_failure(desk: Desk, run: Run) -> None:
    refusal = MessageRefused("The mail server refused the message.", ServerAnswer(550, "who"))
    desk.outbox.errors["mel@example.com"] = refusal

    result = run("report", "send")

    assert result.exit_code == 1
    assert "sent=1 already_sent=0 skipped=0 refused=1" in result.output
    assert "The mail server refused the message. who" in result.output
    assert "@" not in result.output


def test_one_companys_trouble_stops_no_other(desk: Desk, run: Run, clock: Clock) -> None:
    desk.change(ReportRecipient, removed_at=NOW)
    other = make_desk(desk.runtime, clock, "zoe@example.com")

    result = run("report", "send")

    assert result.exit_code == 1
    assert "harbor 2026-11-20: The report has no recipient who may be mailed." in result.output
    assert "sent=1" in result.output
    assert other.states() == {"zoe@example.com": DeliveryState.SENT}


def test_a_poisoned_company_stops_no_other(
    desk: Desk, run: Run, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    other = make_desk(desk.runtime, clock, "zoe@example.com")
    with desk.runtime.sessions() as session:
        poison = "UPDATE report_recipient SET frequency = 'hourly' WHERE company_id = :company"
        session.execute(text(poison), {"company": desk.company_id})
        session.commit()

    result = run("report", "send")

    assert result.exit_code == 1
    assert "harbor 2026-11-20: Something broke on our side. The log says what." in result.output
    assert "Traceback" not in result.output
    assert "LookupError" in caplog.text
    assert other.states() == {"zoe@example.com": DeliveryState.SENT}


def test_nobody_to_mail_is_said(desk: Desk, run: Run) -> None:
    desk.change(ReportSettings, is_on=False)

    every, named = run("report", "send"), run("report", "send", "--company", "harbor")

    sentence = "No company has its daily report switched on."
    assert (every.exit_code, every.output.strip()) == (0, sentence)
    assert named.exit_code == 1
    assert "off" in named.output


def test_without_a_mail_server_send_says_which_setting(app: Flask, desk: Desk, run: Run) -> None:
    app.extensions["runtime"] = replace(desk.runtime, mailer=None)

    result = run("report", "send")

    assert result.exit_code == 1
    assert "BLUECLERK_SMTP_URL" in result.output


@pytest.mark.parametrize("day", ["20.11.2026", "2026-13-01", "yesterday"])
def test_a_date_that_is_none_is_refused(desk: Desk, run: Run, day: str) -> None:
    result = run("report", "send", "--date", day)

    assert result.exit_code == 2
    assert desk.outbox.received == []


def test_an_unknown_company_is_one_line(desk: Desk, run: Run) -> None:
    result = run("report", "preview", "--company", "nowhere")

    assert result.exit_code == 1
    assert "There is no company 'nowhere'." in result.output


@pytest.mark.parametrize("command", [(), ("preview",), ("send",)])
def test_help_shows_examples(run: Run, command: tuple[str, ...]) -> None:
    result = run("report", *command, "--help")

    assert result.exit_code == 0
    assert not command or "flask --app app report" in result.output
