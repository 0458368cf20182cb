"""Two companies of one BlueClerk connect the same books; one of them leaves."""

from __future__ import annotations

from types import SimpleNamespace

from sqlalchemy.orm import Session

from models import Connection, ConnectionState
from tests.blueprints.support import QUICKBOOKS, Browser, text_of
from tests.factories import make_account, make_connection
from tests.fakes import FakeAuthorization


def test_leaving_a_permission_that_others_use_says_how_it_stands_and_names_nobody(
    ada: Browser,
    session: Session,
    connection: Connection,
    people: SimpleNamespace,
    consent: FakeAuthorization,
) -> None:
    theirs = make_account(
        session, people.other, remote_account_id=connection.account.remote_account_id
    )
    make_connection(session, theirs)

    ada.post(f"{QUICKBOOKS}/disconnect")

    text = text_of(ada.get(QUICKBOOKS))
    assert (
        "QuickBooks is disconnected here and our keys are deleted. The permission itself stays "
        "listed in QuickBooks; you can remove BlueClerk there." in text
    )
    assert people.other.name not in text
    assert consent.revoked == []
    session.refresh(connection)
    assert connection.state is ConnectionState.DISCONNECTED
    assert connection.refresh_token is None
