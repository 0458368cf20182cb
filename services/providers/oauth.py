"""Permission at a provider by OAuth 2: ask for it, exchange it, renew it, give it back.

Addresses, PKCE and request bodies are made by requests-oauthlib and oauthlib. The calls and the
reading of answers are ours: those libraries follow redirects, lose the HTTP status of an answer
that is not a token, and raise after a one-time token was spent when the granted scope differs
(https://requests-oauthlib.readthedocs.io/en/latest/oauth2_workflow.html and the source of
requests_oauthlib 2.0.0 and oauthlib 4.0.1, read 2026-11-22).
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from secrets import token_urlsafe
from urllib.parse import urlencode

from oauthlib.oauth2 import WebApplicationClient
from requests_oauthlib import OAuth2Session

from services.providers.contract import AuthorizationRequest, TokenSet
from services.providers.token_answers import read_revocation, read_tokens
from services.providers.transport import Transport, origin_of

#: RFC 7636 asks for 43 to 128 characters; 64 bytes become 86.
CODE_VERIFIER_BYTES = 64
STATE_BYTES = 32


class ClientAuth(StrEnum):
    """Where the token endpoint wants our client id and secret."""

    BASIC_HEADER = "basic_header"
    FORM_BODY = "form_body"


class RevokeBody(StrEnum):
    """How the revoke endpoint wants the token wrapped."""

    JSON = "json"
    FORM = "form"


@dataclass(frozen=True, slots=True)
class AuthorizationFacts:
    """What differs between providers.

    `api_url` is where the accounts that a permission covers are named.
    `token_headers` go to the token endpoint besides the usual ones. `needed_scope` is the word
    without which customers cannot be read; an answer that names its scope must hold it.
    `refresh_life_s` is how long an unused refresh token lives where the answer does not say.
    """

    authorize_url: str
    token_url: str
    revoke_url: str
    api_url: str
    scope: tuple[str, ...]
    client_auth: ClientAuth
    revoke_body: RevokeBody
    token_headers: Mapping[str, str] = field(default_factory=dict)
    needed_scope: str = ""
    refresh_life_s: int | None = None


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """Our app as registered at the provider."""

    client_id: str
    client_secret: str = field(repr=False)


class OAuthAuthorization:
    """All of contract.py's ProviderAuthorization but `shared_accounts`, which each provider adds.

    Where the revoke endpoint ends more than one remote account, `revoke` is the provider's too.
    """

    def __init__(
        self, facts: AuthorizationFacts, credentials: ClientCredentials, *, transport: Transport
    ) -> None:
        self._facts = facts
        self._credentials = credentials
        self._transport = transport

    def authorization_request(self, redirect_uri: str) -> AuthorizationRequest:
        """Build the consent address with new state and PKCE (S256). No network."""
        state, verifier = token_urlsafe(STATE_BYTES), token_urlsafe(CODE_VERIFIER_BYTES)
        session = OAuth2Session(
            self._credentials.client_id,
            scope=list(self._facts.scope),
            redirect_uri=redirect_uri,
        )
        https_url, _ = session.authorization_url(
            _as_https(self._facts.authorize_url),
            state=state,
            code_challenge=self._oauthlib().create_code_challenge(verifier, "S256"),
            code_challenge_method="S256",
        )
        url = _in_scheme_of(self._facts.authorize_url, https_url)
        return AuthorizationRequest(url=url, state=state, code_verifier=verifier)

    def exchange_code(
        self, code: str, *, redirect_uri: str, code_verifier: str, now: datetime
    ) -> TokenSet:
        """Trade the one-time code for tokens. One call.

        Raises ReconnectRequired for a code that is spent or too old.
        """
        body = self._oauthlib().prepare_request_body(
            code=code,
            redirect_uri=redirect_uri,
            include_client_id=False,
            code_verifier=code_verifier,
        )
        return self._request_tokens(body, now=now)

    def refresh(self, refresh_token: str, *, now: datetime) -> TokenSet:
        """Renew the access token. One call, which spends the refresh token.

        The answer may carry no refresh token, or the same one: then the old one stays good.
        """
        body = self._oauthlib().prepare_refresh_body(refresh_token=refresh_token)
        return self._request_tokens(body, now=now, kept_refresh_token=refresh_token)

    def revoke(self, refresh_token: str, *, remote_account_id: str, now: datetime) -> None:
        """Give the permission back. One call. A permission that had ended already is no error."""
        fields, headers = {"token": refresh_token}, {"Accept": "application/json"}
        if self._facts.revoke_body is RevokeBody.JSON:
            headers["Content-Type"] = "application/json"
            body, headers = self._signed(json.dumps(fields), headers)
        else:
            body, headers = self._signed_form(urlencode(fields))
        read_revocation(self._transport.post(self._facts.revoke_url, headers=headers, body=body))

    def _request_tokens(
        self, form: str, *, now: datetime, kept_refresh_token: str = ""
    ) -> TokenSet:
        body, headers = self._signed_form(form)
        headers |= self._facts.token_headers
        reply = self._transport.post(self._facts.token_url, headers=headers, body=body)
        return read_tokens(
            reply,
            now=now,
            kept_refresh_token=kept_refresh_token,
            needed_scope=self._facts.needed_scope,
            refresh_life_s=self._facts.refresh_life_s,
        )

    def _signed_form(self, form: str) -> tuple[bytes, dict[str, str]]:
        headers = {
            "Accept": "application/json",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        if self._facts.client_auth is ClientAuth.BASIC_HEADER:
            return self._signed(form, headers)
        ours = self._credentials
        fields = {"client_id": ours.client_id, "client_secret": ours.client_secret}
        return f"{form}&{urlencode(fields)}".encode(), headers

    def _signed(self, body: str, headers: dict[str, str]) -> tuple[bytes, dict[str, str]]:
        pair = f"{self._credentials.client_id}:{self._credentials.client_secret}"
        basic = b64encode(pair.encode()).decode("ascii")
        return body.encode(), headers | {"Authorization": f"Basic {basic}"}

    def _oauthlib(self) -> WebApplicationClient:
        # A new one each time: it collects codes and tokens in its attributes.
        return WebApplicationClient(self._credentials.client_id)


def _as_https(url: str) -> str:
    """Satisfy oauthlib, which builds no http address unless an environment variable is set.

    The variable would switch the check off for the whole process and for every host; origin_of
    lets http pass for this machine's own sandbox only.
    """
    origin_of(url)
    return "https://" + url.split("://", 1)[1]


def _in_scheme_of(original_url: str, https_url: str) -> str:
    scheme = original_url.split("://", 1)[0]
    return f"{scheme}://" + https_url.removeprefix("https://")
