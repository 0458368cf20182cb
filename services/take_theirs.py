"""Take over what the books say of a linked customer, where a person wants it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Customer, CustomerLink, RemoteAccount, RemoteCustomer
from services.accounts import SignedIn
from services.audit import AuditAction
from services.customers import change_customer, lock_customer
from services.differences import LABELS
from services.providers.contract import ProviderKey
from services.unlinking import UnknownLink


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
    fields: tuple[str, ...],
    seen: str = "",
    now: datetime,
) -> tuple[str, ...]:
    """Write the books' values into the customer, and return the fields that changed. Commits.

    Each leaves an event that tells whose value it was. `seen` comes from the page
    (whereabouts.Whereabouts.seen); "" takes whatever stands there now. Raises UnknownCustomer,
    UnknownLink, NothingToTake where a field is empty there, an e-mail unusable or nothing was
    asked for, and ValuesChanged.
    """
    customer = lock_customer(session, who.company_id, customer_public_id)
    account, remote = _require_link(session, customer, provider, remote_id)
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
    values = {field: getattr(remote, field) for field in fields}
    if not all(values.values()):
        raise NothingToTake
    return values


def _require_link(
    session: Session, customer: Customer, provider: ProviderKey, remote_id: str
) -> tuple[RemoteAccount, RemoteCustomer]:
    found = session.execute(
        select(RemoteAccount, RemoteCustomer)
        .join(CustomerLink, CustomerLink.account_id == RemoteAccount.id)
        .join(
            RemoteCustomer,
            (RemoteCustomer.account_id == CustomerLink.account_id)
            & (RemoteCustomer.remote_id == CustomerLink.remote_id),
        )
        .where(
            CustomerLink.customer_id == customer.id,
            CustomerLink.remote_id == remote_id,
            RemoteAccount.company_id == customer.company_id,
            RemoteAccount.provider == provider.value,
        )
        .order_by(CustomerLink.id.desc())
        .limit(1)
    ).first()
    if found is None:
        raise UnknownLink
    account, remote = found
    return account, remote
