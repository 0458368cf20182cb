"""Invitations: who can be invited, how often, and who joins by the link, once."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import func, select

from models import AuditEvent, OneTimeLink, ReportRecipient, Role, User
from services.account_errors import AlreadyTaken, BadEmail, BadName, WeakPassword
from services.invitations import (
    INVITATIONS_PER_DAY,
    accept_invitation,
    invite,
    list_invitations,
    send_invitation_again,
    view_invitation,
    withdraw_invitation,
)
from services.link_errors import (
    BadLink,
    InvitationEnded,
    InvitationExpired,
    InvitationUsed,
    MailedAlready,
    TooManyInvitations,
    UnknownInvitation,
)
from services.sign_ins import sign_in
from tests.factories import NOW, make_company, make_report_recipient, make_user
from tests.services.mailing import ADA, KIM, PASSWORD, Office
from tests.services.reporting import LINK_KEY
from tests.services.support import Place, count, rows
from tests.services.workers import in_threads


def _invited(office: Office, role: Role = Role.MEMBER) -> str:
    """Invite kim and return the token of the mail."""
    office.invite(role=role)
    office.send()
    return office.last_token()


def _accept(
    office: Office, token: str, *, name: str = "Kim Novak", password: str = PASSWORD
) -> int:
    with office.session() as session:
        return accept_invitation(session, token, name=name, password=password, **office.opened())


@pytest.mark.both_databases
@pytest.mark.parametrize("role", [Role.ADMIN, Role.MEMBER])
def test_whoever_accepts_is_a_user_of_the_company_with_that_role(
    office: Office, role: Role
) -> None:
    token = _invited(office, role)

    user_id = _accept(office, token, name="  Kim\u202e\nNovak ")

    kim = office.user(KIM)
    assert (kim.id, kim.company_id, kim.name, kim.role) == (
        user_id,
        office.ada.company_id,
        "Kim Novak",
        role,
    )
    with office.session() as session:
        assert sign_in(session, email=KIM, password=PASSWORD, now=NOW)
    actions = rows(office.runtime.sessions, select(AuditEvent.action, AuditEvent.user_id))
    assert actions == [("invited", office.ada.user_id), ("joined", user_id)]


@pytest.mark.both_databases(in_suite=True)
def test_of_several_who_accept_at_once_one_joins(office: Office) -> None:
    token = _invited(office)

    results = in_threads(partial(_accept, office, token), 4)

    assert sorted(map(str, results))[1:] == ["InvitationUsed()"] * 3
    assert count(office.runtime.sessions, User, User.email == KIM) == 1


def test_looking_at_the_link_changes_nothing(office: Office) -> None:
    token = _invited(office)
    with office.session() as session:
        offers = [view_invitation(session, token, **office.opened()) for _ in range(2)]

    assert offers[0] == offers[1]
    assert (offers[0].invited_by, offers[0].company_name) == ("Ada Brandt", "Harbor Heating & Air")
    assert office.link().used_at is None


@pytest.mark.parametrize(
    ("name", "password", "error"),
    [
        ("Kim", "short", WeakPassword),
        ("Kim", "harbor-kim-2026", WeakPassword),
        (" \u3164\u200b ", PASSWORD, BadName),
    ],
)
def test_after_a_refused_name_or_password_the_link_still_works(
    office: Office, name: str, password: str, error: type[Exception]
) -> None:
    token = _invited(office)
    with pytest.raises(error):
        _accept(office, token, name=name, password=password)

    assert _accept(office, token)


def test_a_link_works_once(office: Office) -> None:
    token = _invited(office)
    _accept(office, token)

    with pytest.raises(InvitationUsed):
        _accept(office, token)


def test_a_link_ends_after_seven_days(office: Office) -> None:
    token = _invited(office)
    office.clock.advance(days=7, seconds=-1)
    with office.session() as session:
        view_invitation(session, token, **office.opened())
    office.clock.advance(seconds=1)

    with pytest.raises(InvitationExpired):
        _accept(office, token)


def test_a_withdrawn_invitation_lets_nobody_in(office: Office) -> None:
    public_id = office.invite()
    office.send()
    with office.session() as session:
        withdraw_invitation(session, office.ada, public_id, now=NOW)

    with pytest.raises(InvitationEnded):
        _accept(office, office.last_token())
    with office.session() as session:
        assert list_invitations(session, office.ada.company_id, now=NOW) == ()


def test_a_newer_invitation_ends_the_older_one(office: Office) -> None:
    public_id = office.invite()
    office.send()
    older = office.last_token()
    office.clock.advance(hours=1)
    with office.session() as session:
        send_invitation_again(session, office.ada, public_id, **office.now())
    office.send()

    with pytest.raises(InvitationEnded):
        _accept(office, older)
    with office.session() as session:
        (view,) = list_invitations(session, office.ada.company_id, now=office.clock.now)
    assert view.expires_at == NOW + timedelta(hours=1, days=7)
    assert _accept(office, office.last_token())


def test_the_invitations_of_two_companies_do_not_end_each_other(
    office: Office, elsewhere: Place
) -> None:
    first = _invited(office)
    office.clock.advance(hours=1)
    zoe = Office(
        office.runtime, office.outbox, office.clock, office.wake_ups, elsewhere.admin, office.mel
    )
    second = _invited(zoe)

    _accept(office, first)

    with pytest.raises(InvitationUsed):
        _accept(office, second)


def test_nobody_sees_or_ends_the_invitation_of_another_company(
    office: Office, elsewhere: Place
) -> None:
    public_id = office.invite()

    with office.session() as session:
        seen = list_invitations(session, elsewhere.company_id, now=NOW)
        with pytest.raises(UnknownInvitation):
            withdraw_invitation(session, elsewhere.admin, public_id, now=NOW)
        with pytest.raises(UnknownInvitation):
            send_invitation_again(session, elsewhere.admin, public_id, **office.now())

    assert seen == ()
    assert office.link().ended_at is None


def test_a_user_of_any_company_is_not_invited_and_nobody_is_told_of_which(
    office: Office, elsewhere: Place
) -> None:
    refusals = []
    for email in (ADA, " ZOE@example.com "):
        with pytest.raises(AlreadyTaken) as refusal:
            office.invite(email)
        refusals.append(str(refusal.value))

    assert len(set(refusals)) == 1
    assert office.wake_ups.rows == []


@pytest.mark.parametrize("email", ["", "kim", "kim@", "a@b@example.com", "x@placeholder.local"])
def test_what_is_no_address_is_not_invited(office: Office, email: str) -> None:
    with pytest.raises(BadEmail):
        office.invite(email)


def test_an_address_is_mailed_once_an_hour_whoever_invites(
    office: Office, elsewhere: Place
) -> None:
    office.invite(" KIM@Example.org ")
    office.clock.advance(minutes=59)

    with pytest.raises(MailedAlready) as refusal:
        office.invite()

    assert refusal.value.again_at == NOW + timedelta(hours=1)
    office.clock.advance(minutes=1)
    assert office.invite()


def test_a_company_invites_so_many_a_day(office: Office) -> None:
    for number in range(INVITATIONS_PER_DAY):
        office.invite(f"kim-{number}@example.org")
    office.change_user(office.mel.user_id, role=Role.ADMIN)

    with pytest.raises(TooManyInvitations), office.session() as session:
        invite(session, office.mel, email=KIM, role=Role.MEMBER, **office.now())
    office.clock.advance(days=1)
    assert office.invite()


@pytest.mark.parametrize("key", ["another key", LINK_KEY])
def test_a_token_that_is_not_ours_is_worth_nothing(office: Office, key: str) -> None:
    token = _invited(office)
    changed = ("1" if token[0] == "0" else "0") + token[1:]
    wrong = token if key != LINK_KEY else changed

    with office.session() as session, pytest.raises(BadLink):
        view_invitation(session, wrong, link_key=key, now=NOW)


def test_with_its_company_the_invitation_is_gone(office: Office) -> None:
    token = _invited(office)
    with office.session() as session:
        for link in session.scalars(select(OneTimeLink)):
            session.delete(link)
        session.commit()

    with pytest.raises(BadLink):
        _accept(office, token)


def test_a_report_that_waited_for_their_yes_begins_today(office: Office) -> None:
    with office.session() as session:
        company = make_company(session)
        make_user(session, company)
    with office.session() as session:
        harbor = session.get_one(type(company), office.ada.company_id)
        make_report_recipient(session, harbor, address=KIM, confirmed_at=None)
    _accept(office, _invited(office))

    begun = rows(office.runtime.sessions, select(func.max(ReportRecipient.reported_from_at)))
    assert begun[0][0] > NOW - timedelta(days=1)
