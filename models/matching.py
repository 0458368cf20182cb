"""What matching keeps beside customers, what it found, and what people decided about it."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Double,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from models.base import At, Base, CompanyId, OptionalUserId, RowId, closed_set


class KeptCustomer(Base):
    """A customer in comparable parts, as text; its keys are rows of CustomerKey."""

    __tablename__ = "kept_customer"

    customer_id: Mapped[int] = mapped_column(
        ForeignKey("customer.id", ondelete="CASCADE"), primary_key=True
    )
    company_id: Mapped[CompanyId]
    cleaned: Mapped[str] = mapped_column(Text)


class CustomerKey(Base):
    """A blocking key of a customer: only who shares one is compared.

    Follows from the kept parts of the customer, and has no other index nor a foreign key: two
    million rows are written in the order of the keys, and an index by customer would double
    their room and multiply their time. What is left of a customer who is gone brings nobody
    together.
    """

    __tablename__ = "customer_key"
    __table_args__ = ({"sqlite_with_rowid": False},)

    company_id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    customer_id: Mapped[int] = mapped_column(primary_key=True)


class KeptRemote(Base):
    """A remote customer in comparable parts, as text; its keys are rows of RemoteKey."""

    __tablename__ = "kept_remote"

    remote_customer_id: Mapped[int] = mapped_column(
        ForeignKey("remote_customer.id", ondelete="CASCADE"), primary_key=True
    )
    account_id: Mapped[int] = mapped_column(
        ForeignKey("remote_account.id", ondelete="CASCADE"), index=True
    )
    cleaned: Mapped[str] = mapped_column(Text)


class RemoteKey(Base):
    """A blocking key of a remote customer, kept like those of customers."""

    __tablename__ = "remote_key"
    __table_args__ = ({"sqlite_with_rowid": False},)

    account_id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    remote_customer_id: Mapped[int] = mapped_column(primary_key=True)


class KeptFrequencies(Base):
    """How often each value occurs in the two lists of an account, packed; see kept_counts."""

    __tablename__ = "kept_frequencies"

    account_id: Mapped[int] = mapped_column(
        ForeignKey("remote_account.id", ondelete="CASCADE"), primary_key=True
    )
    packed: Mapped[bytes] = mapped_column(LargeBinary)
    party_count: Mapped[int]
    counted_at: Mapped[At]


class MatchSuggestion(Base):
    """Our customer that a remote customer could be.

    `tier` is a member of services.matching.tiers.Tier, `score` is in bits, and `reasons` are
    codes with counts, such as "same_name shared_phone:3".
    """

    __tablename__ = "match_suggestion"
    __table_args__ = (UniqueConstraint("remote_customer_id", "customer_id"),)

    id: Mapped[RowId]
    account_id: Mapped[int] = mapped_column(
        ForeignKey("remote_account.id", ondelete="CASCADE"), index=True
    )
    remote_customer_id: Mapped[int] = mapped_column(
        ForeignKey("remote_customer.id", ondelete="CASCADE")
    )
    customer_id: Mapped[int] = mapped_column(
        ForeignKey("customer.id", ondelete="CASCADE"), index=True
    )
    tier: Mapped[str] = mapped_column(String(16))
    score: Mapped[float] = mapped_column(Double)
    reasons: Mapped[str] = mapped_column(Text)


class LookAlike(Base):
    """Two remote customers of one account who look alike; each pair stands here both ways."""

    __tablename__ = "look_alike"

    remote_customer_id: Mapped[int] = mapped_column(
        ForeignKey("remote_customer.id", ondelete="CASCADE"), primary_key=True
    )
    other_id: Mapped[int] = mapped_column(
        ForeignKey("remote_customer.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    reasons: Mapped[str] = mapped_column(Text)


class ToldApart(Base):
    """A person said that these two are not the same; it survives every reading and re-check.

    Either `customer_id` is our customer, or `other_remote_id` another remote customer of the
    account; a pair of remote customers stands here both ways.
    """

    __tablename__ = "told_apart"
    __table_args__ = (
        Index("uq_told_apart_customer", "account_id", "remote_id", "customer_id", unique=True),
        Index("uq_told_apart_other", "account_id", "remote_id", "other_remote_id", unique=True),
    )

    id: Mapped[RowId]
    company_id: Mapped[CompanyId]
    account_id: Mapped[int] = mapped_column(ForeignKey("remote_account.id", ondelete="CASCADE"))
    remote_id: Mapped[str] = mapped_column(String(64))
    customer_id: Mapped[int | None] = mapped_column(
        ForeignKey("customer.id", ondelete="CASCADE"), index=True
    )
    other_remote_id: Mapped[str | None] = mapped_column(String(64))
    decided_by_id: Mapped[OptionalUserId]
    decided_at: Mapped[At]


class ChosenOutcome(StrEnum):
    """What a person decided for an unsynced customer; the import carries it out."""

    CREATE = "create"
    LINK = "link"


class ReviewChoice(Base):
    """A person's decision about an unsynced customer, until it is imported or taken back.

    `customer_id` is whom to link to, None where a new customer is to be created.
    """

    __tablename__ = "review_choice"

    remote_customer_id: Mapped[int] = mapped_column(
        ForeignKey("remote_customer.id", ondelete="CASCADE"), primary_key=True
    )
    account_id: Mapped[int] = mapped_column(
        ForeignKey("remote_account.id", ondelete="CASCADE"), index=True
    )
    outcome: Mapped[ChosenOutcome] = mapped_column(closed_set(ChosenOutcome))
    customer_id: Mapped[int | None] = mapped_column(
        ForeignKey("customer.id", ondelete="CASCADE"), index=True
    )
    batch: Mapped[str] = mapped_column(String(16), index=True)
    decided_by_id: Mapped[OptionalUserId]
    decided_at: Mapped[At]
