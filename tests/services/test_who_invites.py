"""Who may invite and withdraw at this moment, how soon again, and what two at once come to."""

from __future__ import annotations

from datetime import timedelta
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import select

from models import AuditEvent, Role
from services import invitations
from services.account_errors import AlreadyTaken, NoLongerAdmin
from services.address_asks import ADDRESSES_PER_DAY
from services.email_changes import ask_for_change
from services.invitations import accept_invitation, invite, list_invitations, withdraw_invitation
from services.link_errors import MailedAlready, TooManyAddresses, UnknownInvitation
from services.sign_ins import SignedIn
from tests.factories import NOW, make_company, make_signed_in, make_user
from tests.services.mailing import KIM, MEL, PASSWORD, Office
from tests.services.support import Place, rows

#: Long enough for the other invitation, if nothing holds it.
HEAD_START_S = 0.5


@pytest.mark.parametrize("values", [{"is_disabled": True}, {"role": Role.MEMBER}])
def test_whoever_is_no_admin_any_more_invites_nobody(
    office: Office, values: dict[str, object]
) -> None:
    office.change_user(office.ada.user_id, **values)

    with pytest.raises(NoLongerAdmin):
        office.invite(role=Role.ADMIN)

    assert office.links() == []


@pytest.mark.both_databases
def test_of_two_invitations_to_one_address_at_once_one_is_mailed(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused: list[Exception] = []
    refuse_repeat = invitations.refuse_repeat

    def invite() -> None:
        try:
            office.invite()
        except MailedAlready as error:
            refused.append(error)

    other = Thread(target=invite)

    def look_and_let_the_other_begin(*arguments: Any, **values: Any) -> None:
        refuse_repeat(*arguments, **values)
        monkeypatch.setattr(invitations, "refuse_repeat", refuse_repeat)
        other.start()
        other.join(HEAD_START_S)

    monkeypatch.setattr(invitations, "refuse_repeat", look_and_let_the_other_begin)

    invite()
    other.join()

    assert len(refused) == 1
    office.link()


def test_whoever_joins_in_the_moment_of_a_withdrawal_has_joined(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    public_id = office.invite()
    office.send()
    seen_open = office.link()
    with office.session() as session:
        accept_invitation(
            session, office.last_token(), name="Kim", password=PASSWORD, **office.opened()
        )
    monkeypatch.setattr(invitations, "_get", lambda *_arguments: seen_open)

    with office.session() as session, pytest.raises(UnknownInvitation):
        withdraw_invitation(session, office.ada, public_id, now=office.clock.now)

    actions = [action for (action,) in rows(office.runtime.sessions, select(AuditEvent.action))]
    assert actions == ["invited", "joined"]
    assert office.link().ended_at is None


def test_a_user_learns_of_so_many_addresses_a_day_whether_somebody_signs_in_so(
    office: Office,
) -> None:
    def ask() -> None:
        with office.session() as session:
            ask_for_change(session, office.ada, email=MEL, **office.now())

    for number in range(ADDRESSES_PER_DAY):
        with pytest.raises(AlreadyTaken):
            ask() if number % 2 else office.invite(MEL)

    for once_more in (ask, office.invite):
        with pytest.raises(TooManyAddresses):
            once_more()
    with office.session() as session, pytest.raises(AlreadyTaken):
        ask_for_change(session, office.mel, email=office.ada.email, **office.now())
    office.clock.advance(days=1)
    assert office.invite()


def _mail_and_withdraw(
    office: Office, who: SignedIn, *, times: int, is_mailed: bool = True
) -> None:
    for _ in range(times):
        with office.session() as session:
            public_id = invite(session, who, email=KIM, role=Role.MEMBER, **office.now())
        if is_mailed:
            office.send()
        with office.session() as session:
            withdraw_invitation(session, who, public_id, now=office.clock())
        office.clock.advance(minutes=1)


def test_what_is_withdrawn_frees_its_address_three_times_a_day(office: Office) -> None:
    _mail_and_withdraw(office, office.ada, times=3)

    with pytest.raises(MailedAlready) as refusal:
        office.invite()

    assert refusal.value.again_at == NOW + timedelta(days=1)
    office.clock.advance(hours=23, minutes=57)
    assert office.invite()


def test_what_is_withdrawn_before_its_mail_went_out_makes_nobody_wait(office: Office) -> None:
    _mail_and_withdraw(office, office.ada, times=4, is_mailed=False)

    assert office.invite()


def test_no_company_keeps_an_address_from_another_and_all_together_mail_it_ten_times(
    office: Office, elsewhere: Place
) -> None:
    _mail_and_withdraw(office, office.ada, times=3)
    _mail_and_withdraw(office, elsewhere.admin, times=3)
    with office.session() as session:
        others = [
            make_signed_in(session, make_user(session, make_company(session))) for _ in range(2)
        ]
    _mail_and_withdraw(office, others[0], times=3)
    _mail_and_withdraw(office, others[1], times=1)

    with pytest.raises(MailedAlready) as refusal:
        _mail_and_withdraw(office, others[1], times=1)

    assert refusal.value.again_at == NOW + timedelta(days=1)
    assert office.outbox.recipients == [KIM] * 10


def test_the_list_says_from_when_an_invitation_can_be_sent_again(office: Office) -> None:
    waiting = office.invite()
    office.clock.advance(minutes=30)
    with office.session() as session:
        (soon,) = list_invitations(session, office.ada.company_id, now=office.clock())
        (later,) = list_invitations(session, office.ada.company_id, now=NOW + timedelta(hours=1))

    assert (soon.public_id, soon.again_at) == (waiting, NOW + timedelta(hours=1))
    assert later.again_at is None
