"""The daily signup report: settings of a company, its recipients, and every delivery."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

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
from models.company import Company

DEFAULT_LOCAL_HOUR = 7


class EmptyDay(StrEnum):
    """What happens on a day without signups."""

    SEND = "send"
    SKIP = "skip"


class Frequency(StrEnum):
    """How often a recipient is mailed. WEEKLY: on Monday, for the seven days before."""

    DAILY = "daily"
    WEEKLY = "weekly"
    OFF = "off"


class ReportKind(StrEnum):
    """Why a delivery exists.

    DAILY is the daily report that goes by itself: a day, the days missed, or a week. A COPY was
    asked for by a person: it covers nothing and holds back nothing.
    """

    DAILY = "daily"
    COPY = "copy"


class DeliveryState(StrEnum):
    """DUE waits, CLAIMED is in somebody's hands, HANDING_OVER may have arrived; the rest ended."""

    DUE = "due"
    CLAIMED = "claimed"
    HANDING_OVER = "handing_over"
    SENT = "sent"
    REFUSED = "refused"
    FAILED = "failed"
    SKIPPED = "skipped"


class SkipReason(StrEnum):
    """Why a delivery ended without a mail."""

    NOBODY_SIGNED_UP = "nobody_signed_up"
    CARRIED_OVER = "carried_over"
    UNSUBSCRIBED = "unsubscribed"
    RECIPIENT_REMOVED = "recipient_removed"
    RECIPIENT_OFF = "recipient_off"
    NOT_CONFIRMED = "not_confirmed"
    REPORT_OFF = "report_off"


class ReportSettings(Base):
    """Whether and when a company is mailed; the zone is the company's.

    `reported_from_at` is where the first local day begins that is reported by itself: switching
    the report on never catches up the days before.
    """

    __tablename__ = "report_settings"

    id: Mapped[RowId]
    company_id: Mapped[int] = mapped_column(
        ForeignKey("company.id", ondelete="CASCADE"), unique=True
    )
    is_on: Mapped[bool] = mapped_column(default=False)
    local_hour: Mapped[int] = mapped_column(default=DEFAULT_LOCAL_HOUR)
    on_empty_day: Mapped[EmptyDay] = mapped_column(closed_set(EmptyDay), default=EmptyDay.SKIP)
    reported_from_at: Mapped[OptionalAt]

    company: Mapped[Company] = relationship()


class ReportRecipient(Base):
    """Somebody a company's report is mailed to.

    Whoever is taken off the list keeps the row: deliveries point to it, and an unsubscription
    outlives being written on the list again. `refusal_count` counts refusals in a row.
    Mailed is the address of an active user of the company, or one that was confirmed by the link
    of a mail, which `asked_by_id` had us send.
    """

    __tablename__ = "report_recipient"
    __table_args__ = (UniqueConstraint("company_id", "address_key"),)

    id: Mapped[RowId]
    public_id: Mapped[PublicId]
    company_id: Mapped[CompanyId]
    address: Mapped[str] = mapped_column(String(254))
    address_key: Mapped[str] = mapped_column(String(254))
    reported_from_at: Mapped[At]
    removed_at: Mapped[OptionalAt]
    unsubscribed_at: Mapped[OptionalAt]
    refusal_count: Mapped[int] = mapped_column(default=0)
    frequency: Mapped[Frequency] = mapped_column(closed_set(Frequency), default=Frequency.DAILY)
    asked_by_id: Mapped[OptionalUserId]
    confirmation_sent_at: Mapped[OptionalAt]
    confirmed_at: Mapped[OptionalAt]

    company: Mapped[Company] = relationship()


class ReportDelivery(Base):
    """One report for one local day and one recipient: the claim, the window, what came of it.

    The window is the half-open span of UTC that the mail reports, fixed when the row is made,
    so that a late or repeated mail neither skips nor counts twice. `day_on` is its last local
    day, `first_day_on` its first; they differ where days were missed. `due_at` starts the day
    within which it is tried again. `handover_count` says how often the message was handed over
    without an answer that settles it.
    """

    __tablename__ = "report_delivery"
    __table_args__ = (
        UniqueConstraint("company_id", "kind", "day_on", "recipient_id"),
        Index("ix_report_delivery_work", "state", "next_attempt_at"),
        Index("ix_report_delivery_recipient", "recipient_id", "window_end_at"),
    )

    id: Mapped[RowId]
    public_id: Mapped[PublicId]
    company_id: Mapped[int] = mapped_column(ForeignKey("company.id", ondelete="CASCADE"))
    recipient_id: Mapped[int] = mapped_column(ForeignKey("report_recipient.id", ondelete="CASCADE"))
    kind: Mapped[ReportKind] = mapped_column(closed_set(ReportKind), default=ReportKind.DAILY)
    first_day_on: Mapped[date]
    day_on: Mapped[date]
    window_start_at: Mapped[At]
    window_end_at: Mapped[At]
    message_id: Mapped[str] = mapped_column(String(320))
    state: Mapped[DeliveryState] = mapped_column(closed_set(DeliveryState))
    skip_reason: Mapped[SkipReason | None] = mapped_column(closed_set(SkipReason))
    listed_count: Mapped[int | None]
    attempts: Mapped[int] = mapped_column(default=0)
    handover_count: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[At]
    lease_owner: Mapped[str | None] = mapped_column(String(16))
    lease_until_at: Mapped[OptionalAt]
    answer_code: Mapped[int | None]
    answer_text: Mapped[str] = mapped_column(String(200), default="")
    due_at: Mapped[At]
    ended_at: Mapped[OptionalAt]

    company: Mapped[Company] = relationship()
    recipient: Mapped[ReportRecipient] = relationship()
