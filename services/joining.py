"""Strangers become customers of a company by its public page.

Nothing here says whether an address is known already: whoever joins gets the same answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Company, CustomerOrigin
from services.customer_details import CustomerDetails, check_details
from services.customers import add_customer
from services.throttle import allow, hash_key

SIGNUPS_AN_HOUR = 10
HOUR = timedelta(hours=1)
#: The same details again within this time are a second click, not a second customer.
SECOND_CLICK = timedelta(minutes=10)
KIND, REPEAT_KIND = "join", "join repeat"


class UnknownJoinPage(Exception):
    """No company has a page at this address."""


class TooManySignups(Exception):
    """One network signed up too often; `retry_after_s` is when trying again can help."""

    retry_after_s = HOUR.total_seconds()


@dataclass(frozen=True, slots=True)
class JoinPage:
    """What a stranger may know about a company."""

    company_id: int
    company_name: str
    slug: str


def find_join_page(session: Session, slug: str) -> JoinPage:
    """Return the page of the company. Raises UnknownJoinPage."""
    company = session.scalar(select(Company).where(Company.slug == slug))
    if company is None:
        raise UnknownJoinPage
    return JoinPage(company.id, company.name, company.slug)


def join(
    session: Session,
    page: JoinPage,
    details: CustomerDetails,
    *,
    network: str,
    key: str,
    now: datetime,
) -> None:
    """Add whoever signed up; the same details twice in a row are one customer. Commits.

    `network` is whom the attempt is counted for, `key` makes the counted hashes ours. Raises
    BadDetails and TooManySignups, and then nothing was written.
    """
    details = check_details(details)
    who = (str(page.company_id), network)
    if not allow(
        session,
        kind=KIND,
        key_hash=hash_key(key, *who),
        limit=SIGNUPS_AN_HOUR,
        window=HOUR,
        now=now,
    ):
        session.rollback()
        raise TooManySignups
    if not _is_second_click(session, details, key=key, who=who, now=now):
        add_customer(session, page.company_id, details, origin=CustomerOrigin.JOIN, now=now)


def _is_second_click(
    session: Session, details: CustomerDetails, *, key: str, who: tuple[str, str], now: datetime
) -> bool:
    fields = (details.name, details.company_name, details.email, details.phone)
    return not allow(
        session,
        kind=REPEAT_KIND,
        key_hash=hash_key(key, *who, *fields),
        limit=1,
        window=SECOND_CLICK,
        now=now,
    )
