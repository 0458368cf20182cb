"""Take over what the books say of a linked customer, where a person wants it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from models import Customer, RemoteCustomer
from services.audit import AuditAction
from services.customer_details import BadDetails, CustomerDetails, check_details
from services.customers import change_customer, lock_customer
from services.differences import LABELS
from services.plain_text import has_visible
from services.providers.contract import ProviderKey
from services.sign_ins import SignedIn
from services.unlinking import find_link


class ValuesChanged(Exception):
    """What the person wanted to take over has changed since they looked, here or in the books."""


class NothingToTake(Exception):
    """The books have no usable value for the field, or no such field is compared."""


def seen_pair(customer_revision: int, remote_revision: int) -> str:
    """Return what goes back with a form, so that nothing is taken that the person did not see."""
    return f"{customer_revision}.{remote_revision}"


def take_theirs(
    session: Session,
    who: SignedIn,
    customer_public_id: str,
    *,
    provider: ProviderKey,
    remote_id: str,
    remote_public_id: str = "",
    fields: tuple[str, ...],
    seen: str = "",
    now: datetime,
) -> tuple[str, ...]:
    """Write the books' values into the customer, and return the fields that changed. Commits.

    Each leaves an event that tells whose value it was. `seen` comes from the page
    (whereabouts.Whereabouts.seen); "" takes whatever stands there now. `remote_public_id` tells
    apart two of one remote id. Raises UnknownCustomer, UnknownLink, NothingToTake where a field
    is empty there, could not be typed here or nothing was asked for, and ValuesChanged.
    """
    customer = lock_customer(session, who.company_id, customer_public_id)
    meant = (provider, remote_id, remote_public_id)
    account, remote, _customer_id = find_link(session, meant, Customer.id == customer.id)
    if seen and seen != seen_pair(customer.revision, remote.revision):
        raise ValuesChanged
    changed = change_customer(
        session,
        who,
        customer,
        _values(remote, fields),
        action=AuditAction.TOOK_THEIRS,
        account=account,
        now=now,
    )
    session.commit()
    return changed


def _values(remote: RemoteCustomer, fields: tuple[str, ...]) -> Mapping[str, str]:
    if not fields or not LABELS.keys() >= set(fields):
        raise NothingToTake
    values = {field: getattr(remote, field) or "" for field in fields}
    if not all(map(has_visible, values.values())):
        raise NothingToTake
    try:
        check_details(CustomerDetails(**{"name": "-"} | values))
    except BadDetails as error:
        raise NothingToTake from error
    return values
