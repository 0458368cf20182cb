"""Encrypt tokens at rest, bound to the row and field they belong to."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_ID_BYTES = 4
NONCE_BYTES = 12


class UndecryptableToken(Exception):
    """No key of the ring opens the token, or it was moved here from another row."""


class TokenVault:
    """AES-256-GCM with a key ring, newest key first.

    A sealed token is key id (4 bytes), nonce (12 bytes), ciphertext with tag. The additional
    data names company, connection and field, so a ciphertext copied into another row stays shut.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = {_key_id(key): key for key in keys}
        self._newest = _key_id(keys[0])

    @property
    def newest_key(self) -> str:
        """Return the id of the key that seals; it says nothing about the key itself."""
        return self._newest.hex()

    @property
    def key_ids(self) -> tuple[str, ...]:
        """Return the ids of the ring, newest first."""
        return tuple(key_id.hex() for key_id in self._keys)

    def seal(self, token: str, *, company_id: int, connection: str, field: str) -> bytes:
        """Encrypt with the newest key."""
        nonce = os.urandom(NONCE_BYTES)
        bound_to = _bound_to(company_id, connection, field)
        cipher = _cipher(self._keys[self._newest])
        return self._newest + nonce + cipher.encrypt(nonce, token.encode("utf-8"), bound_to)

    def open(self, sealed: bytes, *, company_id: int, connection: str, field: str) -> str:
        """Decrypt with whichever key sealed it. Raises UndecryptableToken."""
        key_id, rest = sealed[:KEY_ID_BYTES], sealed[KEY_ID_BYTES:]
        if key_id not in self._keys:
            raise UndecryptableToken("the key this token was sealed with is not in the ring")
        from cryptography.exceptions import InvalidTag

        cipher = _cipher(self._keys[key_id])
        bound_to = _bound_to(company_id, connection, field)
        try:
            plain = cipher.decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], bound_to)
        except (InvalidTag, ValueError) as error:
            raise UndecryptableToken("the token does not belong to this row") from error
        return plain.decode("utf-8")


def sealing_key(sealed: bytes) -> str:
    """Return the id of the key that a sealed token was sealed with."""
    return sealed[:KEY_ID_BYTES].hex()


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"blueclerk token key" + key).digest()[:KEY_ID_BYTES]


@lru_cache(maxsize=16)
def _cipher(key: bytes) -> AESGCM:
    """Loaded by whoever opens a token: most pages never do."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key)


def _bound_to(company_id: int, connection: str, field: str) -> bytes:
    return "\x1f".join((str(company_id), connection, field)).encode("utf-8")
