"""The history of a customer: which field changed, by whom, and from whose books."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import At, Base, CompanyId, OptionalUserId, RowId, closed_set


class CustomerAction(StrEnum):
    """What happened to a field of a customer, or to a link of it.

    FILLED: the books gave what was empty here. TAKEN: a person took the books' value. EMPTIED: an
    undo took back what a link had filled.
    """

    EDITED = "edited"
    TAKEN = "taken"
    FILLED = "filled"
    EMPTIED = "emptied"
    UNLINKED = "unlinked"


class CustomerEvent(Base):
    """What happened to one field of a customer, or to its link; the customer's history.

    `account_id` is in whose books, `run_id` by which import or undo, None by hand or a reading.
    Creating and linking leave no event: the customer, its links and the items of runs tell those.
    """

    __tablename__ = "customer_event"
    __table_args__ = (Index("ix_customer_event_customer", "customer_id", "at"),)

    id: Mapped[RowId]
    company_id: Mapped[CompanyId]
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id", ondelete="CASCADE"))
    at: Mapped[At]
    user_id: Mapped[OptionalUserId]
    action: Mapped[CustomerAction] = mapped_column(closed_set(CustomerAction))
    account_id: Mapped[int | None] = mapped_column(
        ForeignKey("remote_account.id", ondelete="SET NULL")
    )
    run_id: Mapped[int | None] = mapped_column(ForeignKey("import_run.id", ondelete="SET NULL"))
    field: Mapped[str] = mapped_column(String(32), default="")
    before: Mapped[str] = mapped_column(String(500), default="")
    after: Mapped[str] = mapped_column(String(500), default="")
