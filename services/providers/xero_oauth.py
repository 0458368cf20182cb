"""Permission at Xero: one consent, one set of tokens, and any number of organisations.

Rules: developer.xero.com, FAQ on OAuth 2; the docstrings of xero-python 15.2.0, oauth2.py;
XeroAPI/Xero-OpenAPI e952d0b, xero-identity.yaml (read 2026-11-22).
"""

from __future__ import annotations

from datetime import datetime

from services.providers.access_tokens import TokenRefused, bearer_headers, refused_again
from services.providers.contract import ReconnectRequired, RemoteAccount, ScopeMissing
from services.providers.oauth import OAuthAuthorization
from services.providers.xero_answers import refusal
from services.providers.xero_connections import (
    CONNECTIONS_PATH,
    XeroConnection,
    xero_connections,
)


class XeroAuthorization(OAuthAuthorization):
    """Permission at Xero, whose tokens say what is shared only when they are asked."""

    def shared_accounts(
        self, access_token: str, *, named_account_id: str
    ) -> tuple[RemoteAccount, ...]:
        """Return the organisations that the person shares, by name. One call.

        Also those shared by an earlier consent: Xero adds them up.
        """
        shared = self._connections(access_token)
        return tuple(one.account for one in shared if one.is_organisation)

    def revoke(self, refresh_token: str, *, remote_account_id: str, now: datetime) -> None:
        """End what is shared of one organisation. Three calls, four where nothing else is shared.

        The revocation endpoint ends everything that the person shares, organisations of other
        companies included, so it is called only when nothing is left. A permission that had
        ended already is no error.
        """
        try:
            tokens = self.refresh(refresh_token, now=now)
        except ScopeMissing:
            raise
        except ReconnectRequired:
            return
        shared = self._connections(tokens.access_token)
        ours = [one for one in shared if one.tenant_id == remote_account_id.lower()]
        for connection in ours:
            self._end(connection, tokens.access_token)
        if len(ours) == len(shared):
            super().revoke(tokens.refresh_token, remote_account_id=remote_account_id, now=now)

    def _connections(self, access_token: str) -> tuple[XeroConnection, ...]:
        reply = self._transport.get(self._connections_url(), headers=bearer_headers(access_token))
        try:
            return xero_connections(reply, token=access_token)
        except TokenRefused as refused:
            raise refused_again(refused) from None

    def _connections_url(self) -> str:
        return f"{self._facts.api_url}{CONNECTIONS_PATH}"

    def _end(self, connection: XeroConnection, access_token: str) -> None:
        url = f"{self._connections_url()}/{connection.connection_id}"
        reply = self._transport.delete(url, headers=bearer_headers(access_token))
        if reply.status in (200, 204, 404):
            return
        error = refusal(reply, access_token)
        raise refused_again(error) if isinstance(error, TokenRefused) else error
