"""An unsynced customer beside those here it could be, field by field, and its look-alikes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models import (
    Company,
    Customer,
    CustomerLink,
    CustomerOrigin,
    RemoteCustomer,
    ReviewChoice,
)
from services.candidates import CandidateRow, find_candidates, find_choices, find_look_alikes
from services.comparison_fields import differ_in, lines_of, written_emails
from services.filling import fillings
from services.local_days import find_zone, local_day
from services.match_region import region_of_zone
from services.meant import UnknownRemoteCustomer
from services.review_rows import ReviewRow, read_rows, reason_words, seen_token

#: So many candidates stand side by side; a page tells how many more there are.
SHOWN_CANDIDATES = 3
CAME = {
    CustomerOrigin.JOIN: "Signed up by the web form",
    CustomerOrigin.HAND: "Added by hand",
    CustomerOrigin.IMPORT: "Imported from the accounting software",
}


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One line of the comparison; several values of a field stand in lines of their own.

    `after` is what the customer here has once linked. `differs`: both are given and mean
    something else; a phone written differently does not differ.
    """

    label: str
    ours: str
    theirs: str
    after: str
    differs: bool


@dataclass(frozen=True, slots=True)
class CandidateView:
    """A customer here whom the row could be; `linked_to` names whom it is linked to already."""

    customer_public_id: str
    name: str
    reason: str
    seen: str
    linked_to: str
    fields: tuple[FieldRow, ...]


@dataclass(frozen=True, slots=True)
class LookAlikeView:
    """Another remote customer of the same books that looks like the row."""

    row: ReviewRow
    reason: str
    seen: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a person needs to decide. `more_candidates` were left out, the less likely ones."""

    row: ReviewRow
    candidates: tuple[CandidateView, ...]
    look_alikes: tuple[LookAlikeView, ...]
    more_candidates: int = 0


def compare_row(session: Session, account_id: int, public_id: str) -> Comparison:
    """Return the row beside its best candidates and its look-alikes.

    Raises UnknownRemoteCustomer where the account has no such row.
    """
    remote = session.scalar(
        select(RemoteCustomer).where(
            RemoteCustomer.account_id == account_id, RemoteCustomer.public_id == public_id
        )
    )
    if remote is None:
        raise UnknownRemoteCustomer
    choices = find_choices(session, [remote.id])
    found = find_candidates(session, [remote.id], chosen=choices).get(remote.id, ())
    twins = find_look_alikes(session, [remote.id])
    rows = read_rows(session, account_id, [remote.id, *(other_id for _, other_id, _ in twins)])
    return Comparison(
        row=rows[0],
        candidates=_candidates(session, remote, found[:SHOWN_CANDIDATES], rows[0]),
        look_alikes=tuple(
            LookAlikeView(row, reason_words(reasons), f"{remote.revision}.{row.seen}")
            for row, (_, _, reasons) in zip(rows[1:], twins, strict=True)
        ),
        more_candidates=max(0, len(found) - SHOWN_CANDIDATES),
    )


def _candidates(
    session: Session, remote: RemoteCustomer, found: Sequence[CandidateRow], row: ReviewRow
) -> tuple[CandidateView, ...]:
    ids = [candidate.customer_id for candidate in found]
    customers = {
        customer.id: customer
        for customer in session.scalars(select(Customer).where(Customer.id.in_(ids)))
    }
    linked = _linked_to(session, remote, ids)
    company = session.get_one(Company, remote.company_id)
    return tuple(
        CandidateView(
            customer_public_id=candidate.public_id,
            name=candidate.name,
            reason=reason_words(candidate.reasons),
            seen=seen_token(remote.revision, candidate),
            linked_to=linked.get(candidate.customer_id, ""),
            fields=_fields(customers[candidate.customer_id], remote, row, zone=company.zone),
        )
        for candidate in found
    )


def _linked_to(
    session: Session, remote: RemoteCustomer, customer_ids: Sequence[int]
) -> dict[int, str]:
    """Name another remote customer of the account each one is linked to, or decided to be."""
    is_linked = (RemoteCustomer.account_id == CustomerLink.account_id) & (
        RemoteCustomer.remote_id == CustomerLink.remote_id
    )
    linked = (
        select(CustomerLink.customer_id, func.min(RemoteCustomer.name))
        .join(RemoteCustomer, is_linked)
        .where(CustomerLink.customer_id.in_(customer_ids))
        .group_by(CustomerLink.customer_id)
    )
    chosen = (
        select(ReviewChoice.customer_id, func.min(RemoteCustomer.name))
        .join(RemoteCustomer, RemoteCustomer.id == ReviewChoice.remote_customer_id)
        .where(ReviewChoice.customer_id.in_(customer_ids))
        .group_by(ReviewChoice.customer_id)
    )
    names: dict[int, str] = {}
    for statement in (chosen, linked):
        rows = session.execute(
            statement.where(
                RemoteCustomer.account_id == remote.account_id, RemoteCustomer.id != remote.id
            )
        )
        names |= {customer_id: name for customer_id, name in rows if customer_id is not None}
    return names


def _fields(
    customer: Customer, remote: RemoteCustomer, row: ReviewRow, *, zone: str
) -> tuple[FieldRow, ...]:
    filled = fillings(customer, remote)
    email = "" if customer.is_placeholder_email else customer.email
    phones = lines_of(remote.phone, remote.other_phones.split("\n"))
    addresses = lines_of(remote.address, remote.other_addresses.split("\n"))
    company, phone, address = (
        (getattr(customer, field), filled.get(field, getattr(customer, field)))
        for field in ("company_name", "phone", "address")
    )
    values = (
        ("Name", customer.name, remote.name, customer.name),
        ("Company", company[0], remote.company_name, company[1]),
        (
            "E-mail",
            email,
            written_emails(remote.email or "", remote.emails_text),
            filled.get("email", email),
        ),
        ("Phone", phone[0], phones, phone[1]),
        ("Address", address[0], addresses, address[1]),
    )
    contact = "" if remote.person_name in (remote.name, remote.company_name) else remote.person_name
    region = region_of_zone(zone)
    came = _came(customer, zone)
    return (
        *(
            FieldRow(label, ours, theirs, after, differ_in(label, ours, theirs, region=region))
            for label, ours, theirs, after in values
        ),
        FieldRow("Contact person", "", contact, "", False),
        FieldRow("Came here", came, "", came, False),
        FieldRow("Open balance", "", row.balance.words if row.balance.cents else "", "", False),
    )


def _came(customer: Customer, zone: str) -> str:
    day = local_day(find_zone(zone), customer.created_at)
    return f"{CAME[customer.origin]}, {day.day} {day:%B %Y}"
