"""What strangers tried lately, so that nobody can try without end."""

from __future__ import annotations

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import At, Base, RowId


class Attempt(Base):
    """One attempt of one kind. `key_hash` says whose it was without saying who that is."""

    __tablename__ = "attempt"
    __table_args__ = (
        Index("ix_attempt_key", "kind", "key_hash", "at"),
        Index("ix_attempt_age", "kind", "at"),
    )

    id: Mapped[RowId]
    kind: Mapped[str] = mapped_column(String(32))
    key_hash: Mapped[str] = mapped_column(String(64))
    at: Mapped[At]
