"""Which fields of a linked customer mean something else in the books, kept true in its link."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, bindparam, select, update
from sqlalchemy.orm import Session

from models import Company, Customer, CustomerLink, RemoteCustomer
from services.comparison_fields import differ_in, lines_of, written_emails
from services.database import in_batches
from services.match_region import region_of_zone
from services.providers.contract import RemoteStatus
from services.remote_counts import VANISHED_FINGERPRINT

#: The fields that are compared, by the label that the comparison knows them by.
LABELS: Mapping[str, str] = {
    "name": "Name",
    "company_name": "Company",
    "email": "E-mail",
    "phone": "Phone",
    "address": "Address",
}
_COLUMNS = (
    CustomerLink.id.label("link_id"),
    CustomerLink.remote_id,
    CustomerLink.customer_id,
    CustomerLink.company_id,
    CustomerLink.differing,
    Customer.is_placeholder_email,
    RemoteCustomer.status,
    RemoteCustomer.fingerprint,
    RemoteCustomer.emails_text,
    RemoteCustomer.other_phones,
    RemoteCustomer.other_addresses,
    *(getattr(Customer, field).label(f"our_{field}") for field in LABELS),
    *(getattr(RemoteCustomer, field).label(f"their_{field}") for field in LABELS),
)


@dataclass(frozen=True, slots=True)
class Pair:
    """A linked customer and what the books hold of it, by field; "" where there is nothing.

    `theirs` is what a person would take, `all_theirs` everything that stands in the field there,
    a line each. `is_active`: it is still a customer there, neither archived nor gone.
    """

    link_id: int
    remote_id: str
    customer_id: int
    company_id: int
    differing: str
    is_active: bool
    ours: Mapping[str, str]
    theirs: Mapping[str, str]
    all_theirs: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """A field that means something else in the books; `theirs` may have several lines.

    `takes` is the one value that taking over would write.
    """

    field: str
    label: str
    ours: str
    theirs: str
    takes: str


def differing_fields(pair: Pair, *, region: str) -> tuple[str, ...]:
    """Return the fields that both have and that do not mean the same, in a fixed order; pure.

    None of who is not a customer there any more: what its books say has ended.
    """
    if not pair.is_active:
        return ()
    return tuple(
        field
        for field, label in LABELS.items()
        # Rubbish in the e-mail field of the books is nothing that anybody could take.
        if pair.theirs[field]
        and differ_in(label, pair.ours[field], pair.all_theirs[field], region=region)
    )


def refresh_differing(session: Session, account_id: int, remote_ids: Iterable[str]) -> None:
    """Bring up to date what differs of those who were linked, in the caller's transaction.

    Also of the same customers in other books, because a link may have filled a field.
    """
    for batch in in_batches(remote_ids):
        customer_ids = session.scalars(
            select(CustomerLink.customer_id).where(
                CustomerLink.account_id == account_id, CustomerLink.remote_id.in_(batch)
            )
        ).all()
        refresh_differing_of(session, set(customer_ids))


def refresh_differing_of(session: Session, customer_ids: Collection[int]) -> None:
    """Bring up to date what differs of these customers in all books, in the caller's transaction.

    Two statements for some hundred customers; only links that change are written.
    """
    session.flush()
    for batch in in_batches(customer_ids):
        pairs = read_pairs(session, CustomerLink.customer_id.in_(batch))
        write_differing(session, pairs)


def list_differences(
    session: Session, customer: Customer
) -> dict[int, tuple[FieldDifference, ...]]:
    """Return what differs over each link of the customer, by the link's row id."""
    region = company_region(session, customer.company_id)
    pairs = read_pairs(session, CustomerLink.customer_id == customer.id)
    return {
        pair.link_id: tuple(
            FieldDifference(
                field, LABELS[field], pair.ours[field], pair.all_theirs[field], pair.theirs[field]
            )
            for field in differing_fields(pair, region=region)
        )
        for pair in pairs
    }


def read_pairs(
    session: Session, *conditions: ColumnElement[bool], is_changing: bool = False
) -> list[Pair]:
    """Return the links that meet the conditions with both sides of each. One statement.

    With `is_changing` nobody else changes these customers until the caller's transaction ends: of
    two who change one side each, the later one sees both.
    """
    statement = (
        select(*_COLUMNS)
        .join(Customer, Customer.id == CustomerLink.customer_id)
        .join(
            RemoteCustomer,
            (RemoteCustomer.account_id == CustomerLink.account_id)
            & (RemoteCustomer.remote_id == CustomerLink.remote_id),
        )
        .where(*conditions)
    )
    if is_changing:
        statement = statement.order_by(Customer.id).with_for_update(of=Customer)
    return [_pair(row) for row in session.execute(statement)]


def write_differing(session: Session, pairs: Sequence[Pair]) -> None:
    """Write what differs of each pair of one company, where it is not stored already."""
    if not pairs:
        return
    region = company_region(session, pairs[0].company_id)
    found = {pair.link_id: " ".join(differing_fields(pair, region=region)) for pair in pairs}
    rows = [
        {"b_id": pair.link_id, "b_differing": found[pair.link_id]}
        for pair in pairs
        if found[pair.link_id] != pair.differing
    ]
    if rows:
        session.connection().execute(
            update(CustomerLink.__table__)  # type: ignore[arg-type]
            .where(CustomerLink.id == bindparam("b_id"))
            .values(differing=bindparam("b_differing")),
            rows,
        )


def company_region(session: Session, company_id: int) -> str:
    """Return the country whose phone numbers the company writes without a prefix."""
    return region_of_zone(session.get_one(Company, company_id).zone)


def _pair(row: Row[*tuple[Any, ...]]) -> Pair:
    values = row._mapping
    theirs = {field: values[f"their_{field}"] or "" for field in LABELS}
    ours = {field: values[f"our_{field}"] for field in LABELS}
    if row.is_placeholder_email:
        ours["email"] = ""
    return Pair(
        link_id=row.link_id,
        remote_id=row.remote_id,
        customer_id=row.customer_id,
        company_id=row.company_id,
        differing=row.differing,
        is_active=row.status == RemoteStatus.ACTIVE.value
        and row.fingerprint != VANISHED_FINGERPRINT,
        ours=ours,
        theirs=theirs,
        all_theirs=theirs
        | {
            "email": written_emails(theirs["email"], row.emails_text),
            "phone": lines_of(theirs["phone"], row.other_phones.split("\n")),
            "address": lines_of(theirs["address"], row.other_addresses.split("\n")),
        },
    )
