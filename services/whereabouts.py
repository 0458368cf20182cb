"""Where a customer is: linked, maybe, or not there in each accounting software; calls nobody."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, select
from sqlalchemy.orm import Session, aliased

from models import (
    Bin,
    Connection,
    ConnectionState,
    Customer,
    CustomerAction,
    CustomerEvent,
    CustomerLink,
    MatchSuggestion,
    Reading,
    ReadingState,
    RemoteAccount,
    RemoteCustomer,
    RemoteState,
    WhyUnsynced,
)
from services.bins import is_told_apart
from services.customer_books import RemoteStanding, link_standing
from services.customers import require_customer
from services.differences import FieldDifference, list_differences
from services.providers.access import ProviderAccess
from services.providers.contract import ProviderKey
from services.providers.registry import customer_page_url
from services.review_rows import AnyRow, Balance
from services.take_theirs import seen_pair
from services.whereabouts_words import MergedInto, invoice_words, next_step, standing_words

Access = Callable[[ProviderKey], ProviderAccess]


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """How the customer stands in one accounting software, once for each link it has there.

    `remote_…` name whom it is linked to, or who there could be it; `remote_public_id` is the row
    of the review. `seen_at` is the end of the last reading of those books, None if there was
    none. `page_url` leads to the customer there, "" where it is nobody's. `seen` goes back with
    what is taken over. `is_connected`: those books can be read. `is_let_go`: it was linked to the
    one there until somebody ended that by hand.
    """

    provider: ProviderKey
    standing: RemoteStanding
    is_connected: bool = False
    account_name: str = ""
    seen_at: datetime | None = None
    remote_id: str = ""
    remote_public_id: str = ""
    remote_name: str = ""
    linked_at: datetime | None = None
    page_url: str = ""
    balance: Balance | None = None
    merged_into: MergedInto | None = None
    differences: tuple[FieldDifference, ...] = ()
    seen: str = ""
    is_let_go: bool = False

    @property
    def can_be_invoiced(self) -> bool:
        return self.standing is RemoteStanding.LINKED

    @property
    def invoice_words(self) -> str:
        """Return whether it can be invoiced there, as the end of a sentence about it; or ""."""
        return invoice_words(self.standing, self.provider)

    @property
    def standing_words(self) -> str:
        """Return how it stands where it ended, as the end of a sentence about it."""
        return standing_words(self.standing, self.provider)

    @property
    def next_step(self) -> str:
        """Return what a person can do about it, as a sentence; "" where there is nothing."""
        return next_step(self.standing, self.provider, self.merged_into)

    @property
    def next_step_of_member(self) -> str:
        """Return the same for somebody who may not unlink."""
        return next_step(self.standing, self.provider, self.merged_into, is_admin=False)


@dataclass(frozen=True, slots=True)
class _Books:
    """The books of one account, and when they were last read to the end."""

    account: RemoteAccount
    seen_at: datetime | None
    is_connected: bool


def where_is(
    session: Session, company_id: int, public_id: str, *, access: Access
) -> tuple[Whereabouts, ...]:
    """Return where the customer is, by provider, at least one for each. Raises UnknownCustomer.

    `access` is the Runtime's: it knows at which addresses the providers are. A handful of
    statements.
    """
    customer = require_customer(session, company_id, public_id)
    books = _read_books(session, company_id)
    found = _links(session, customer, books, access)
    linked_in = {each.provider for each in found}
    for provider in ProviderKey:
        if provider not in linked_in:
            found.append(_elsewhere(session, customer, provider, books, access))
    providers, standings = list(ProviderKey), list(RemoteStanding)
    found.sort(key=lambda one: (providers.index(one.provider), standings.index(one.standing)))
    return tuple(found)


def _read_books(session: Session, company_id: int) -> dict[int, _Books]:
    """Return all books of the company by account, ended connections included."""
    last_read = (
        select(Reading.finished_at)
        .where(Reading.account_id == RemoteAccount.id, Reading.state == ReadingState.FINISHED)
        .order_by(Reading.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    is_connected = (Connection.account_id == RemoteAccount.id) & (
        Connection.state != ConnectionState.DISCONNECTED
    )
    rows = session.execute(
        select(RemoteAccount, last_read, Connection.id)
        .outerjoin(Connection, is_connected)
        .where(RemoteAccount.company_id == company_id)
    )
    return {
        account.id: _Books(account, seen_at, connection_id is not None)
        for account, seen_at, connection_id in rows
    }


def _links(
    session: Session, customer: Customer, books: Mapping[int, _Books], access: Access
) -> list[Whereabouts]:
    rows = session.execute(
        select(CustomerLink, RemoteCustomer)
        .join(
            RemoteCustomer,
            (RemoteCustomer.account_id == CustomerLink.account_id)
            & (RemoteCustomer.remote_id == CustomerLink.remote_id),
        )
        .where(CustomerLink.customer_id == customer.id)
    ).all()
    differences = list_differences(session, customer) if rows else {}
    return [
        _linked(
            session,
            customer,
            (link, remote),
            books[link.account_id],
            differences=differences.get(link.id, ()),
            access=access,
        )
        for link, remote in rows
    ]


def _linked(
    session: Session,
    customer: Customer,
    pair: tuple[CustomerLink, RemoteCustomer],
    books: _Books,
    *,
    differences: tuple[FieldDifference, ...],
    access: Access,
) -> Whereabouts:
    link, remote = pair
    provider = ProviderKey(books.account.provider)
    standing = link_standing(remote.status, remote.fingerprint, remote.merged_into_remote_id)
    is_gone = standing is RemoteStanding.GONE
    is_merged = standing is RemoteStanding.MERGED
    return Whereabouts(
        provider=provider,
        standing=standing,
        is_connected=books.is_connected,
        account_name=books.account.name,
        seen_at=books.seen_at,
        remote_id=remote.remote_id,
        remote_public_id=remote.public_id,
        remote_name=remote.name,
        linked_at=link.linked_at,
        page_url="" if is_gone else customer_page_url(provider, access(provider), remote.remote_id),
        balance=Balance(remote.currency, remote.balance_cents) if remote.balance_cents else None,
        merged_into=_merged_into(session, customer, remote) if is_merged else None,
        differences=differences,
        seen=seen_pair(customer.revision, remote.revision),
    )


def _merged_into(session: Session, customer: Customer, remote: RemoteCustomer) -> MergedInto | None:
    """Return who goes on there, and which customer here that one is linked to."""
    heir, theirs = aliased(RemoteCustomer), aliased(Customer)
    row = session.execute(
        select(heir.remote_id, heir.name, heir.public_id, theirs.public_id, theirs.id)
        .outerjoin(
            CustomerLink,
            (CustomerLink.account_id == heir.account_id)
            & (CustomerLink.remote_id == heir.remote_id),
        )
        .outerjoin(theirs, theirs.id == CustomerLink.customer_id)
        .where(heir.account_id == remote.account_id, heir.remote_id == remote.merged_into_remote_id)
    ).first()
    if row is None:
        return None
    remote_id, name, public_id, customer_public_id, customer_id = row
    return MergedInto(remote_id, name, public_id, customer_public_id, customer_id == customer.id)


def _elsewhere(
    session: Session,
    customer: Customer,
    provider: ProviderKey,
    all_books: Mapping[int, _Books],
    access: Access,
) -> Whereabouts:
    """Return how the customer stands where it is not linked."""
    connected = [each for each in all_books.values() if each.is_connected]
    books = next((each for each in connected if each.account.provider == provider.value), None)
    if books is None:
        return Whereabouts(provider, RemoteStanding.NOT_CONNECTED)
    maybe = _best_suggestion(session, customer, books.account)
    if maybe is None:
        is_read = books.seen_at is not None
        standing = RemoteStanding.NOT_THERE if is_read else RemoteStanding.NEVER_READ
        return Whereabouts(provider, standing, True, books.account.name, books.seen_at)
    is_ignored = maybe.state is RemoteState.IGNORED
    return Whereabouts(
        provider=provider,
        standing=RemoteStanding.IGNORED if is_ignored else RemoteStanding.MAYBE,
        is_connected=True,
        account_name=books.account.name,
        seen_at=books.seen_at,
        remote_id=maybe.remote_id,
        remote_public_id=maybe.public_id,
        remote_name=maybe.name,
        page_url=customer_page_url(provider, access(provider), maybe.remote_id),
        is_let_go=maybe.is_let_go and not is_ignored,
    )


def _best_suggestion(session: Session, customer: Customer, account: RemoteAccount) -> AnyRow | None:
    """Return who of the account is most likely the customer, the unsynced before the ignored."""
    rows: Sequence[AnyRow] = session.execute(
        select(
            RemoteCustomer.remote_id,
            RemoteCustomer.public_id,
            RemoteCustomer.name,
            RemoteCustomer.state,
            _was_let_go(customer).label("is_let_go"),
        )
        .join(MatchSuggestion, MatchSuggestion.remote_customer_id == RemoteCustomer.id)
        .where(
            MatchSuggestion.customer_id == customer.id,
            RemoteCustomer.account_id == account.id,
            RemoteCustomer.state.in_((RemoteState.UNSYNCED, RemoteState.IGNORED)),
            RemoteCustomer.bin.in_((Bin.SAME, Bin.MAYBE)),
            ~is_told_apart(),
        )
        .order_by(MatchSuggestion.score.desc(), RemoteCustomer.id)
    ).all()
    return min(rows, key=lambda row: row.state is RemoteState.IGNORED, default=None)


def _was_let_go(customer: Customer) -> ColumnElement[bool]:
    """Say whether the link to this customer was ended by hand; both rows know the moment."""
    has_ended = exists().where(
        CustomerEvent.customer_id == customer.id,
        CustomerEvent.at == RemoteCustomer.why_at,
        CustomerEvent.account_id == RemoteCustomer.account_id,
        CustomerEvent.action == CustomerAction.UNLINKED,
    )
    return and_(RemoteCustomer.why == WhyUnsynced.LET_GO, has_ended)
