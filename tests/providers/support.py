"""What the provider tests share: recordings, an account, a client whose waits take no time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Any

from services.providers.contract import (
    AccountingClient,
    CustomerPage,
    ProviderKey,
    TokenSupplier,
)
from services.providers.quickbooks import QuickBooksClient
from services.providers.registry import ProviderAccess
from services.providers.transport import Transport

RECORDINGS = Path(__file__).parent / "recordings"
QUICKBOOKS = ProviderKey.QUICKBOOKS
REALM_ID = "9341453108205441"
API_URL = "https://quickbooks.api.intuit.com"
COMPANY_URL = f"{API_URL}/v3/company/{REALM_ID}"
QUERY_URL = f"{COMPANY_URL}/query"
CDC_URL = f"{COMPANY_URL}/cdc"
COMPANY_INFO_URL = f"{COMPANY_URL}/companyinfo/{REALM_ID}"
TOKEN_URL = "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer"
REVOKE_URL = "https://developer.api.intuit.com/v2/oauth2/tokens/revoke"
CALLBACK = "https://app.example.com/settings/integrations/quickbooks/callback"
#: The moment at which the recorded tokens were issued.
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
#: A few hours after the newest change in the recorded and imitated books.
EVENING = datetime(2026, 7, 1, 1, tzinfo=UTC)
ACCESS = ProviderAccess("our-id", "our-secret")
#: base64 of our-id:our-secret
BASIC = "Basic b3VyLWlkOm91ci1zZWNyZXQ="


def recording(name: str) -> Any:
    """Return a recorded answer by its file name without the ending."""
    return json.loads((RECORDINGS / f"{name}.json").read_text(encoding="utf-8"))


class Waits:
    """Stands in for sleeping and keeps what was asked for."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def __call__(self, wait_s: float, _stop: Event) -> None:
        self.seconds.append(wait_s)


def quickbooks_client(
    *,
    tokens: TokenSupplier = lambda _refused: "token",
    now: Callable[[], datetime] = lambda: EVENING,
) -> AccountingClient:
    """Make a client whose waits take no time."""
    transport = Transport((API_URL,), sleep=Waits())
    return QuickBooksClient(transport, api_url=API_URL, realm_id=REALM_ID, tokens=tokens, now=now)


def remote_ids_of_last_pass(pages: Iterable[CustomerPage]) -> set[str]:
    """Return who a reading has found: a page that restarts takes back those before it."""
    found: set[str] = set()
    for page in pages:
        if page.restarts:
            found.clear()
        found |= {record.remote_id for record in page.records}
    return found
