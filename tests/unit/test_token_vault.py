"""A sealed token opens in its own row and field, with a key of the ring, and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.token_vault import KEY_ID_BYTES, NONCE_BYTES, TokenVault, UndecryptableToken

OLD, NEW = b"o" * 32, b"n" * 32
ROW = {"company_id": 1, "connection": "00112233aabbccdd", "field": "refresh_token"}
OTHER_PLACES = st.fixed_dictionaries(
    {
        "company_id": st.integers(1, 3),
        "connection": st.sampled_from(["00112233aabbccdd", "ffeeddccbbaa9988"]),
        "field": st.sampled_from(["access_token", "refresh_token", "previous_refresh_token"]),
    }
)


@given(token=st.text(max_size=200))
def test_what_was_sealed_opens_again(token: str) -> None:
    vault = TokenVault([NEW])

    assert vault.open(vault.seal(token, **ROW), **ROW) == token


@given(place=OTHER_PLACES)
def test_a_token_moved_to_another_place_stays_shut(place: dict[str, str | int]) -> None:
    vault = TokenVault([NEW])
    sealed = vault.seal("refresh-0", **ROW)

    if place == ROW:
        assert vault.open(sealed, **ROW) == "refresh-0"
        return
    with pytest.raises(UndecryptableToken):
        vault.open(sealed, **place)  # type: ignore[arg-type]


@given(position=st.integers(0, 60), flip=st.integers(1, 255))
def test_a_changed_byte_is_noticed(position: int, flip: int) -> None:
    vault = TokenVault([NEW])
    sealed = bytearray(vault.seal("refresh-0", **ROW))
    sealed[position % len(sealed)] ^= flip

    with pytest.raises(UndecryptableToken):
        vault.open(bytes(sealed), **ROW)


@given(length=st.integers(0, KEY_ID_BYTES + NONCE_BYTES + 16))
def test_a_shortened_token_is_noticed(length: int) -> None:
    vault = TokenVault([NEW])
    sealed = vault.seal("a longer token than that", **ROW)

    with pytest.raises(UndecryptableToken):
        vault.open(sealed[:length], **ROW)


def test_an_old_key_of_the_ring_still_opens_and_the_newest_seals() -> None:
    sealed_before = TokenVault([OLD]).seal("refresh-0", **ROW)
    ring = TokenVault([NEW, OLD])

    assert ring.open(sealed_before, **ROW) == "refresh-0"
    assert TokenVault([NEW]).open(ring.seal("refresh-0", **ROW), **ROW) == "refresh-0"


def test_a_key_that_left_the_ring_opens_nothing() -> None:
    sealed = TokenVault([OLD]).seal("refresh-0", **ROW)

    with pytest.raises(UndecryptableToken, match="not in the ring"):
        TokenVault([NEW]).open(sealed, **ROW)


def test_the_same_token_never_looks_the_same_twice() -> None:
    vault = TokenVault([NEW])

    assert vault.seal("refresh-0", **ROW) != vault.seal("refresh-0", **ROW)


def test_the_token_is_not_in_the_sealed_bytes() -> None:
    assert b"refresh-0" not in TokenVault([NEW]).seal("refresh-0", **ROW)
