"""Whatever people write into their books, the others are matched."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update

from models import Bin, Customer, MatchSuggestion, RemoteAccount, RemoteCustomer
from services import kept_parties
from services.matching.party import Party
from services.placeholder_email import make_placeholder_email
from services.runtime import Runtime
from tests.factories import (
    make_account,
    make_company,
    make_connection,
    make_customer,
    make_reading,
    make_remote_customer,
)
from tests.services.matching_support import match_everything
from tests.services.support import count, rows

ANN: dict[str, Any] = {"name": "Ann Brandt", "email": "ann@example.com", "phone": "4155550123"}
ODD = {
    "long": "Ab " * 3_333,
    "one long word": "x" * 10_000,
    "right to left": "שרה כהן",
    "turned": "\u202eknarB nnA",
    "spaces": " \u200b\u2060 ",
    "marks": "'\"%_;--\\",
    "accents": "Z̷̛" * 200,
    "faces": "👩‍🔧🚿",
}


class _Place:
    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        with runtime.sessions() as session:
            self.company = make_company(session)
            account = make_account(session, self.company)
            self.reading = make_reading(session, make_connection(session, account))
            self.account_id = account.id

    def add(self, ours: dict[str, Any] | None, theirs: dict[str, Any] | None) -> None:
        with self.runtime.sessions() as session:
            if ours is not None:
                make_customer(session, self.company, **ours)
            if theirs is not None:
                emails = {"emails_text": theirs.get("email") or ""}
                make_remote_customer(session, self.reading, **(emails | theirs))

    def match(self) -> None:
        match_everything(self.runtime, self.account_id)

    def bins(self) -> dict[str, Bin]:
        query = select(RemoteCustomer.name, RemoteCustomer.bin)
        return {name: found for name, found in rows(self.runtime.sessions, query)}


@pytest.fixture
def place(runtime: Runtime) -> _Place:
    place = _Place(runtime)
    place.add(ANN, ANN)
    return place


@pytest.mark.sqlite_only  # PostgreSQL stores no name this long; readings and forms cut it before
@pytest.mark.parametrize("name", ODD.values(), ids=ODD)
def test_odd_names_stop_nobody(place: _Place, name: str) -> None:
    place.add({"name": name, "company_name": name}, {"name": name, "person_name": name})

    place.match()

    assert place.bins()["Ann Brandt"] is Bin.SAME
    assert Bin.WAITING not in place.bins().values()


def test_an_empty_row_is_like_nobody(place: _Place) -> None:
    place.add(
        {"name": "", "email": "quickbooks-1@placeholder.local", "is_placeholder_email": True},
        {"name": "", "email": None},
    )

    place.match()

    assert place.bins() == {"Ann Brandt": Bin.SAME, "": Bin.NEW}


def test_a_phone_that_is_words_is_no_phone(place: _Place) -> None:
    place.add({"name": "Quentin Abelard", "phone": "call Bob"}, None)
    place.add(None, {"name": "Zelda Umbra", "phone": "call Bob"})

    place.match()

    assert place.bins()["Zelda Umbra"] is Bin.NEW


def test_an_address_shared_by_forty_links_nobody(place: _Place) -> None:
    shared = "office@example.com"
    for number in range(40):
        place.add(
            {"name": f"Person{number} Local", "email": shared},
            {"name": f"Somebody{number} Elsewhere", "email": shared},
        )

    place.match()

    bins = {found for name, found in place.bins().items() if "Elsewhere" in name}
    assert Bin.SAME not in bins
    assert count(place.runtime.sessions, MatchSuggestion) < 41 * 7


def test_a_row_that_cannot_be_cleaned_stops_nobody(
    place: _Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    prepare = kept_parties.prepare

    def break_on(party: Party, *, region: str) -> Any:
        if party.display_name == "Broken Row":
            raise ValueError("Broken Row")
        return prepare(party, region=region)

    monkeypatch.setattr(kept_parties, "prepare", break_on)
    place.add(None, {"name": "Broken Row"})

    place.match()

    assert place.bins() == {"Ann Brandt": Bin.SAME, "Broken Row": Bin.NEW}
    assert "could not be cleaned: ValueError" in caplog.text
    assert "Broken Row" not in caplog.text


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(number=st.integers(0, 10**9), says_so=st.booleans())
def test_a_placeholder_is_never_evidence(runtime: Runtime, number: int, says_so: bool) -> None:
    """Not even where a row does not say that its address is one."""
    address = make_placeholder_email(
        "quickbooks", company_id=1, remote_account_id="1", remote_id=str(number)
    )
    place = _Place(runtime)
    ours = {"name": "Quentin Abelard", "email": address, "is_placeholder_email": says_so}
    place.add(ours, {"name": "Zelda Umbra", "email": address})

    place.match()

    assert count(runtime.sessions, MatchSuggestion) == 0
    with runtime.sessions() as session:
        session.execute(update(RemoteAccount).values(matched_at=None))
        for row in (RemoteCustomer, Customer):
            session.execute(delete(row))
        session.commit()


def test_companies_see_nothing_of_each_other(runtime: Runtime, place: _Place) -> None:
    elsewhere = _Place(runtime)
    elsewhere.add(None, ANN)

    elsewhere.match()

    assert count(runtime.sessions, MatchSuggestion) == 0
