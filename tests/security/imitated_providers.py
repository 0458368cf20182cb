"""The three providers, each as far as one account of one customer needs it, full of canaries."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from requests_mock import ANY
from requests_mock.mocker import Mocker

from tests.providers import books, freshbooks_books, xero_books

TOKENS = ("canary-access-token", "canary-refresh-token", "canary-code", "canary-client-secret")
NAMES = ("Canary Corvina", "canary.corvina@example.net", "Canary Lane 7")


@dataclass(frozen=True)
class Imitation:
    """One provider. `callback` is what comes back with the code, `asked` goes with Connect."""

    key: str
    tokens: re.Pattern[str]
    token_fields: dict[str, Any]
    listing: re.Pattern[str]
    answer: Callable[..., dict[str, Any]]
    callback: dict[str, str] = field(default_factory=dict)
    asked: str = ""
    others: dict[re.Pattern[str], Any] = field(default_factory=dict)

    @property
    def page(self) -> str:
        return f"/settings/integrations/{self.key}"

    def answer_as_usual(self, mocker: Mocker) -> None:
        """Issue tokens, list the customer, answer what else is asked; the others are closed."""
        mocker.post(ANY, status_code=503)
        issued = {"access_token": TOKENS[0], "refresh_token": TOKENS[1], "token_type": "bearer"}
        mocker.post(self.tokens, json=issued | {"expires_in": 3600} | self.token_fields)
        mocker.post(re.compile("/revo"), status_code=200)
        for address, answer in self.others.items():
            mocker.get(address, json=answer)
        mocker.get(self.listing, json=self.answer)


def _quickbooks() -> Imitation:
    customer = books.make_customer(701, DisplayName=NAMES[0], BillAddr={"Line1": NAMES[2]})
    customer |= {"PrimaryEmailAddr": {"Address": NAMES[1]}}
    kept = books.ImitatedBooks([customer])

    def answer(request: Any, context: Any) -> dict[str, Any]:
        return (kept.changes if "/cdc" in request.path else kept.answer)(request, context)

    return Imitation(
        "quickbooks",
        tokens=re.compile(r"/tokens/bearer"),
        token_fields={"x_refresh_token_expires_in": 8_726_400},
        listing=re.compile(r"/(query|cdc)\?"),
        answer=answer,
        callback={"realmId": "9341450000099999"},
        asked="?other=1",
        others={re.compile("/companyinfo/"): {"CompanyInfo": {"CompanyName": "Reef"}}},
    )


def _xero() -> Imitation:
    shared = {"id": xero_books.contact_id(99), "tenantType": "ORGANISATION", "tenantName": "Reef"}
    street = {"AddressType": "POBOX", "AddressLine1": NAMES[2]}
    contact = xero_books.make_contact(
        1, Name=NAMES[0], EmailAddress=NAMES[1], Addresses=[street], IsCustomer=True
    )
    return Imitation(
        "xero",
        tokens=re.compile("/connect/token"),
        token_fields={},
        listing=re.compile("/Contacts"),
        answer=xero_books.ImitatedContacts([contact]).answer,
        others={re.compile("/connections"): [shared | {"tenantId": xero_books.TENANT_ID}]},
    )


def _freshbooks() -> Imitation:
    business = {"id": 1, "name": "Reef", "account_id": freshbooks_books.ACCOUNT_ID}
    membership = {"id": 1, "role": "owner", "business": business}
    client = freshbooks_books.make_client(
        1, organization=NAMES[0], email=NAMES[1], p_street=NAMES[2]
    )
    return Imitation(
        "freshbooks",
        tokens=re.compile("/auth/oauth/token"),
        token_fields={},
        listing=re.compile("/users/clients"),
        answer=freshbooks_books.ImitatedClients([client]).answer,
        others={re.compile("/users/me"): {"response": {"business_memberships": [membership]}}},
    )


IMITATIONS = {"quickbooks": _quickbooks, "xero": _xero, "freshbooks": _freshbooks}
