"""Customers here, remote customers there, and the links between them."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import (
    At,
    Base,
    CompanyId,
    OptionalAt,
    OptionalUserId,
    PublicId,
    RowId,
    closed_set,
)


class CustomerOrigin(StrEnum):
    """How a customer came to BlueClerk."""

    JOIN = "join"
    HAND = "hand"
    IMPORT = "import"


class RemoteState(StrEnum):
    """What BlueClerk knows about a remote customer; kept true by whoever changes it."""

    UNSYNCED = "unsynced"
    LINKED = "linked"
    IGNORED = "ignored"
    LEFT_OUT = "left_out"
    VANISHED = "vanished"


class Bin(StrEnum):
    """What an import would do with an unsynced customer, until a person decides otherwise.

    WAITING: not compared with the customers here yet. SAME is linked, NEW is created, MAYBE is
    left to a person.
    """

    WAITING = "waiting"
    SAME = "same"
    MAYBE = "maybe"
    NEW = "new"


class WhyUnsynced(StrEnum):
    """What became of a remote customer before, so that it is not here.

    UNLINKED by an undo stands as before the import; who was REMOVED_HERE or LET_GO (unlinked by
    hand) waits for a person, because importing it again would go against what somebody did.
    """

    NEVER_IMPORTED = "never_imported"
    FAILED = "failed"
    REMOVED_HERE = "removed_here"
    UNLINKED = "unlinked"
    LET_GO = "let_go"


#: A row whose `kept_revision` is another one has changed since it was last cleaned for matching.
IS_UNKEPT = text("kept_revision <> revision")
_IS_UNSYNCED, _NOT_UNSYNCED = text("state = 'unsynced'"), text("state <> 'unsynced'")
_IS_DIFFERING = text("differing <> ''")
_HAS_NO_EMAIL = text("is_placeholder_email")
#: Who wears no flag and may have a placeholder address all the same; most often nobody. SQLite
#: before 3.43 has no octet_length. What to look for is said by `placeholder_email.sql_patterns`,
#: and that letters beyond ASCII can look like any other; a test holds these against it.
IS_SUSPECT = {
    database: text(
        "NOT is_placeholder_email"
        " AND (lower(email_key) LIKE '%@%p%l%a%c%e%h%o%l%d%e%r%.%l%o%c%a%l%'"
        " OR lower(email_key) LIKE '%40%p%l%a%c%e%h%o%l%d%e%r%.%l%o%c%a%l%'"
        f" OR {bytes_of_key} <> length(email_key))"
    )
    for database, bytes_of_key in (
        ("sqlite", "length(CAST(email_key AS BLOB))"),
        ("postgresql", "octet_length(email_key)"),
    )
}

#: What the filters of the unsynced ask for. Every index of the unsynced carries it, so that
#: counting and filtering 100,000 of them never opens the table (benchmarks/review.py).
_FACETS = ("bin", "has_email", "why", "balance_cents")
#: By name: the columns after the account. "bins" counts, the others are one order of the list
#: each, and "search" holds the text that is searched for as well.
UNSYNCED_INDEXES = {
    "bins": (*_FACETS, "state"),
    "unsynced": ("state", "balance_cents", "id", "bin", "has_email", "why", "currency"),
    "new": ("state", "first_reading_id", "id", *_FACETS),
    "search": ("state", "sort_key", "id", "search_text", "first_reading_id", *_FACETS),
}


class Customer(Base):
    """A customer of a company in BlueClerk. `created_at` decides the signup day.

    Whoever changes what matching compares raises `revision`.
    """

    __tablename__ = "customer"
    __table_args__ = (
        # The report counts days from these two: who is listed is decided by flag and address.
        Index("ix_customer_signup", "company_id", "created_at", "is_placeholder_email"),
        Index(
            "ix_customer_suspect",
            *("company_id", "created_at"),
            # SQLite would take the first index for as good, if this one did not cover the question.
            *("is_placeholder_email", "email_key"),
            sqlite_where=IS_SUSPECT["sqlite"],
            postgresql_where=IS_SUSPECT["postgresql"],
        ),
        Index("ix_customer_list", "company_id", "sort_key", "id"),
        Index("ix_customer_email", "company_id", "email_key"),
        Index(
            "ix_customer_no_email",
            "company_id",
            "sort_key",
            "id",
            sqlite_where=_HAS_NO_EMAIL,
            postgresql_where=_HAS_NO_EMAIL,
        ),
        Index(
            "ix_customer_unkept",
            "company_id",
            "revision",
            sqlite_where=IS_UNKEPT,
            postgresql_where=IS_UNKEPT,
        ),
    )

    id: Mapped[RowId]
    public_id: Mapped[PublicId]
    company_id: Mapped[int] = mapped_column(ForeignKey("company.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(500))
    sort_key: Mapped[str] = mapped_column(String(200))
    company_name: Mapped[str] = mapped_column(String(500), default="")
    email: Mapped[str] = mapped_column(String(320))
    email_key: Mapped[str] = mapped_column(String(320))
    is_placeholder_email: Mapped[bool] = mapped_column(default=False)
    phone: Mapped[str] = mapped_column(String(100), default="")
    address: Mapped[str] = mapped_column(String(500), default="")
    search_text: Mapped[str] = mapped_column(Text, default="")
    origin: Mapped[CustomerOrigin] = mapped_column(closed_set(CustomerOrigin))
    created_at: Mapped[At]
    revision: Mapped[int] = mapped_column(default=1, server_default="1")
    kept_revision: Mapped[int] = mapped_column(default=0, server_default="0")


class RemoteCustomer(Base):
    """A customer as the accounting software had it at the last finished reading.

    Rows are never deleted: a customer that is gone there becomes VANISHED here, so that
    decisions survive. `is_counted` says whether the row belongs to Y. `other_phones` and
    `other_addresses` hold one to a line. Whoever changes what matching compares raises
    `revision`. `bin` is kept true for the unsynced and means nothing for the others; `why` with
    its text and moment says why an unsynced one is not here. `erased_at` is when its customer was
    erased for good: nothing that says who it is is stored here again.
    """

    __tablename__ = "remote_customer"
    __table_args__ = (
        UniqueConstraint("account_id", "remote_id"),
        Index("ix_remote_customer_state", "account_id", "state", "is_counted", "status", "kind"),
        Index(
            "ix_remote_customer_list",
            "account_id",
            "state",
            "sort_key",
            "id",
            sqlite_where=_NOT_UNSYNCED,
            postgresql_where=_NOT_UNSYNCED,
        ),
        Index("ix_remote_customer_email", "account_id", "email_key"),
        *(
            Index(
                f"ix_remote_customer_{name}",
                "account_id",
                *columns,
                sqlite_where=_IS_UNSYNCED,
                postgresql_where=_IS_UNSYNCED,
            )
            for name, columns in UNSYNCED_INDEXES.items()
        ),
        Index(
            "ix_remote_customer_unkept",
            "account_id",
            "revision",
            sqlite_where=IS_UNKEPT,
            postgresql_where=IS_UNKEPT,
        ),
    )

    id: Mapped[RowId]
    public_id: Mapped[PublicId]
    company_id: Mapped[CompanyId]
    account_id: Mapped[int] = mapped_column(ForeignKey("remote_account.id", ondelete="CASCADE"))
    remote_id: Mapped[str] = mapped_column(String(64))
    state: Mapped[RemoteState] = mapped_column(closed_set(RemoteState))
    is_counted: Mapped[bool]
    fingerprint: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(500))
    sort_key: Mapped[str] = mapped_column(String(200))
    company_name: Mapped[str] = mapped_column(String(500), default="")
    person_name: Mapped[str] = mapped_column(String(500), default="")
    email: Mapped[str | None] = mapped_column(String(320))
    email_key: Mapped[str | None] = mapped_column(String(320))
    has_email: Mapped[bool]
    emails_text: Mapped[str] = mapped_column(Text, default="")
    phone: Mapped[str] = mapped_column(String(100), default="")
    other_phones: Mapped[str] = mapped_column(Text, default="", server_default="")
    address: Mapped[str] = mapped_column(String(500), default="")
    other_addresses: Mapped[str] = mapped_column(Text, default="", server_default="")
    search_text: Mapped[str] = mapped_column(Text, default="")
    status: Mapped[str] = mapped_column(String(16))
    kind: Mapped[str] = mapped_column(String(16))
    parent_remote_id: Mapped[str | None] = mapped_column(String(64))
    merged_into_remote_id: Mapped[str | None] = mapped_column(String(64))
    balance_cents: Mapped[int] = mapped_column(default=0)
    currency: Mapped[str] = mapped_column(String(8), default="")
    remote_updated_at: Mapped[OptionalAt]
    first_reading_id: Mapped[int] = mapped_column(ForeignKey("reading.id"), index=True)
    decided_by_id: Mapped[OptionalUserId]
    decided_at: Mapped[OptionalAt]
    decision_batch: Mapped[str | None] = mapped_column(String(16), index=True)
    ignore_reason: Mapped[str] = mapped_column(String(200), default="", server_default="")
    revision: Mapped[int] = mapped_column(default=1, server_default="1")
    kept_revision: Mapped[int] = mapped_column(default=0, server_default="0")
    bin: Mapped[Bin] = mapped_column(
        closed_set(Bin), default=Bin.WAITING, server_default=Bin.WAITING.value
    )
    why: Mapped[WhyUnsynced] = mapped_column(
        closed_set(WhyUnsynced),
        default=WhyUnsynced.NEVER_IMPORTED,
        server_default=WhyUnsynced.NEVER_IMPORTED.value,
    )
    why_text: Mapped[str] = mapped_column(String(200), default="", server_default="")
    why_at: Mapped[OptionalAt]
    erased_at: Mapped[OptionalAt]


class CustomerLink(Base):
    """This remote customer is that customer. Unique per remote customer, whatever happens.

    `differing` names, separated by blanks, the fields that both have and that do not mean the
    same; kept true by whoever changes one of the two.
    """

    __tablename__ = "customer_link"
    __table_args__ = (
        UniqueConstraint("account_id", "remote_id"),
        Index(
            "ix_customer_link_differing",
            "account_id",
            "customer_id",
            sqlite_where=_IS_DIFFERING,
            postgresql_where=_IS_DIFFERING,
        ),
    )

    id: Mapped[RowId]
    company_id: Mapped[CompanyId]
    account_id: Mapped[int] = mapped_column(ForeignKey("remote_account.id", ondelete="CASCADE"))
    remote_id: Mapped[str] = mapped_column(String(64))
    customer_id: Mapped[int] = mapped_column(
        ForeignKey("customer.id", ondelete="CASCADE"), index=True
    )
    linked_at: Mapped[At]
    differing: Mapped[str] = mapped_column(String(100), default="", server_default="")
