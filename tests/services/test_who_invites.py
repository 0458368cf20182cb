"""Who may invite and withdraw at this moment, and what two at once come to."""

from __future__ import annotations

from threading import Thread
from typing import Any

import pytest
from sqlalchemy import URL

from models import Role
from services import invitations
from services.account_errors import NoLongerAdmin
from services.link_errors import MailedAlready
from services.runtime import Runtime
from tests.conftest import Clock, WakeUps
from tests.services.mailing import Office, make_office

#: Long enough for the other invitation, if nothing holds it.
HEAD_START_S = 0.5


@pytest.fixture
def office(runtime: Runtime, clock: Clock, wake_ups: WakeUps, database_url: URL) -> Office:
    return make_office(runtime, clock, wake_ups, database_url)


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
