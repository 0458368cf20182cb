"""Admins are told by mail that a connection needs them: each once for each ending."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from email.message import EmailMessage
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL

from jobs.tasks import deliver_reports
from models import Company, ConnectionState, ReconnectReason, Role
from services.connections import disconnect
from services.mail import ServerAnswer, ServerTrouble, TryLater, UncertainOutcome
from services.reconnect_mail import tell_admins
from services.runtime import Runtime
from tests.conftest import Clock
from tests.factories import make_user
from tests.fakes import FakeAccountingClient, FakeAuthorization, Outbox
from tests.services.noticing import end_permission, sent_mails, silent_while_writing, with_mailer
from tests.services.permission import QUICKBOOKS, reconnect
from tests.services.reporting import decoded
from tests.services.support import Place
from tests.services.token_rows import change_connection
from tests.services.workers import open_runtime, run_together


@pytest.fixture(autouse=True)
def _provider(authorization: FakeAuthorization, books: FakeAccountingClient) -> None:
    """Every test here has the fake provider on the other side."""


@pytest.fixture
def outbox(database_url: URL) -> Outbox:
    return silent_while_writing(database_url)


@pytest.fixture
def office(runtime: Runtime, outbox: Outbox) -> Runtime:
    return with_mailer(runtime, outbox)


def _add_user(runtime: Runtime, place: Place, email: str, **overrides: Any) -> None:
    with runtime.sessions() as session:
        company = session.get_one(Company, place.company_id)
        make_user(session, company, email=email, **overrides)


def _tell_from_here(pipe: Pipe, barrier: Any, path: str, sent: str) -> None:
    """Tell from a process of its own; every mail becomes a line of a file."""

    class FileMailer:
        def send(self, message: EmailMessage, **_options: Callable[[], None]) -> ServerAnswer:
            with Path(sent).open("a") as file:
                file.write(f"{message['To']}\n")
            return ServerAnswer(250, "kept")

    runtime = replace(open_runtime(path), mailer=FileMailer())
    with closing(pipe):
        barrier.wait()
        tell_admins(runtime)
        pipe.send("done")


def test_every_enabled_admin_of_the_company_gets_one_mail(
    office: Runtime, outbox: Outbox, harbor: Place, elsewhere: Place
) -> None:
    _add_user(office, harbor, "bo@example.com")
    _add_user(office, harbor, "mel@example.com", role=Role.MEMBER)
    _add_user(office, harbor, "gone@example.com", is_disabled=True)
    end_permission(office, harbor)

    tell_admins(office)

    assert outbox.recipients == ["ada@example.com", "bo@example.com"]
    assert len({mail["Message-ID"] for mail in sent_mails(outbox)}) == 2


@pytest.mark.parametrize("state", [ConnectionState.CONNECTED, ConnectionState.DISCONNECTED])
def test_nobody_is_told_of_what_stands_or_was_ended_on_purpose(
    office: Runtime, outbox: Outbox, harbor: Place, state: ConnectionState
) -> None:
    change_connection(office, harbor, state=state)

    tell_admins(office)

    assert outbox.received == []


def test_an_ending_is_told_once_however_often_the_clock_beats(
    office: Runtime, outbox: Outbox, harbor: Place, clock: Clock
) -> None:
    end_permission(office, harbor)

    for _ in range(5):
        deliver_reports(office)
        clock.advance(minutes=1)

    assert outbox.recipients == ["ada@example.com"]


def test_several_processes_tell_once(
    runtime: Runtime, harbor: Place, elsewhere: Place, database_url: URL, tmp_path: Path
) -> None:
    end_permission(runtime, harbor)
    end_permission(runtime, elsewhere)
    sent = tmp_path / "sent.txt"

    run_together(
        _tell_from_here, database_url.render_as_string(hide_password=False), str(sent), processes=4
    )

    assert sorted(sent.read_text().split()) == ["ada@example.com", "zoe@example.com"]


def test_whoever_comes_while_a_mail_is_on_its_way_sends_none(
    office: Runtime, outbox: Outbox, harbor: Place
) -> None:
    others = Outbox()
    outbox.meanwhile = lambda: tell_admins(replace(office, mailer=others))
    end_permission(office, harbor)

    tell_admins(office)

    assert (len(outbox.received), len(others.received)) == (1, 0)


def test_a_new_ending_after_a_reconnect_is_told_again(
    office: Runtime, outbox: Outbox, harbor: Place, clock: Clock
) -> None:
    end_permission(office, harbor)
    tell_admins(office)
    reconnect(office, harbor)
    tell_admins(office)
    told_while_it_stood = len(outbox.received)
    clock.advance(days=1)
    end_permission(office, harbor, ReconnectReason.ACCOUNT_GONE)

    tell_admins(office)

    first, second = sent_mails(outbox)
    assert told_while_it_stood == 1
    assert first["Message-ID"] != second["Message-ID"]
    assert "no longer shared" in decoded(second)["text/plain"]


def test_disconnecting_before_the_mail_goes_out_leaves_nothing_to_tell(
    office: Runtime, outbox: Outbox, harbor: Place
) -> None:
    end_permission(office, harbor)
    disconnect(office, harbor.admin, QUICKBOOKS)

    tell_admins(office)

    assert outbox.received == []


def test_without_a_mailer_the_ending_waits_for_one(
    office: Runtime, outbox: Outbox, harbor: Place
) -> None:
    end_permission(office, harbor)
    tell_admins(replace(office, mailer=None))

    tell_admins(office)

    assert outbox.recipients == ["ada@example.com"]


def test_a_refused_admin_keeps_no_other_from_the_mail(
    office: Runtime, outbox: Outbox, harbor: Place, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    _add_user(office, harbor, "bo@example.com")
    _add_user(office, harbor, "quickbooks-1@placeholder.local")
    _add_user(office, harbor, "cy@example.com")
    outbox.errors = {"ada@example.com": TryLater("Not now."), "bo@example.com": KeyError("broken")}
    end_permission(office, harbor)

    tell_admins(office)

    assert outbox.recipients == ["cy@example.com"]
    assert "Not now." in caplog.text
    assert "A placeholder address is never mailed." in caplog.text
    assert "@" not in caplog.text


def test_a_mail_server_in_trouble_is_left_alone_until_the_next_beat(
    office: Runtime, outbox: Outbox, harbor: Place, elsewhere: Place
) -> None:
    outbox.errors["ada@example.com"] = ServerTrouble("The mail server did not answer.")
    end_permission(office, harbor)
    end_permission(office, elsewhere)
    deliver_reports(office)
    told_in_trouble = list(outbox.recipients)
    outbox.errors.clear()

    deliver_reports(office)

    assert told_in_trouble == []
    # At most once: what was tried is not tried again, what was not is.
    assert outbox.recipients == ["zoe@example.com"]


def test_a_lost_answer_makes_no_second_mail(office: Runtime, outbox: Outbox, harbor: Place) -> None:
    outbox.late_errors["ada@example.com"] = UncertainOutcome("No answer came back.")
    end_permission(office, harbor)
    tell_admins(office)

    tell_admins(office)

    assert outbox.recipients == ["ada@example.com"]
