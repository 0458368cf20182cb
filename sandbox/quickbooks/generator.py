"""Fill one company with customers: the same ones for the same seed, on every machine."""

import random
from datetime import UTC, datetime
from typing import Any

from sandbox import words
from sandbox.people import EmailWish, Party, PartyMaker, slug
from sandbox.population import creation_times, email_wishes, mixed_kinds, with_first
from sandbox.quickbooks.rows import DELETED_SUFFIX, Row, row_of
from sandbox.quickbooks.times import pacific_text

# Nothing generated is younger than this day, so that the data never depend on the clock.
LAST_DAY = datetime(2026, 10, 30, 22, 0, tzinfo=UTC)
# Of a company with 1,204 counted customers; others get as many in proportion.
MODEL = {"counted": 1204, "sub": 37, "project": 12, "inactive": 41}


def generate(size: int, seed: int, realm: str) -> list[Row]:
    """Return `size` counted customers and, in proportion, the other kinds; ascending ids."""
    dice = random.Random(f"quickbooks {realm} {seed} {size}")
    maker = PartyMaker(dice)
    wishes = email_wishes(size, dice)
    # A counted one comes first, as a parent.
    kinds = with_first("counted", mixed_kinds(size, MODEL, dice))
    times = creation_times(len(kinds), LAST_DAY, dice)
    rows: list[Row] = []
    parents: list[tuple[int, str]] = []
    customer_id = 0
    for kind, created in zip(kinds, times, strict=True):
        customer_id += dice.choice((1, 1, 1, 2, 3))
        updated = created + (LAST_DAY - created) * dice.random() ** 3
        frame = _frame(customer_id, created, updated, dice)
        if kind in ("sub", "project"):
            customer = _child(frame, dice.choice(parents), dice, is_project=kind == "project")
        else:
            wish = next(wishes) if kind == "counted" else EmailWish.USUAL
            customer = customer_from(maker.make(wish), frame)
        if kind == "counted":
            parents.append((customer_id, customer["DisplayName"]))
        rows.append(row_of(deactivated(customer) if kind == "inactive" else customer))
    return rows


def customer_from(party: Party, frame: dict[str, Any]) -> dict[str, Any]:
    """Return a top-level customer; what is not known is left out, as QuickBooks does."""
    balance = party.open_balance_cents / 100
    optional = {
        "BillAddr": _address(party, frame["Id"]),
        "GivenName": party.given_name,
        "FamilyName": party.family_name,
        "CompanyName": party.company_name,
        "PrimaryPhone": party.phone and {"FreeFormNumber": party.phone},
        "Mobile": party.mobile and {"FreeFormNumber": party.mobile},
        "PrimaryEmailAddr": party.email and {"Address": party.email},
        "WebAddr": _web_address(party, frame["Id"]),
    }
    return {
        **frame,
        "Balance": balance,
        "BalanceWithJobs": balance,
        "DisplayName": party.display_name,
        "FullyQualifiedName": party.display_name,
        "PrintOnCheckName": party.company_name or party.display_name,
        **{key: value for key, value in optional.items() if value},
    }


def new_frame(customer_id: int, moment: datetime) -> dict[str, Any]:
    """Return the fields every customer has, for one created just now."""
    return _frame(customer_id, moment, moment, random.Random(customer_id)) | {"SyncToken": "0"}


def deactivated(customer: dict[str, Any]) -> dict[str, Any]:
    """Return the customer as it looks after being made inactive.

    Source: deleted_customer.xml in ruckus/quickbooks-ruby 21e7715.
    """
    name = customer["DisplayName"] + DELETED_SUFFIX
    return {**customer, "Active": False, "DisplayName": name, "FullyQualifiedName": name}


def _frame(
    customer_id: int, created: datetime, updated: datetime, dice: random.Random
) -> dict[str, Any]:
    return {
        "Taxable": dice.random() < 0.6,
        "Job": False,
        "BillWithParent": False,
        "CurrencyRef": {"value": "USD", "name": "United States Dollar"},
        "PreferredDeliveryMethod": dice.choice(("Email", "Print", "None")),
        "IsProject": False,
        "ClientEntityId": "0",
        "domain": "QBO",
        "sparse": False,
        "Id": str(customer_id),
        "SyncToken": str(dice.randrange(6)),
        "MetaData": {
            "CreateTime": pacific_text(created),
            "LastUpdatedTime": pacific_text(updated),
        },
        "Active": True,
        "V4IDPseudonym": f"0020837f{customer_id:026x}",
    }


def _child(
    frame: dict[str, Any], parent: tuple[int, str], dice: random.Random, *, is_project: bool
) -> dict[str, Any]:
    parent_id, parent_name = parent
    if is_project:
        name = f"{dice.choice(words.PROJECTS)} {frame['Id']}"
    else:
        name = f"{dice.choice(words.LOCATIONS)} {frame['Id']}"
    return {
        **frame,
        "Job": True,
        "BillWithParent": True,
        "ParentRef": {"value": str(parent_id)},
        "Level": 1,
        "IsProject": is_project,
        "Balance": 0,
        "BalanceWithJobs": 0,
        "DisplayName": name,
        "FullyQualifiedName": f"{parent_name}:{name}",
        "PrintOnCheckName": name,
    }


def _address(party: Party, customer_id: str) -> dict[str, str] | None:
    if party.address is None:
        return None
    address_id = {"Id": str(int(customer_id) + 50_000)}
    if int(customer_id) % 20 == 0:
        return address_id  # An address of which only the record exists; seen in real answers.
    lines = {"Line1": party.address.line, "Line2": party.address.second_line}
    return {
        **address_id,
        **{key: line for key, line in lines.items() if line},
        "City": party.address.city,
        "CountrySubDivisionCode": party.address.state,
        "PostalCode": party.address.postal_code,
    }


def _web_address(party: Party, customer_id: str) -> dict[str, str] | None:
    name = slug(party.company_name or "")
    if not name or int(customer_id) % 5:
        return None
    return {"URI": f"http://{name[:40].strip('-')}.example.com"}
