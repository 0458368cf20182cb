"""A choice between several shared accounts: kept sealed, made once, in time, by its owner."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from models import Connection, ConsentRequest, User
from models import RemoteAccount as RemoteAccountRow
from services.account_choice import (
    ChoiceExpired,
    ChoiceUnknown,
    ChoiceUsed,
    NotOffered,
    erase_expired_choices,
    view_choice,
)
from services.providers.contract import ProviderKey
from services.runtime import Runtime
from services.sign_ins import SignedIn
from tests.conftest import Clock
from tests.factories import make_company, make_signed_in, make_user
from tests.fakes import FakeAuthorization
from tests.services import workers
from tests.services.choosing import (
    POOLS,
    SPAS,
    TILES,
    choose,
    connected_names,
    new_choice,
    view,
)
from tests.services.support import count, rows


@pytest.fixture
def ada(runtime: Runtime) -> SignedIn:
    with runtime.sessions() as session:
        return make_signed_in(session, make_user(session, make_company(session)))


@pytest.fixture
def zoe(runtime: Runtime) -> SignedIn:
    with runtime.sessions() as session:
        return make_signed_in(session, make_user(session, make_company(session)))


def _kept(runtime: Runtime) -> list[tuple[bytes | None, str]]:
    query = select(ConsentRequest.sealed_tokens, ConsentRequest.offered_accounts).order_by(
        ConsentRequest.id
    )
    return [tuple(row) for row in rows(runtime.sessions, query)]


def test_several_accounts_wait_for_a_choice_and_connect_nothing_before(
    runtime: Runtime, ada: SignedIn, authorization: FakeAuthorization
) -> None:
    authorization.accounts = (POOLS, SPAS)

    choice_id = new_choice(runtime, ada)

    found = view(runtime, ada, choice_id)
    assert found.accounts == (POOLS, SPAS)
    assert (found.earlier, found.lacks_earlier) == (None, False)
    assert count(runtime.sessions, Connection) == 0
    assert count(runtime.sessions, RemoteAccountRow) == 0


def test_the_chosen_account_is_connected_with_the_tokens_of_the_consent(
    runtime: Runtime, ada: SignedIn, authorization: FakeAuthorization
) -> None:
    authorization.accounts = (POOLS, SPAS)
    choice_id = new_choice(runtime, ada)

    choose(runtime, ada, choice_id, SPAS)

    with runtime.sessions() as session:
        connection = session.scalars(select(Connection)).one()
        opened = runtime.vault.open(
            connection.refresh_token or b"",
            company_id=ada.company_id,
            connection=connection.public_id,
            field="refresh_token",
        )
        assert opened == "refresh-1"
        assert connection.access_expires_at == runtime.clock() + authorization.lifetime
        assert connection.account.name == SPAS.name
    assert len(authorization.exchanged) == 1
    assert _kept(runtime) == [(None, "")]


def test_no_token_of_a_choice_stands_plain_in_the_database(
    runtime: Runtime, ada: SignedIn, authorization: FakeAuthorization, database_path: Path
) -> None:
    authorization.accounts = (POOLS, SPAS)

    new_choice(runtime, ada)

    written = b"".join(path.read_bytes() for path in database_path.parent.glob("test.db*"))
    assert b"refresh-1" not in written
    assert POOLS.name.encode() in written


def test_a_choice_counts_once(
    runtime: Runtime, ada: SignedIn, authorization: FakeAuthorization
) -> None:
    authorization.accounts = (POOLS, SPAS)
    choice_id = new_choice(runtime, ada)
    choose(runtime, ada, choice_id, SPAS)

    with pytest.raises(ChoiceUsed):
        choose(runtime, ada, choice_id, POOLS)

    assert connected_names(runtime) == [SPAS.name]


def test_of_clicks_at_one_moment_one_connects(
    runtime: Runtime, ada: SignedIn, authorization: FakeAuthorization
) -> None:
    authorization.accounts = (POOLS, SPAS)
    choice_id = new_choice(runtime, ada)

    ended = workers.in_threads(lambda: choose(runtime, ada, choice_id, SPAS), 8)

    assert sorted(map(str, ended)) == ["ChoiceUsed()"] * 7 + ["None"]


def test_a_choice_is_over_after_ten_minutes(
    runtime: Runtime, ada: SignedIn, authorization: FakeAuthorization, clock: Clock
) -> None:
    authorization.accounts = (POOLS, SPAS)
    choice_id = new_choice(runtime, ada)
    clock.advance(minutes=10)

    with pytest.raises(ChoiceExpired):
        view(runtime, ada, choice_id)
    with pytest.raises(ChoiceExpired):
        choose(runtime, ada, choice_id, POOLS)

    assert count(runtime.sessions, Connection) == 0


def test_tokens_that_nobody_chose_for_are_erased_in_time_and_others_stay(
    runtime: Runtime, ada: SignedIn, zoe: SignedIn, authorization: FakeAuthorization, clock: Clock
) -> None:
    authorization.accounts = (POOLS, SPAS)
    expired = new_choice(runtime, ada)
    clock.advance(minutes=10)
    young = new_choice(runtime, zoe)

    erase_expired_choices(runtime)

    assert [sealed is None for sealed, _ in _kept(runtime)] == [True, False]
    assert view(runtime, zoe, young).accounts == (POOLS, SPAS)
    with pytest.raises(ChoiceExpired):
        view(runtime, ada, expired)


def test_a_choice_belongs_to_the_sign_in_company_and_provider_that_asked(
    runtime: Runtime, ada: SignedIn, zoe: SignedIn, authorization: FakeAuthorization
) -> None:
    authorization.accounts = (POOLS, SPAS)
    choice_id = new_choice(runtime, ada)
    with runtime.sessions() as session:
        other_browser = make_signed_in(session, session.get_one(User, ada.user_id))

    for stranger in (zoe, other_browser, replace(ada, company_id=zoe.company_id)):
        with pytest.raises(ChoiceUnknown):
            view(runtime, stranger, choice_id)
        with pytest.raises(ChoiceUnknown):
            choose(runtime, stranger, choice_id, POOLS)
    with runtime.sessions() as session, pytest.raises(ChoiceUnknown):
        view_choice(
            session,
            ada,
            provider=ProviderKey.FRESHBOOKS,
            public_id=choice_id,
            now=runtime.clock(),
        )

    assert count(runtime.sessions, Connection) == 0


def test_an_account_that_was_not_offered_is_refused_and_the_choice_stays(
    runtime: Runtime, ada: SignedIn, authorization: FakeAuthorization
) -> None:
    authorization.accounts = (POOLS, SPAS)
    choice_id = new_choice(runtime, ada)

    with pytest.raises(NotOffered):
        choose(runtime, ada, choice_id, TILES)

    choose(runtime, ada, choice_id, POOLS)
    assert connected_names(runtime) == [POOLS.name]
