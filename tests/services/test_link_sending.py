"""Mails with links: once, again after trouble, never late, never twice at a moment."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from jobs.tasks import deliver_reports, sweep
from services.invitations import list_invitations, withdraw_invitation
from services.link_sending import ATTEMPTS, send_link, send_links
from services.mail import (
    ServerTrouble,
    TryLater,
    UncertainOutcome,
    WrongMailPassword,
)
from services.one_time_links import LINK_JOB
from tests.factories import NOW
from tests.fakes import Outbox
from tests.services.mail_servers import Behaviour, impatient, mail_server
from tests.services.mailing import KIM, Office


def _run_hours(office: Office, count: int) -> list[datetime]:
    """Let the clock beat; return when something was tried."""
    tried: list[datetime] = []
    office.outbox.meanwhile = lambda: tried.append(office.clock.now)
    for _ in range(count * 60):
        send_links(office.runtime)
        office.clock.advance(minutes=1)
    return tried


def _could_not_be_mailed(office: Office) -> bool:
    with office.session() as session:
        (view,) = list_invitations(session, office.ada.company_id, now=office.clock.now)
    return view.could_not_be_mailed


@pytest.mark.both_databases
def test_a_link_is_mailed_once_by_its_job_and_not_by_the_beats_after_it(office: Office) -> None:
    office.invite()
    asked = list(office.outbox.recipients)

    office.send()
    deliver_reports(office.runtime)
    sweep(office.runtime)
    office.send()

    assert asked == []
    assert office.outbox.recipients == [KIM]
    assert (office.link().sent_at, office.link().next_attempt_at) == (NOW, None)


def test_a_lost_wake_up_costs_a_moment(office: Office) -> None:
    office.invite()
    office.wake_ups.rows.clear()

    sweep(office.runtime)

    assert office.wake_ups.rows == [(LINK_JOB, office.link().id)]
    deliver_reports(office.runtime)
    assert office.outbox.recipients == [KIM]


def test_whoever_comes_while_the_mail_is_on_its_way_sends_none(office: Office) -> None:
    office.invite()
    others = Outbox()
    other_worker = replace(office.runtime, mailer=others)
    office.outbox.meanwhile = lambda: send_links(other_worker)

    office.send()

    assert (office.outbox.recipients, others.recipients) == ([KIM], [])


def test_a_mail_in_the_hands_of_a_killed_process_goes_out_after_its_lease(office: Office) -> None:
    office.invite()
    office.outbox.errors[KIM] = KeyboardInterrupt()  # type: ignore[assignment]
    with pytest.raises(KeyboardInterrupt):
        office.send()
    office.outbox.errors.clear()

    tried = _run_hours(office, 1)

    assert [at - NOW for at in tried] == [timedelta(minutes=15)]
    assert len({mail["Message-ID"] for mail in office.mails()}) == 1


def test_what_did_not_go_out_is_tried_with_growing_pauses_and_then_given_up(
    office: Office,
) -> None:
    office.invite()
    office.outbox.errors[KIM] = TryLater("Later.")

    tried = _run_hours(office, 20)

    pauses = [(after - before) / timedelta(minutes=1) for before, after in pairwise(tried)]
    assert pauses == [2**number for number in range(ATTEMPTS - 1)]
    assert _could_not_be_mailed(office)


def test_an_answer_that_is_lost_makes_no_second_mail(office: Office) -> None:
    office.invite()
    office.outbox.late_errors[KIM] = UncertainOutcome("No answer came back.")

    tried = _run_hours(office, 2)

    assert len(tried) == 1
    assert not _could_not_be_mailed(office)


def test_a_broken_mail_keeps_no_other_from_going_out(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    office.invite()
    office.invite("olu@example.org")
    office.outbox.errors[KIM] = KeyError("broken")

    send_links(office.runtime)

    assert office.outbox.recipients == ["olu@example.org"]
    assert "a mail with a link broke" in caplog.text
    assert KIM not in caplog.text


def test_a_server_in_trouble_is_left_alone_until_the_next_beat(office: Office) -> None:
    office.invite()
    office.invite("olu@example.org")
    office.outbox.errors = {
        KIM: ServerTrouble("Unreachable."),
        "olu@example.org": ServerTrouble("Unreachable."),
    }

    send_links(office.runtime)

    assert [link.attempts for link in office.links()] == [1, 0]


def test_a_refused_password_is_tried_every_hour_and_counts_for_nobody(office: Office) -> None:
    office.invite()
    office.outbox.errors[KIM] = WrongMailPassword("Refused.")

    tried = _run_hours(office, 3)

    assert [at - NOW for at in tried] == [timedelta(hours=hours) for hours in range(3)]
    assert office.link().attempts == 0


def test_without_a_mailer_the_link_waits_for_one(office: Office) -> None:
    office.invite()
    silent = replace(office.runtime, mailer=None)
    send_links(silent)
    send_link(silent, office.link().id)
    sweep(silent)

    send_links(office.runtime)

    assert office.outbox.recipients == [KIM]


def test_no_mail_goes_out_after_the_time_of_its_link(office: Office) -> None:
    office.invite()
    office.clock.advance(days=7)

    send_links(office.runtime)
    office.send()

    assert office.outbox.recipients == []
    assert _could_not_be_mailed(office)


def test_a_withdrawn_invitation_is_not_mailed(office: Office) -> None:
    public_id = office.invite()
    with office.session() as session:
        withdraw_invitation(session, office.ada, public_id, now=office.clock.now)

    office.send()
    send_links(office.runtime)

    assert office.outbox.recipients == []


@pytest.mark.parametrize(
    ("answer", "is_given_up", "is_mailed_later"),
    [("550 5.1.1 unknown", True, False), ("451 4.7.1 greylisted", False, True)],
)
def test_a_real_server_refuses_for_good_or_for_now(
    office: Office,
    answer: str,
    is_given_up: bool,
    is_mailed_later: bool,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.CRITICAL, logger="mail.log")
    office.invite()
    behaviour = Behaviour(recipient_answers={KIM: answer})
    with mail_server(behaviour) as server:
        runtime = replace(office.runtime, mailer=impatient(server))
        send_links(runtime)
        was_given_up = _could_not_be_mailed(office)
        behaviour.recipient_answers.clear()
        office.clock.advance(minutes=1)
        send_links(runtime)

    assert was_given_up is is_given_up
    assert [mail[1] for mail in behaviour.received] == ([[KIM]] if is_mailed_later else [])
    assert KIM not in caplog.text
