"""Who gave the consent: the one person of the imitation, and the businesses they belong to.

Source: tests/fixtures/auth_me_response.json of amcintosh/freshbooks-python-sdk, read 2026-11-22.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sandbox.freshbooks.books import ACCOUNTS

IDENTITY_ID = 530_214
SINCE = "2024-03-04T14:12:09Z"
# An account where the person is a mere client of somebody else; its clients are not theirs.
ACCOUNT_AS_CLIENT = "GT5Np4"


@dataclass(frozen=True, slots=True)
class Business:
    """A business of the person; one without an account keeps no clients."""

    number: int
    name: str
    account_id: str | None
    role: str


BUSINESSES = (
    Business(481_001, "Lakeshore Landscaping", ACCOUNTS[0].account_id, "owner"),
    Business(481_002, "Bayview Property Care", ACCOUNTS[1].account_id, "admin"),
    Business(481_003, "Side Street Studio", None, "business_employee"),
)


def business_of(account_id: str) -> Business:
    """Return the business that keeps its clients in an account."""
    return next(known for known in BUSINESSES if known.account_id == account_id)


def accounts_of(numbers: Collection[int]) -> list[str]:
    """Return the accounts of some businesses; one without an account adds none."""
    chosen = [known for known in BUSINESSES if known.number in numbers]
    return [known.account_id for known in chosen if known.account_id is not None]


def describe_person(numbers: Collection[int]) -> dict[str, Any]:
    """Return the answer of users/me for a person of these businesses; it has no `result` layer."""
    accounts = accounts_of(numbers)
    chosen = [known for known in BUSINESSES if known.number in numbers]
    return {
        "response": {
            "id": IDENTITY_ID,
            "identity_id": IDENTITY_ID,
            "identity_uuid": _uuid(IDENTITY_ID),
            "first_name": "Priya",
            "last_name": "Fairbank",
            "email": "priya@lakeshore.example.com",
            "language": "en",
            "confirmed_at": SINCE,
            "created_at": SINCE,
            "setup_complete": True,
            "phone_numbers": [{"title": "", "phone_number": None}],
            "addresses": [None],
            "permissions": {account_id: {} for account_id in accounts},
            "subscription_statuses": dict.fromkeys(accounts, "active"),
            "business_memberships": [_membership(known) for known in chosen],
            "identity_origin": None,
            "roles": [
                *(
                    _role(known.number + 400_000, known.account_id, known.role)
                    for known in chosen
                    if known.account_id is not None
                ),
                _role(62_000, ACCOUNT_AS_CLIENT, "client"),
            ],
        }
    }


def _membership(known: Business) -> dict[str, Any]:
    return {
        "id": known.number + 100_000,
        "role": known.role,
        "unacknowledged_change": False,
        "business": {
            "id": known.number,
            "business_uuid": _uuid(known.number),
            "name": known.name,
            "account_id": known.account_id,
            "date_format": "dd/mm/yyyy",
            "address": {
                "id": known.number + 200_000,
                "street": "9 Queens Quay",
                "city": "Toronto",
                "province": "Ontario",
                "country": "Canada",
                "postal_code": "M5V 2T6",
            },
            "phone_number": {"id": known.number + 300_000, "phone_number": "416-555-0170"},
            "business_clients": [],
        },
    }


def _role(number: int, account_id: str, role: str) -> dict[str, Any]:
    return {
        "id": number,
        "role": role,
        "systemid": number + 600_000,
        "userid": 1,
        "created_at": SINCE,
        "links": {"destroy": f"/service/auth/api/v1/users/role/{number}"},
        "accountid": account_id,
    }


def _uuid(number: int) -> str:
    return f"5a1d5f1e-0000-4000-8000-{number:012d}"
