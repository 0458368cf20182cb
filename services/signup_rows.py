"""Who signed up, one by one, as single plain lines in which no placeholder address stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, or_, select

from models import Customer, CustomerLink, CustomerOrigin, RemoteAccount
from services.local_days import Window
from services.placeholder_email import names_placeholder
from services.plain_text import plain_line
from services.providers.contract import ProviderKey
from services.providers.registry import provider_profile
from services.signup_counts import is_inside, is_suspect

NAME_CHARACTERS = 120
PHONE_CHARACTERS = 40
EMAIL_CHARACTERS = 254
NAMELESS = "No name"
_ORIGINS = {
    CustomerOrigin.JOIN: "Web form",
    CustomerOrigin.HAND: "Added by hand",
    CustomerOrigin.IMPORT: "Imported",
}


@dataclass(frozen=True, slots=True)
class Signup:
    """One listed signup. `at` is aware, in the company's zone; texts are single plain lines."""

    public_id: str
    name: str
    company_name: str
    email: str
    phone: str
    came_by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class FilteredSignup:
    """One signup without a usable address; for the web page only, never for a mail."""

    public_id: str
    name: str
    came_by: str
    at: datetime


def select_signups(company_id: int, window: Window) -> Select[Any]:
    """Return the statement of everybody who came in the window, oldest first."""
    provider = (
        select(RemoteAccount.provider)
        .join(CustomerLink, CustomerLink.account_id == RemoteAccount.id)
        .where(CustomerLink.customer_id == Customer.id)
        .order_by(CustomerLink.id)
        .limit(1)
        .scalar_subquery()
    )
    return (
        select(
            Customer.public_id,
            Customer.name,
            Customer.company_name,
            Customer.email,
            Customer.email_key,
            Customer.is_placeholder_email,
            Customer.phone,
            Customer.origin,
            Customer.created_at,
            provider.label("provider"),
        )
        .where(is_inside(company_id, window))
        .order_by(Customer.created_at, Customer.id)
    )


def select_listed(company_id: int, window: Window) -> Select[Any]:
    """Return the statement of those who may be listed; `is_listed` says of each who is."""
    return select_signups(company_id, window).where(Customer.is_placeholder_email.is_(False))


def select_filtered(company_id: int, window: Window) -> Select[Any]:
    """Return the statement of those who may be filtered; `is_listed` says of each who is not."""
    flagged = Customer.is_placeholder_email.is_(True)
    return select_signups(company_id, window).where(or_(flagged, is_suspect()))


def is_listed(row: Any) -> bool:
    """Take the last look before a row reaches a mail, also at fields with several addresses."""
    return not (
        row.is_placeholder_email or names_placeholder(row.email) or names_placeholder(row.email_key)
    )


def as_signup(row: Any, zone: ZoneInfo) -> Signup:
    """Return a listed row as it is shown."""
    name = _masked_line(row.name, NAME_CHARACTERS) or NAMELESS
    company_name = _masked_line(row.company_name, NAME_CHARACTERS)
    return Signup(
        public_id=row.public_id,
        name=name,
        company_name="" if company_name == name else company_name,
        email=plain_line(row.email, EMAIL_CHARACTERS),
        phone=_masked_line(row.phone, PHONE_CHARACTERS),
        came_by=_came_by(row.origin, row.provider),
        at=row.created_at.astimezone(zone),
    )


def as_filtered(row: Any, zone: ZoneInfo) -> FilteredSignup:
    """Return a row that is not listed as the page shows it."""
    return FilteredSignup(
        public_id=row.public_id,
        name=_masked_line(row.name, NAME_CHARACTERS) or NAMELESS,
        came_by=_came_by(row.origin, row.provider),
        at=row.created_at.astimezone(zone),
    )


def _came_by(origin: CustomerOrigin, provider: str | None) -> str:
    if origin is CustomerOrigin.IMPORT and provider in list(ProviderKey):
        return provider_profile(ProviderKey(provider)).short_name
    return _ORIGINS[origin]


def _masked_line(text: str, max_characters: int) -> str:
    """Return the plain line, or nothing where its whole text names a placeholder address."""
    return "" if names_placeholder(text) else plain_line(text, max_characters)
