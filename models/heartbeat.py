"""When the clock last beat, so that readiness can tell a silent clock from a quiet one."""

from __future__ import annotations

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import At, Base, RowId


class Heartbeat(Base):
    """The last beat of one recurring job, by its name."""

    __tablename__ = "heartbeat"

    id: Mapped[RowId]
    name: Mapped[str] = mapped_column(String(32), unique=True)
    at: Mapped[At]
