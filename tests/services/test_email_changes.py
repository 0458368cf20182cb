"""Another e-mail: asked at the new address, told to the old one, for whoever is signed in."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import select

from models import AuditEvent, Company, LinkPurpose, ReportRecipient, SignIn
from services import accounts
from services.account_errors import AlreadyTaken, BadEmail
from services.email_changes import (
    CHANGES_PER_DAY,
    PendingChange,
    ask_for_change,
    change_by_link,
    find_pending,
    view_change,
    withdraw_change,
)
from services.link_errors import (
    ChangeEnded,
    ChangeExpired,
    ChangeUsed,
    MailedAlready,
    NotSignedInAsThem,
    TooManyChanges,
)
from services.report_recipients import RecipientState, list_recipients
from services.sign_ins import SignedIn
from tests.factories import NOW, make_report_recipient, make_signed_in, make_user
from tests.services.mailing import ADA, MEL, Office
from tests.services.support import Place, rows
from tests.services.workers import in_threads

NEW = "ada@example.org"


def _ask(office: Office, email: str = NEW) -> None:
    with office.session() as session:
        ask_for_change(session, office.ada, email=email, **office.now())


def _asked(office: Office, email: str = NEW) -> str:
    """Ask, and return the token of the mail."""
    _ask(office, email)
    office.send()
    return office.last_token()


def _change(office: Office, token: str, who: SignedIn | None = None) -> None:
    with office.session() as session:
        change_by_link(
            session, who or office.ada, token, wake=office.runtime.wake, **office.opened()
        )


@pytest.mark.both_databases
def test_the_link_changes_the_e_mail_and_ends_the_other_sign_ins(office: Office) -> None:
    with office.session() as session:
        other = make_signed_in(session, office.user(ADA))
    token = _asked(office)
    before = office.user(ADA).email

    _change(office, token)

    assert before == ADA
    assert office.user(NEW).id == office.ada.user_id
    ended = dict(rows(office.runtime.sessions, select(SignIn.id, SignIn.ended_at.is_not(None))))  # type: ignore[arg-type]
    assert ended[other.sign_in_id]
    assert not ended[office.ada.sign_in_id]
    actions = [action for (action,) in rows(office.runtime.sessions, select(AuditEvent.action))]
    assert actions == ["change of e-mail asked", "e-mail changed"]


def test_the_old_address_is_told_when_it_is_asked_for_and_when_it_is_done(office: Office) -> None:
    _change(office, _asked(office))
    office.send()

    assert [(mail["To"], mail["Subject"]) for mail in office.mails()] == [
        (NEW, "Is this your new e-mail for BlueClerk?"),
        (ADA, "Somebody asked to change your e-mail for BlueClerk"),
        (ADA, "Your e-mail for BlueClerk was changed"),
    ]


def test_a_link_opened_by_somebody_else_changes_nothing(office: Office) -> None:
    token = _asked(office)
    for who in (office.mel, None):
        with office.session() as session, pytest.raises(NotSignedInAsThem):
            change_by_link(session, who, token, wake=office.runtime.wake, **office.opened())

    assert office.user(ADA).id == office.ada.user_id
    _change(office, token)


def test_what_was_changed_is_told_until_it_changes_again(
    office: Office,
) -> None:
    token = _asked(office)
    _change(office, token)
    with office.session() as session:
        view = view_change(session, token, **office.opened())
    office.change_user(office.ada.user_id, email="third@example.org")

    assert (view.new_email, view.is_changed) == (NEW, True)
    with office.session() as session, pytest.raises(ChangeUsed):
        view_change(session, token, **office.opened())
    with pytest.raises(ChangeUsed):
        _change(office, token)


@pytest.mark.both_databases
def test_an_address_that_somebody_took_meanwhile_is_told_kindly(
    office: Office, elsewhere: Place
) -> None:
    token = _asked(office)
    with office.session() as session:
        make_user(session, session.get_one(Company, elsewhere.company_id), email=NEW)

    with pytest.raises(AlreadyTaken):
        _change(office, token)

    assert office.user(ADA).id == office.ada.user_id


@pytest.mark.both_databases
def test_of_two_clicks_at_once_one_changes_it(office: Office) -> None:
    token = _asked(office)

    results = in_threads(partial(_change, office, token), 2)

    assert sorted(map(str, results)) == ["ChangeUsed()", "None"]
    assert len(office.links(LinkPurpose.EMAIL_CHANGED_NOTICE)) == 1


def test_a_new_password_ends_the_question(office: Office) -> None:
    token = _asked(office)
    with office.session() as session:
        accounts.reset_password(session, email=ADA, password="another quiet lamp", now=NOW)

    with pytest.raises(ChangeEnded):
        _change(office, token)


def test_a_newer_question_ends_the_older_one_and_a_day_ends_both(office: Office) -> None:
    older = _asked(office)
    newer = _asked(office, "ada@example.net")
    with pytest.raises(ChangeEnded):
        _change(office, older)
    office.clock.advance(days=1)

    with pytest.raises(ChangeExpired):
        _change(office, newer)


def test_what_waits_is_shown_to_whoever_asked_and_can_be_withdrawn(office: Office) -> None:
    _ask(office, "ada@example.net")
    token = _asked(office)
    with office.session() as session:
        pending = find_pending(session, office.ada, now=NOW)
        others = find_pending(session, office.mel, now=NOW)
        late = find_pending(session, office.ada, now=NOW + timedelta(days=1))
        is_others = withdraw_change(session, office.mel, now=NOW)
        answers = [withdraw_change(session, office.ada, now=NOW) for _ in range(2)]
        after = find_pending(session, office.ada, now=NOW)

    assert pending == PendingChange(NEW, NOW + timedelta(days=1), could_not_be_mailed=False)
    assert (others, late, after) == (None, None, None)
    assert (is_others, answers) == (False, [True, False])
    with pytest.raises(ChangeEnded):
        _change(office, token)
    _ask(office)


@pytest.mark.parametrize(
    ("email", "error"),
    [("ada@", BadEmail), (" ADA@example.com ", AlreadyTaken), (MEL, AlreadyTaken)],
)
def test_what_cannot_be_is_refused_at_once(
    office: Office, email: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        _ask(office, email)

    assert office.links() == []


def test_strangers_are_not_pestered(office: Office) -> None:
    for number in range(CHANGES_PER_DAY - 1):
        _ask(office, f"ada-{number}@example.org")
    _ask(office)
    with pytest.raises(TooManyChanges):
        _ask(office, "ada@example.net")
    office.clock.advance(days=1)
    _ask(office)
    with pytest.raises(MailedAlready) as refusal:
        _ask(office)

    assert refusal.value.again_at == NOW + timedelta(days=1, hours=1)


def _states(office: Office) -> dict[str, RecipientState]:
    with office.session() as session:
        views = list_recipients(session, office.ada.company_id)
    return {view.address: view.state for view in views}


@pytest.mark.parametrize(
    ("old", "new", "state"),
    [
        ({}, None, RecipientState.MAILED),
        ({"unsubscribed_at": NOW}, None, RecipientState.UNSUBSCRIBED),
        ({"unsubscribed_at": NOW}, {}, RecipientState.UNSUBSCRIBED),
        ({}, {"unsubscribed_at": NOW}, RecipientState.UNSUBSCRIBED),
        ({}, {"removed_at": NOW}, RecipientState.MAILED),
        (None, {}, RecipientState.MAILED),
        (None, None, RecipientState.OFF),
    ],
)
def test_the_daily_report_follows_and_an_unsubscription_too(
    office: Office,
    old: dict[str, object] | None,
    new: dict[str, object] | None,
    state: RecipientState,
) -> None:
    with office.session() as session:
        company = session.get_one(Company, office.ada.company_id)
        for address, values in ((ADA, old), (NEW, new)):
            if values is not None:
                make_report_recipient(session, company, address=address, **values)

    _change(office, _asked(office))

    assert _states(office) == {NEW: state, MEL: RecipientState.OFF}


def test_the_list_of_another_company_is_left_alone(office: Office, elsewhere: Place) -> None:
    with office.session() as session:
        make_report_recipient(session, session.get_one(Company, elsewhere.company_id), address=ADA)

    _change(office, _asked(office))

    assert rows(office.runtime.sessions, select(ReportRecipient.address)) == [(ADA,)]
