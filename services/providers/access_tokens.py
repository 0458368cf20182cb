"""Hand out the access token of one client and renew it when the provider refuses it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from services.providers.contract import ReconnectRequired, TokenSupplier

Answer = TypeVar("Answer")


class TokenRefused(Exception):
    """The provider does not accept this access token. Never leaves the package."""

    def __init__(self, token: str, *, reference: str = "") -> None:
        super().__init__("The access token was refused.")
        self.token = token
        self.reference = reference


class AccessTokens:
    """The token in use. Only the caller's own thread may use it.

    A supplier usually reads and writes the database with a session that belongs to one thread,
    so the threads that fetch pages get a token and give back TokenRefused; they never ask.
    """

    def __init__(self, supplier: TokenSupplier) -> None:
        self._supplier = supplier
        self._token: str | None = None

    def current(self) -> str:
        """Return the token in use, asking the supplier the first time."""
        if self._token is None:
            self._token = self._supplier(None)
        return self._token

    def newer_than(self, refused: TokenRefused) -> str:
        """Return another token than the refused one; the supplier is asked once per token."""
        if self._token is None or self._token == refused.token:
            self._token = self._supplier(refused.token)
        return self._token

    def spend(self, call: Callable[[str], Answer]) -> Answer:
        """Make a call, a second time with a renewed token, then raise ReconnectRequired."""
        try:
            return call(self.current())
        except TokenRefused as refused:
            token = self.newer_than(refused)
        try:
            return call(token)
        except TokenRefused as refused:
            raise refused_again(refused) from None


def bearer_headers(token: str) -> dict[str, str]:
    """Return the headers of a call; without Accept, QuickBooks and Xero may answer in XML."""
    return {"Authorization": f"Bearer {token}", "Accept": "application/json"}


def only_token(access_token: str) -> TokenSupplier:
    """Make a supplier of one token just given, which nobody can renew yet."""

    def supply(refused: str | None) -> str:
        if refused is not None:
            raise ReconnectRequired("The permission was refused right after it was given.")
        return access_token

    return supply


def refused_again(refused: TokenRefused) -> ReconnectRequired:
    """Say that a renewed token was refused as well, so that only a person can help."""
    return ReconnectRequired(
        "The permission was refused again after it was renewed.",
        reference=refused.reference,
        status=401,
    )
