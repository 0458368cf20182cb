"""What the tests of shared accounts share: agree at Xero, look at the choice, make it."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from sqlalchemy import select

from models import Connection
from models import RemoteAccount as RemoteAccountRow
from services.account_choice import AccountChoice, choose_account, view_choice
from services.consent import ConsentAnswer, begin_consent, complete_consent
from services.providers.contract import ProviderKey, RemoteAccount
from services.runtime import Runtime
from services.sign_ins import SignedIn
from tests.services.support import rows

XERO = ProviderKey.XERO
POOLS = RemoteAccount("b1f0c7a2-0000-4000-8000-000000000001", "Fairweather Pools (NZ) Limited")
SPAS = RemoteAccount("b1f0c7a2-0000-4000-8000-000000000002", "Fairweather Spas")
TILES = RemoteAccount("b1f0c7a2-0000-4000-8000-000000000003", "Tidewater Tiles")


def agree(runtime: Runtime, who: SignedIn, *, other: bool = False) -> str | None:
    """Agree at the provider; return the choice that is left to make."""
    with runtime.sessions() as session:
        address = begin_consent(runtime, session, who, provider=XERO, allows_other_account=other)
    state = parse_qs(urlsplit(address).query)["state"][0]
    answer = ConsentAnswer(state=state, code="code-1", remote_account_id="", error="")
    return complete_consent(runtime, who, provider=XERO, answer=answer)


def new_choice(runtime: Runtime, who: SignedIn, *, other: bool = False) -> str:
    choice_id = agree(runtime, who, other=other)
    assert choice_id is not None
    return choice_id


def choose(runtime: Runtime, who: SignedIn, choice_id: str, account: RemoteAccount) -> None:
    choose_account(
        runtime,
        who,
        provider=XERO,
        public_id=choice_id,
        remote_account_id=account.remote_account_id,
    )


def view(runtime: Runtime, who: SignedIn, choice_id: str) -> AccountChoice:
    with runtime.sessions() as session:
        return view_choice(session, who, provider=XERO, public_id=choice_id, now=runtime.clock())


def connected_names(runtime: Runtime) -> list[str]:
    query = select(RemoteAccountRow.name).join(
        Connection, Connection.account_id == RemoteAccountRow.id
    )
    return [name for (name,) in rows(runtime.sessions, query)]
