"""The statements of a batch of an import, made once: making them takes as long as they do.

Their items are the run's from `first` to `last` in the order of the remote ids, because a list
of 500 ids costs the database more. Read from the tables without the ORM.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, exists, insert, literal, or_, select, update

from models import (
    Customer,
    CustomerLink,
    ImportItem,
    ItemOutcome,
    RemoteCustomer,
    RemoteState,
    ReviewChoice,
    WhyUnsynced,
)
from services.kept_parties import COMPARE_AGAIN

_REMOTES: Any = RemoteCustomer.__table__
_LINKS: Any = CustomerLink.__table__
_remote, _item, _link, _customer, _choice = (
    table.c
    for table in (
        _REMOTES,
        ImportItem.__table__,
        _LINKS,
        Customer.__table__,
        ReviewChoice.__table__,
    )
)
_ACCOUNT: Any = bindparam("account", type_=_link.account_id.type)
_COMPANY: Any = bindparam("company", type_=_link.company_id.type)
_IS_OF_BATCH = and_(
    _item.run_id == bindparam("run"),
    _item.remote_id.between(bindparam("first"), bindparam("last")),
)

#: What a batch needs of the run's next items.
PENDING = (
    select(
        _item.id,
        _item.remote_id,
        _item.planned,
        _item.planned_customer_id,
        _item.seen_revision,
    )
    .where(_item.run_id == bindparam("run"), _item.outcome == ItemOutcome.PENDING)
    .order_by(_item.remote_id)
    .limit(bindparam("size"))
)
_IS_DONE = _IS_OF_BATCH & _item.outcome.in_((ItemOutcome.CREATED, ItemOutcome.LINKED))


def _is_newly_here(ours: ColumnElement[str], theirs: ColumnElement[str]) -> ColumnElement[bool]:
    """Return the condition that somebody alike came here and was not compared with the row yet.

    Added by hand since, through the public page, or by an import from other books; who is linked
    to this account came with this import or one before. Written as a range in its order, which
    only the index of this key has: with equality any index of the company is as good to
    PostgreSQL before it has statistics, and it would go through everybody for each row.
    """
    is_ours = _for_each(_link.customer_id == _customer.id, _link.account_id == _ACCOUNT)
    return _for_each(
        _customer.company_id == _COMPANY,
        ours.between(theirs, theirs),
        # Not written as the index of the uncompared has it: everybody of an import is in there.
        _customer.kept_revision - _customer.revision != 0,
        _customer.kept_revision != COMPARE_AGAIN,
        ~is_ours,
        order=ours,
    )


def _for_each(
    *conditions: ColumnElement[bool], order: ColumnElement[str] | None = None
) -> ColumnElement[bool]:
    """Return that a row exists, looked up for each by its index.

    PostgreSQL would gather everybody once for each batch, and by statistics from before the import
    compare each with each; it leaves alone what has an offset.
    """
    return select(literal(1)).where(*conditions).order_by(order).offset(0).exists()


#: How a row stands comes first: STANDING_COLUMNS of them.
READ_ROWS = (
    select(
        _remote.state,
        _remote.bin,
        _remote.why,
        _for_each(_link.account_id == _ACCOUNT, _link.remote_id == _remote.remote_id).label(
            "is_linked"
        ),
        exists().where(_choice.remote_customer_id == _remote.id).label("is_decided"),
        or_(
            _is_newly_here(_customer.email_key, _remote.email_key),
            _is_newly_here(_customer.sort_key, _remote.sort_key),
        ).label("is_newly_here"),
        _remote.id,
        _remote.remote_id,
        _remote.revision,
        _remote.kept_revision,
        _remote.name,
        _remote.sort_key,
        _remote.company_name,
        _remote.email,
        _remote.phone,
        _remote.address,
    )
    .where(
        _remote.account_id == _ACCOUNT,
        _remote.remote_id.in_(
            select(_item.remote_id).where(_IS_OF_BATCH, _item.outcome == ItemOutcome.PENDING)
        ),
    )
    .order_by(_remote.id)
    .with_for_update()
)
STANDING_COLUMNS = 6

#: Link whoever has a customer by its item.
LINK_DONE = insert(_LINKS).from_select(
    ["company_id", "account_id", "remote_id", "customer_id", "linked_at"],
    select(
        _COMPANY,
        _ACCOUNT,
        _item.remote_id,
        _item.customer_id,
        bindparam("now", type_=_link.linked_at.type),
    )
    .where(_IS_DONE)
    .order_by(_item.remote_id),
)

#: Remember it in the rows.
MARK_DONE = (
    update(_REMOTES)
    .where(
        _remote.account_id == _ACCOUNT,
        _remote.remote_id.in_(select(_item.remote_id).where(_IS_DONE)),
    )
    .values(state=RemoteState.LINKED, why=WhyUnsynced.NEVER_IMPORTED, why_text="", why_at=None)
)
