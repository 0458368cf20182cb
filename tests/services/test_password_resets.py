"""A forgotten password: one answer for everybody, a link for one hour, a new password once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import event, select, update

from models import Attempt, AuditEvent, LinkPurpose, OneTimeLink, SignIn
from services import accounts
from services.account_errors import WeakPassword
from services.invitations import view_invitation
from services.link_errors import BadLink, ResetEnded, ResetExpired, ResetUsed
from services.password_resets import (
    RESETS_PER_ADDRESS,
    RESETS_PER_NETWORK,
    ask_for_reset,
    reset_by_link,
    view_reset,
)
from services.sign_ins import SignInRefused, sign_in
from tests.services.mailing import ADA, KIM, MEL, PASSWORD, Office
from tests.services.reporting import LINK_KEY, decoded
from tests.services.support import count, rows
from tests.services.workers import in_threads


def _ask(office: Office, email: str = ADA, network: str = "192.0.2.1") -> None:
    with office.session() as session:
        ask_for_reset(session, email=email, network=network, link_key=LINK_KEY, **office.now())


def _asked(office: Office, email: str = ADA) -> str:
    """Ask, and return the token of the mail."""
    _ask(office, email)
    office.send()
    return office.last_token()


def _reset(office: Office, token: str, password: str = PASSWORD) -> str:
    with office.session() as session:
        return reset_by_link(
            session, token, password=password, wake=office.runtime.wake, **office.opened()
        )


def _view(office: Office, token: str) -> object:
    with office.session() as session:
        return view_reset(session, token, **office.opened())


@contextmanager
def _statements(office: Office) -> Iterator[list[str]]:
    told: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        told.append(" ".join(statement.split()[:3]))

    with office.session() as session:
        engine = session.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    yield told
    event.remove(engine, "before_cursor_execute", note)


@pytest.mark.both_databases
def test_the_link_sets_a_password_and_ends_every_sign_in(office: Office) -> None:
    email = _reset(office, _asked(office, " ADA@example.com "))

    assert email == ADA
    ended = rows(office.runtime.sessions, select(SignIn.user_id, SignIn.ended_at.is_not(None)))
    assert set(ended) == {(office.ada.user_id, True), (office.mel.user_id, False)}
    with office.session() as session:
        assert sign_in(session, email=ADA, password=PASSWORD, now=office.clock.now)
    actions = rows(office.runtime.sessions, select(AuditEvent.action, AuditEvent.user_id))
    assert actions == [("password reset", office.ada.user_id)]


def test_the_user_is_told_by_a_mail(office: Office) -> None:
    _reset(office, _asked(office))

    office.send()

    told = office.mails()[-1]
    assert (told["To"], told["Subject"]) == (ADA, "Your password for BlueClerk was changed")
    who = "by the link of a mail or by somebody who was signed in as ada@example.com"
    assert who in decoded(told)["text/plain"]


def test_every_address_costs_the_same_statements_and_gets_the_same_answer(office: Office) -> None:
    office.change_user(office.mel.user_id, is_disabled=True)
    costs = []
    for number, email in enumerate((ADA, MEL, KIM, "ada+1@example.com")):
        with _statements(office) as told:
            _ask(office, email, network=f"192.0.2.{number}")
        costs.append([" ".join(each.split()[:1]) for each in told])

    office.send()

    assert costs[0] == costs[1] == costs[2] == costs[3]
    assert office.outbox.recipients == [ADA]


def test_an_address_gets_three_mails_an_hour_whoever_asks(office: Office) -> None:
    for number in range(RESETS_PER_ADDRESS + 2):
        _ask(office, network=f"192.0.2.{number}")
    office.send()
    asked_at_first = len(office.mails())
    last = office.last_token()
    office.clock.advance(hours=1, seconds=-1)

    assert asked_at_first == 1, "of three at once, the newest alone is worth a mail"
    assert len(office.links()) == RESETS_PER_ADDRESS
    assert _view(office, last)
    office.clock.advance(seconds=1)
    assert _asked(office) != last


def test_a_network_asks_for_so_many_an_hour(office: Office) -> None:
    for number in range(RESETS_PER_NETWORK):
        _ask(office, f"nobody-{number}@example.com")

    _ask(office, ADA)
    _ask(office, MEL, network="192.0.2.9")

    assert [link.email for link in office.links()] == [MEL]


def test_what_is_remembered_of_strangers_holds_no_address(office: Office) -> None:
    _ask(office, KIM)

    kept = rows(office.runtime.sessions, select(Attempt.kind, Attempt.key_hash))
    assert kept
    assert not any("@" in kind + key for kind, key in kept)


def test_a_newer_link_ends_the_older_one(office: Office) -> None:
    older = _asked(office)
    newer = _asked(office)

    with pytest.raises(ResetEnded):
        _reset(office, older)
    assert _reset(office, newer)


def test_a_link_works_once(office: Office) -> None:
    token = _asked(office)
    _reset(office, token)

    with pytest.raises(ResetUsed):
        _reset(office, token, "another quiet lamp")
    with office.session() as session, pytest.raises(SignInRefused):
        sign_in(session, email=ADA, password="another quiet lamp", now=office.clock.now)


@pytest.mark.both_databases(in_suite=True)
def test_of_two_who_use_it_at_once_one_wins(office: Office) -> None:
    token = _asked(office)

    results = in_threads(partial(_reset, office, token), 2)

    assert sorted(results) == ["ResetUsed()", ADA]
    notices = office.links(LinkPurpose.PASSWORD_NOTICE)
    assert len(notices) == 1


def test_a_link_ends_after_an_hour(office: Office) -> None:
    token = _asked(office)
    office.clock.advance(hours=1)

    with pytest.raises(ResetExpired):
        _view(office, token)


def test_a_password_that_was_changed_otherwise_ends_the_link(office: Office) -> None:
    token = _asked(office)
    office.change_user(office.ada.user_id, password_hash="set by a way that ends no links")

    with pytest.raises(ResetEnded):
        _reset(office, token)


def test_a_mail_that_waits_while_the_password_changes_is_not_sent(office: Office) -> None:
    _ask(office)
    with office.session() as session:
        accounts.reset_password(
            session, email=ADA, password="another quiet lamp", now=office.clock.now
        )

    office.send()

    assert office.mails() == []


def test_a_disabled_user_gets_in_by_no_link(office: Office) -> None:
    token = _asked(office)
    office.change_user(office.ada.user_id, is_disabled=True)

    with pytest.raises(ResetEnded):
        _reset(office, token)


def test_after_a_weak_password_the_link_still_works(office: Office) -> None:
    token = _asked(office)
    with pytest.raises(WeakPassword):
        _reset(office, token, "ada brandt harbor")

    assert _reset(office, token)
    assert count(office.runtime.sessions, AuditEvent) == 1


@pytest.mark.parametrize("key", ["another key", LINK_KEY + " "])
def test_a_link_signed_with_another_key_is_nothing(office: Office, key: str) -> None:
    token = _asked(office)

    with office.session() as session, pytest.raises(BadLink):
        view_reset(session, token, link_key=key, now=office.clock.now)


def test_a_link_of_one_purpose_opens_no_other(office: Office) -> None:
    reset = _asked(office)
    office.invite()
    office.send()
    invitation = office.last_token()

    with office.session() as session:
        with pytest.raises(BadLink):
            view_invitation(session, reset, **office.opened())
        with pytest.raises(BadLink):
            view_reset(session, invitation, **office.opened())
        session.execute(update(OneTimeLink).values(purpose=LinkPurpose.INVITATION))
        with pytest.raises(BadLink):
            view_invitation(session, reset, **office.opened())
        session.rollback()
    assert timedelta(hours=1) == office.links(LinkPurpose.PASSWORD_RESET)[0].expires_at - (
        office.clock.now
    )
