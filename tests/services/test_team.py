"""The team: who is shown how, and who may be changed by whom."""

from __future__ import annotations

from datetime import timedelta
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import select

from models import (
    AuditEvent,
    Company,
    Frequency,
    LinkPurpose,
    OneTimeLink,
    ReportRecipient,
    Role,
    SignIn,
    User,
)
from services import team
from services.account_errors import AccountError, LastAdmin, NoLongerAdmin, UnknownUser
from services.one_time_links import add_link
from services.report_delivery import deliver_due
from services.runtime import Runtime
from services.sign_ins import SignedIn
from services.team import ReportShare, change_role, disable_user, enable_user, view_team
from tests.conftest import Clock
from tests.factories import (
    NOW,
    make_report_recipient,
    make_report_settings,
    make_signed_in,
    make_user,
)
from tests.services.reporting import make_desk
from tests.services.support import Place, rows

MEL = "mel@example.com"
#: Long enough for the other admin's change, if nothing holds it.
HEAD_START_S = 0.5


def _add(runtime: Runtime, place: Place, **values: Any) -> tuple[str, SignedIn]:
    """Add a user who is signed in; return the public id and the sign-in."""
    with runtime.sessions() as session:
        company = session.get_one(Company, place.company_id)
        user = make_user(session, company, **{"email": MEL, "name": "Mel Osei", **values})
        return user.public_id, make_signed_in(session, user)


def _own_id(runtime: Runtime, who: SignedIn) -> str:
    with runtime.sessions() as session:
        return session.get_one(User, who.user_id).public_id


def _change(runtime: Runtime, who: SignedIn, public_id: str, role: Role) -> None:
    with runtime.sessions() as session:
        change_role(session, who, public_id, role=role, now=runtime.clock())


def _disable(runtime: Runtime, who: SignedIn, public_id: str) -> None:
    with runtime.sessions() as session:
        disable_user(session, who, public_id, now=runtime.clock())


def _admins(runtime: Runtime) -> list[str]:
    query = select(User.email).where(User.role == Role.ADMIN, User.is_disabled.is_(False))
    return [row.email for row in rows(runtime.sessions, query.order_by(User.id))]


def _events(runtime: Runtime) -> list[tuple[str, str]]:
    query = select(AuditEvent.action, AuditEvent.detail).order_by(AuditEvent.id)
    return [(row.action, row.detail) for row in rows(runtime.sessions, query)]


def test_everybody_is_shown_with_what_is_known(runtime: Runtime, harbor: Place) -> None:
    with runtime.sessions() as session:
        company = session.get_one(Company, harbor.company_id)
        make_user(session, company, name="Left", email="left@example.com", is_disabled=True)
        make_user(
            session,
            company,
            name="Olu",
            email="olu@example.com",
            created_at=NOW - timedelta(days=99),
        )
        make_report_settings(session, company)
        make_report_recipient(session, company, address="ada@example.com")
        make_report_recipient(session, company, address=MEL, frequency=Frequency.WEEKLY)
        make_report_recipient(session, company, address="olu@example.com", unsubscribed_at=NOW)
        make_report_recipient(session, company, address="left@example.com")
    _add(runtime, harbor, role=Role.MEMBER)

    with runtime.sessions() as session:
        view = view_team(session, harbor.company_id, now=NOW)

    assert [(person.name, person.last_seen_at, person.report) for person in view.people] == [
        ("Ada Brandt", NOW, ReportShare.DAILY),
        ("Olu", None, ReportShare.UNSUBSCRIBED),
        ("Mel Osei", NOW, ReportShare.WEEKLY),
        ("Left", None, ReportShare.NONE),
    ]
    assert [person.is_new for person in view.people] == [True, False, True, True]
    assert view.is_report_on


@pytest.mark.parametrize(
    ("other", "is_last"),
    [
        ({"role": Role.MEMBER}, True),
        ({"is_disabled": True}, True),
        ({}, False),
    ],
)
def test_the_last_admin_is_whoever_no_other_can_stand_in_for(
    runtime: Runtime, harbor: Place, other: dict[str, Any], is_last: bool
) -> None:
    _add(runtime, harbor, **other)
    own = _own_id(runtime, harbor.admin)

    with runtime.sessions() as session:
        ada = team.find_member(session, harbor.company_id, own)

    assert ada.is_last_admin is is_last


def test_a_role_is_changed_and_written_down_once(runtime: Runtime, harbor: Place) -> None:
    mel, _ = _add(runtime, harbor, role=Role.MEMBER)

    for _ in range(2):
        _change(runtime, harbor.admin, mel, Role.ADMIN)

    assert _admins(runtime) == ["ada@example.com", MEL]
    assert _events(runtime) == [("role changed", "member to admin")]


def test_the_last_admin_is_neither_demoted_nor_disabled(runtime: Runtime, harbor: Place) -> None:
    _add(runtime, harbor, is_disabled=True)
    own = _own_id(runtime, harbor.admin)

    with pytest.raises(LastAdmin):
        _change(runtime, harbor.admin, own, Role.MEMBER)
    with pytest.raises(LastAdmin):
        _disable(runtime, harbor.admin, own)

    assert _admins(runtime) == ["ada@example.com"]
    assert _events(runtime) == []


