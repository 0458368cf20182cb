"""Consent: only the answer to our own question makes a connection, and only once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

from models import (
    AuditEvent,
    Company,
    Connection,
    ConnectionState,
    ConsentRequest,
    RemoteAccount,
    User,
)
from services import consent
from services.consent import (
    ConsentAnswer,
    ConsentInvalid,
    ConsentRefused,
    ConsentUsed,
    begin_consent,
    complete_consent,
)
from services.providers.contract import ProviderKey
from services.runtime import Runtime
from services.sign_ins import SignedIn
from tests.conftest import Clock
from tests.factories import make_company, make_signed_in, make_user
from tests.fakes import FakeAccountingClient, FakeAuthorization
from tests.services.support import Place, count, rows
from tests.services.token_rows import held_tokens

QUICKBOOKS = ProviderKey.QUICKBOOKS
REALM = "9341450000000001"


@pytest.fixture(autouse=True)
def _provider(authorization: FakeAuthorization, books: FakeAccountingClient) -> None:
    """Every test here has the fake provider on the other side."""


@pytest.fixture
def ada(runtime: Runtime) -> SignedIn:
    """An admin whose company has no connection yet."""
    with runtime.sessions() as session:
        return make_signed_in(session, make_user(session, make_company(session), name="Ada"))


def _begin(runtime: Runtime, who: SignedIn, **options: Any) -> ConsentAnswer:
    """Ask for permission; return the answer of somebody who agrees."""
    with runtime.sessions() as session:
        address = begin_consent(runtime, session, who, provider=QUICKBOOKS, **options)
    state = parse_qs(urlsplit(address).query)["state"][0]
    return ConsentAnswer(state=state, code="code-1", remote_account_id=REALM, error="")


def _complete(runtime: Runtime, who: SignedIn, answer: ConsentAnswer) -> None:
    complete_consent(runtime, who, provider=QUICKBOOKS, answer=answer)


def _connect(runtime: Runtime, who: SignedIn) -> None:
    _complete(runtime, who, _begin(runtime, who))


def test_an_agreed_consent_becomes_a_connection_with_the_books_name(
    runtime: Runtime, ada: SignedIn, authorization: FakeAuthorization
) -> None:
    answer = _begin(runtime, ada)

    _complete(runtime, ada, answer)

    with runtime.sessions() as session:
        connection = session.scalars(select(Connection)).one()
        assert connection.company_id == ada.company_id
        assert connection.state is ConnectionState.CONNECTED
        assert connection.connected_by_id == ada.user_id
        assert connection.account.remote_account_id == REALM
        assert connection.account.name == "Harbor Heating & Air LLC"
    assert rows(runtime.sessions, select(AuditEvent.action)) == [("connected",)]


def test_the_code_is_exchanged_with_our_own_address_and_verifier(
    runtime: Runtime,
    ada: SignedIn,
    authorization: FakeAuthorization,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_request = authorization.authorization_request
    requests = []

    def remember(redirect_uri: str) -> Any:
        requests.append(make_request(redirect_uri))
        return requests[-1]

    monkeypatch.setattr(authorization, "authorization_request", remember)

    _connect(runtime, ada)

    callback = "http://127.0.0.1:5000/settings/integrations/quickbooks/callback"
    assert authorization.exchanged == [("code-1", callback, requests[0].code_verifier)]


def test_neither_state_nor_verifier_are_stored_readable(
    runtime: Runtime, ada: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = _begin(runtime, ada)

    (state_hash, verifier) = rows(
        runtime.sessions, select(ConsentRequest.state_hash, ConsentRequest.code_verifier)
    )[0]
    assert answer.state not in state_hash
    assert len(verifier) > len(answer.state), "sealed with key id, nonce and tag"


@pytest.mark.parametrize("state", ["", "wrong", "\udcff", "x" * 100_000, "' OR 1=1 --"])
def test_a_missing_or_wrong_state_is_refused_without_a_call(
    runtime: Runtime, ada: SignedIn, authorization: FakeAuthorization, state: str
) -> None:
    answer = replace(_begin(runtime, ada), state=state)

    with pytest.raises(ConsentInvalid):
        _complete(runtime, ada, answer)

    assert authorization.exchanged == []
    assert count(runtime.sessions, Connection) == 0


def test_a_state_belongs_to_the_sign_in_that_asked(
    runtime: Runtime, ada: SignedIn, authorization: FakeAuthorization
) -> None:
    answer = _begin(runtime, ada)
    with runtime.sessions() as session:
        user = session.get_one(User, ada.user_id)
        other_browser = make_signed_in(session, user)

    with pytest.raises(ConsentInvalid):
        _complete(runtime, other_browser, answer)

    assert authorization.exchanged == []


def test_a_state_belongs_to_the_company_that_asked(
    runtime: Runtime, ada: SignedIn, authorization: FakeAuthorization
) -> None:
    answer = _begin(runtime, ada)
    with runtime.sessions() as session:
        moved = replace(ada, company_id=make_company(session).id)

    with pytest.raises(ConsentInvalid):
        _complete(runtime, moved, answer)

    assert authorization.exchanged == []


def test_a_state_belongs_to_the_provider_that_was_asked(
    runtime: Runtime, ada: SignedIn, authorization: FakeAuthorization
) -> None:
    answer = _begin(runtime, ada)

    with pytest.raises(ConsentInvalid):
        complete_consent(runtime, ada, provider=ProviderKey.XERO, answer=answer)

    assert authorization.exchanged == []


@pytest.mark.parametrize(("age", "is_valid"), [({"seconds": 599}, True), ({"minutes": 10}, False)])
def test_a_state_is_good_for_ten_minutes(
    runtime: Runtime, ada: SignedIn, clock: Clock, age: dict[str, float], is_valid: bool
) -> None:
    answer = _begin(runtime, ada)
    clock.advance(**age)

    if is_valid:
        _complete(runtime, ada, answer)
    else:
        with pytest.raises(ConsentInvalid):
            _complete(runtime, ada, answer)

    assert count(runtime.sessions, Connection) == int(is_valid)


def test_a_state_works_once(
    runtime: Runtime, ada: SignedIn, authorization: FakeAuthorization
) -> None:
    answer = _begin(runtime, ada)
    _complete(runtime, ada, answer)

    with pytest.raises(ConsentUsed):
        _complete(runtime, ada, answer)

    assert len(authorization.exchanged) == 1


def test_a_state_of_a_failed_attempt_does_not_work_again(
    runtime: Runtime, ada: SignedIn, authorization: FakeAuthorization
) -> None:
    answer = _begin(runtime, ada)
    with pytest.raises(ConsentInvalid):
        _complete(runtime, ada, replace(answer, code=""))

    with pytest.raises(ConsentUsed):
        _complete(runtime, ada, answer)

    assert authorization.exchanged == []


@pytest.mark.parametrize(
    "remote_account_id",
    ["", "../../x", "9341450000000001/..", "9341450000000001?x", "934145000000000１", "1", "9" * 20,
     "9341450000000001\n", "<script>"],
)  # fmt: skip
def test_a_hostile_account_id_is_refused_without_a_call(
    runtime: Runtime, ada: SignedIn, authorization: FakeAuthorization, remote_account_id: str
) -> None:
    answer = replace(_begin(runtime, ada), remote_account_id=remote_account_id)

    with pytest.raises(ConsentInvalid):
        _complete(runtime, ada, answer)

    assert authorization.exchanged == []
    assert count(runtime.sessions, RemoteAccount) == 0


def test_a_no_on_the_consent_page_is_said_as_such(
    runtime: Runtime, ada: SignedIn, authorization: FakeAuthorization
) -> None:
    answer = replace(_begin(runtime, ada), code="", remote_account_id="", error="access_denied")

    with pytest.raises(ConsentRefused):
        _complete(runtime, ada, answer)

    assert authorization.exchanged == []
    assert count(runtime.sessions, Connection) == 0


def test_an_error_without_our_state_is_not_believed(runtime: Runtime, ada: SignedIn) -> None:
    answer = ConsentAnswer(state="forged", code="", remote_account_id="", error="access_denied")

    with pytest.raises(ConsentInvalid):
        _complete(runtime, ada, answer)


def test_two_companies_may_connect_the_same_books(
    runtime: Runtime, ada: SignedIn, elsewhere: Place
) -> None:
    _connect(runtime, ada)
    answer = replace(_begin(runtime, elsewhere.admin, allows_other_account=True))

    _complete(runtime, elsewhere.admin, answer)

    owners = rows(
        runtime.sessions,
        select(RemoteAccount.company_id).where(RemoteAccount.remote_account_id == REALM),
    )
    assert sorted(owner for (owner,) in owners) == sorted([ada.company_id, elsewhere.company_id])


def test_a_consent_dies_with_its_sign_in(runtime: Runtime, ada: SignedIn) -> None:
    _begin(runtime, ada)
    with runtime.sessions() as session:
        session.delete(session.get_one(Company, ada.company_id))
        session.commit()

    assert count(runtime.sessions, ConsentRequest) == 0


def test_tokens_of_a_new_connection_open_in_its_row_only(
    runtime: Runtime, ada: SignedIn, elsewhere: Place
) -> None:
    _connect(runtime, ada)

    connection_id = rows(
        runtime.sessions, select(Connection.id).where(Connection.company_id == ada.company_id)
    )[0][0]
    place = Place(ada.company_id, 0, connection_id, ada)
    assert held_tokens(runtime, place)["refresh_token"] == "refresh-1"
    assert timedelta(minutes=10) == consent.CONSENT_LIFETIME
