"""Every trouble with tokens, at each of the three: what is passing stays passing, and no token is
thrown away for it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from sqlalchemy import select, update

from models import Connection, ConnectionState, CustomerLink, ReadingFailure
from services.providers.contract import ProviderKey
from services.token_vault import TokenVault
from tests.matrix.checks import check_end, check_page_import, check_silence
from tests.matrix.faults import Fault
from tests.matrix.place import Place
from tests.matrix.token_rows import TOKEN_FAULTS
from tests.matrix.troubles import trouble

EVERY_PROVIDER = pytest.mark.parametrize("provider", [*ProviderKey])
#: By then the access token of each of the three has ended.
HALF_A_DAY_H = 13
TOKENS = ("access_token", "refresh_token", "previous_refresh_token", "access_expires_at")


def _cases() -> Iterator[object]:
    """Take each row at every provider."""
    for row, provider in itertools.product(TOKEN_FAULTS, ProviderKey):
        yield pytest.param(row, provider, id=f"{row}-{provider.value}")


@pytest.mark.full
@pytest.mark.parametrize(("row", "provider"), [*_cases()])
def test_a_renewal_ends_in_its_class(
    row: Fault, place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    _renew(row, place, caplog)


def _renew(row: Fault, place: Place, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    place.wait(hours=HALF_A_DAY_H)
    counted = place.counted()
    with trouble(place, row, is_paged=True):
        shown = place.open()

    check_end(place, row, shown, truth=(counted, counted), known=None, is_delta=False)
    check_silence(place, shown, caplog)
    _look_again(row, place, counted)


def _look_again(row: Fault, place: Place, counted: int) -> None:
    """Check that whatever passes by itself is over with the trouble."""
    ending = row.next_ending_at(place.provider)
    place.clock.advance(minutes=2)
    shown = place.open()
    assert shown.number == (None if ending else (counted, counted)), shown.text
    is_ended = ending is ReadingFailure.RECONNECT_REQUIRED
    expected = ConnectionState.RECONNECT_REQUIRED if is_ended else ConnectionState.CONNECTED
    assert place.connection_state() is expected
    assert place.refresh_token()


@pytest.mark.full
@EVERY_PROVIDER
def test_a_permission_that_ends_stops_no_import(place: Place) -> None:
    known = place.open().number
    place.turn_on(({"fault": "revoke"},))

    check_page_import(place, known)
    place.clock.advance(minutes=2)
    shown = place.open()

    assert place.connection_state() is ConnectionState.RECONNECT_REQUIRED
    assert shown.last_known == (0, place.counted())
    with place.runtime.sessions() as session:
        assert len(session.scalars(select(CustomerLink)).all()) == place.counted()


@pytest.mark.full
@EVERY_PROVIDER
def test_tokens_that_no_key_opens_need_a_reconnect(
    place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(place.runtime.vault, "open", TokenVault([b"x" * 32]).open)
        shown = place.open()

    assert (shown.statuses[-1], shown.calls, shown.token_calls) == (409, 0, 0)
    assert f"Reconnect {place.name}" in shown.text
    check_silence(place, shown, caplog)


@pytest.mark.full
@EVERY_PROVIDER
def test_tokens_of_a_backup_need_a_reconnect(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    kept = _tokens_of(place)
    for _ in range(3):
        place.wait(hours=25)
        place.open()
    _put_back(place, kept)

    place.wait(hours=1)
    shown = place.open()

    assert shown.statuses[-1] == 409, shown.text
    assert place.connection_state() is ConnectionState.RECONNECT_REQUIRED
    check_silence(place, shown, caplog)


@pytest.mark.full
@EVERY_PROVIDER
def test_a_copy_of_the_database_spends_no_token(place: Place) -> None:
    with place.runtime.sessions() as session:
        session.execute(update(Connection).values(installation="https://elsewhere.example.com"))
        session.commit()
    place.wait(hours=HALF_A_DAY_H)

    shown = place.open()

    assert (shown.statuses[-1], shown.calls, shown.token_calls) == (409, 0, 0)
    assert "This connection was made at https://elsewhere.example.com." in shown.text


def _tokens_of(place: Place) -> dict[str, object]:
    with place.runtime.sessions() as session:
        connection = session.get_one(Connection, place.connection_id)
        return {name: getattr(connection, name) for name in TOKENS}


def _put_back(place: Place, kept: dict[str, object]) -> None:
    with place.runtime.sessions() as session:
        session.execute(update(Connection).values(**kept))
        session.commit()