@pytest.mark.both_databases
@pytest.mark.parametrize("takes", ["role", "sign-in"])
def test_two_admins_who_shut_each_other_out_at_once_leave_one(
    runtime: Runtime, harbor: Place, monkeypatch: pytest.MonkeyPatch, takes: str
) -> None:
    mel, mel_signed_in = _add(runtime, harbor)
    ada = _own_id(runtime, harbor.admin)
    refused: list[AccountError] = []

    def shut_out(who: SignedIn, public_id: str) -> None:
        try:
            if takes == "role":
                _change(runtime, who, public_id, Role.MEMBER)
            else:
                _disable(runtime, who, public_id)
        except AccountError as error:
            refused.append(error)

    other = Thread(target=shut_out, args=(mel_signed_in, ada))
    lock_team = team.lock_team

    def look_and_let_the_other_begin(*arguments: Any) -> Any:
        found = lock_team(*arguments)
        monkeypatch.setattr(team, "lock_team", lock_team)
        other.start()
        other.join(HEAD_START_S)
        return found

    monkeypatch.setattr(team, "lock_team", look_and_let_the_other_begin)

    shut_out(harbor.admin, mel)
    other.join()

    assert _admins(runtime) == ["ada@example.com"]
    assert [type(error) for error in refused] == [NoLongerAdmin]


def test_whoever_is_no_admin_any_more_changes_nobody(runtime: Runtime, harbor: Place) -> None:
    mel, mel_signed_in = _add(runtime, harbor)
    _disable(runtime, harbor.admin, mel)

    with pytest.raises(NoLongerAdmin), runtime.sessions() as session:
        enable_user(session, mel_signed_in, mel, now=NOW)

    assert _admins(runtime) == ["ada@example.com"]


def test_disabling_ends_every_sign_in_and_every_link(runtime: Runtime, harbor: Place) -> None:
    mel, mel_signed_in = _add(runtime, harbor, role=Role.MEMBER)
    with runtime.sessions() as session:
        add_link(
            session,
            company_id=harbor.company_id,
            purpose=LinkPurpose.PASSWORD_RESET,
            email=MEL,
            user_id=mel_signed_in.user_id,
            now=NOW,
        )
        session.commit()

    for _ in range(2):
        _disable(runtime, harbor.admin, mel)

    ended = rows(runtime.sessions, select(SignIn.user_id).where(SignIn.ended_at == NOW))
    assert [row.user_id for row in ended] == [mel_signed_in.user_id]
    assert [row.ended_at for row in rows(runtime.sessions, select(OneTimeLink.ended_at))] == [NOW]
    assert _events(runtime) == [("user disabled", "member")]


@pytest.mark.parametrize("how", ["disabled", "demoted"])
def test_the_open_invitations_of_whoever_is_no_admin_any_more_end(
    runtime: Runtime, harbor: Place, how: str
) -> None:
    mel, mel_signed_in = _add(runtime, harbor)
    with runtime.sessions() as session:
        for who in (mel_signed_in, harbor.admin):
            add_link(
                session,
                company_id=harbor.company_id,
                purpose=LinkPurpose.INVITATION,
                email=f"by-{who.email}",
                role=Role.ADMIN,
                created_by_id=who.user_id,
                now=NOW,
            )
        session.commit()

    if how == "disabled":
        _disable(runtime, harbor.admin, mel)
    else:
        _change(runtime, harbor.admin, mel, Role.MEMBER)

    with runtime.sessions() as session:
        view = view_team(session, harbor.company_id, now=NOW)
    assert [each.email for each in view.invitations] == ["by-ada@example.com"]


def test_somebody_of_another_company_is_nobody(
    runtime: Runtime, harbor: Place, elsewhere: Place
) -> None:
    zoe = _own_id(runtime, elsewhere.admin)

    with runtime.sessions() as session:
        for attempt in (disable_user, enable_user):
            with pytest.raises(UnknownUser):
                attempt(session, harbor.admin, zoe, now=NOW)
        with pytest.raises(UnknownUser):
            change_role(session, harbor.admin, zoe, role=Role.MEMBER, now=NOW)

    assert _admins(runtime) == ["ada@example.com", "zoe@example.com"]


def test_whoever_is_enabled_again_is_mailed_nothing_of_the_days_before(
    runtime: Runtime, clock: Clock
) -> None:
    desk = make_desk(runtime, clock, MEL)
    with runtime.sessions() as session:
        company = session.get_one(Company, desk.company_id)
        ada = make_signed_in(session, make_user(session, company))
        mel = make_user(session, company, email=MEL, is_disabled=True).public_id
    clock.advance(days=3)
    with runtime.sessions() as session:
        enable_user(session, ada, mel, now=clock.now)
    desk.add_signups(created_at=clock.now)
    deliver_due(desk.runtime)
    clock.advance(days=1)

    deliver_due(desk.runtime)

    assert desk.subjects() == ["1 new customer on Tuesday, 24 November"]
    (row,) = rows(runtime.sessions, select(ReportRecipient.reported_from_at))
    assert f"{row.reported_from_at:%d %H:%M}" == "24 05:00"
    assert _events(runtime) == [("user enabled", "admin")]
