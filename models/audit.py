"""Who did what, and when."""

from __future__ import annotations

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import At, Base, CompanyId, OptionalUserId, RowId


class AuditEvent(Base):
    """`action` is a glossary verb such as `connected`; `detail` holds counts, never customers."""

    __tablename__ = "audit_event"
    __table_args__ = (
        Index("ix_audit_event_company_at", "company_id", "at"),
        Index("ix_audit_event_action", "company_id", "action", "at"),
    )

    id: Mapped[RowId]
    company_id: Mapped[CompanyId]
    user_id: Mapped[OptionalUserId]
    at: Mapped[At]
    action: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str] = mapped_column(String(64))
    detail: Mapped[str] = mapped_column(String(500), default="")
