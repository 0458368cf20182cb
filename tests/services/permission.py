"""What the tests of a connection's life share: reconnect it, and decide about its customers."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from models import Connection, RemoteAccount
from services.consent import ConsentAnswer, begin_consent, complete_consent
from services.providers.contract import ProviderKey
from services.runtime import Runtime
from tests.factories import (
    make_company,
    make_customer,
    make_link,
    make_reading,
    make_remote_customer,
)
from tests.services.support import Place, one

QUICKBOOKS = ProviderKey.QUICKBOOKS


def reconnect(
    runtime: Runtime, place: Place, *, realm: str | None = None, allows_other_account: bool = False
) -> None:
    with runtime.sessions() as session:
        address = begin_consent(
            runtime,
            session,
            place.admin,
            provider=QUICKBOOKS,
            allows_other_account=allows_other_account,
        )
    own = one(runtime.sessions, RemoteAccount, place.account_id).remote_account_id
    answer = ConsentAnswer(
        state=parse_qs(urlsplit(address).query)["state"][0],
        code="code-1",
        remote_account_id=realm or own,
        error="",
    )
    complete_consent(runtime, place.admin, provider=QUICKBOOKS, answer=answer)


def decide(runtime: Runtime, place: Place) -> None:
    """Link one remote customer and ignore another."""
    with runtime.sessions() as session:
        connection = session.get_one(Connection, place.connection_id)
        reading = make_reading(session, connection)
        linked = make_remote_customer(session, reading, remote_id="1")
        company = make_company(session)
        make_link(session, linked, make_customer(session, company))
        make_remote_customer(session, reading, remote_id="2", state="ignored")
