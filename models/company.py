"""Companies, their users, and the sign-ins those users hold."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import At, Base, CompanyId, OptionalAt, PublicId, RowId, closed_set


class Role(StrEnum):
    ADMIN = "admin"
    MEMBER = "member"


class Company(Base):
    """A field-service team. `zone` is an IANA name; all its times are shown in it."""

    __tablename__ = "company"

    id: Mapped[RowId]
    slug: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    zone: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[At]


class User(Base):
    """Somebody who can sign in. `email` is stored in lower case and is unique everywhere."""

    __tablename__ = "user_account"

    id: Mapped[RowId]
    public_id: Mapped[PublicId]
    company_id: Mapped[CompanyId]
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    role: Mapped[Role] = mapped_column(closed_set(Role))
    password_hash: Mapped[str] = mapped_column(String(255))
    is_disabled: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[At]

    company: Mapped[Company] = relationship()


class SignIn(Base):
    """One browser that signed in. The cookie holds a token; only its hash is stored.

    `password_checked_at` is when the password was last typed: at the sign-in, or again before
    something that matters.
    """

    __tablename__ = "sign_in"

    id: Mapped[RowId]
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int] = mapped_column(
        ForeignKey("user_account.id", ondelete="CASCADE"), index=True
    )
    created_at: Mapped[At]
    last_seen_at: Mapped[At]
    password_checked_at: Mapped[At]
    ended_at: Mapped[OptionalAt]

    user: Mapped[User] = relationship()
