"""A permission that covers none, one or several accounts, and the account of before."""

from __future__ import annotations

import pytest

from models import Connection
from models import RemoteAccount as RemoteAccountRow
from services.connections import disconnect
from services.consent import NothingShared, OtherAccount
from services.runtime import Runtime
from services.sign_ins import SignedIn
from tests.factories import make_company, make_signed_in, make_user
from tests.fakes import FakeAuthorization
from tests.services.choosing import (
    POOLS,
    SPAS,
    TILES,
    XERO,
    agree,
    connected_names,
    new_choice,
    view,
)
from tests.services.support import count


@pytest.fixture
def ada(runtime: Runtime) -> SignedIn:
    with runtime.sessions() as session:
        return make_signed_in(session, make_user(session, make_company(session)))


def test_a_permission_for_nothing_connects_nothing(
    runtime: Runtime, ada: SignedIn, authorization: FakeAuthorization
) -> None:
    authorization.accounts = ()

    with pytest.raises(NothingShared):
        agree(runtime, ada)

    assert count(runtime.sessions, Connection) == 0


def test_the_only_account_is_connected_without_asking(
    runtime: Runtime, ada: SignedIn, authorization: FakeAuthorization
) -> None:
    authorization.accounts = (POOLS,)

    assert agree(runtime, ada) is None

    assert connected_names(runtime) == [POOLS.name]


def test_the_account_of_before_is_connected_again_without_asking(
    runtime: Runtime, ada: SignedIn, authorization: FakeAuthorization
) -> None:
    authorization.accounts = (SPAS,)
    agree(runtime, ada)
    disconnect(runtime, ada, XERO)
    authorization.accounts = (POOLS, SPAS, TILES)

    assert agree(runtime, ada) is None

    assert connected_names(runtime) == [SPAS.name]


def test_asking_for_another_account_leaves_the_choice_to_the_person(
    runtime: Runtime, ada: SignedIn, authorization: FakeAuthorization
) -> None:
    authorization.accounts = (SPAS,)
    agree(runtime, ada)
    authorization.accounts = (POOLS, SPAS)

    found = view(runtime, ada, new_choice(runtime, ada, other=True))

    assert (found.earlier, found.lacks_earlier) == (SPAS, False)
    assert connected_names(runtime) == [SPAS.name]


def test_a_choice_without_the_account_of_before_says_so(
    runtime: Runtime, ada: SignedIn, authorization: FakeAuthorization
) -> None:
    authorization.accounts = (SPAS,)
    agree(runtime, ada)
    authorization.accounts = (POOLS, TILES)

    found = view(runtime, ada, new_choice(runtime, ada))

    assert (found.earlier, found.lacks_earlier) == (SPAS, True)


def test_a_single_other_account_stops_and_names_both(
    runtime: Runtime, ada: SignedIn, authorization: FakeAuthorization
) -> None:
    authorization.accounts = (SPAS,)
    agree(runtime, ada)
    authorization.accounts = (TILES,)

    with pytest.raises(OtherAccount) as caught:
        agree(runtime, ada)

    assert (caught.value.expected_name, caught.value.chosen_name) == (SPAS.name, TILES.name)
    assert connected_names(runtime) == [SPAS.name]


def test_a_single_other_account_is_connected_when_it_was_asked_for(
    runtime: Runtime, ada: SignedIn, authorization: FakeAuthorization
) -> None:
    authorization.accounts = (SPAS,)
    agree(runtime, ada)
    authorization.accounts = (TILES,)

    assert agree(runtime, ada, other=True) is None

    assert connected_names(runtime) == [TILES.name]
    assert count(runtime.sessions, RemoteAccountRow) == 2, "links of the one before stay"
