"""What a mailed link allows, once: joining as a user, a new password, another e-mail."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import At, Base, CompanyId, OptionalAt, OptionalUserId, PublicId, RowId, closed_set
from models.company import Company, Role, User


class LinkPurpose(StrEnum):
    """What happens when the link is used. The last three are notices, which allow nothing."""

    INVITATION = "invitation"
    PASSWORD_RESET = "password_reset"  # noqa: S105  (the name of a purpose)
    EMAIL_CHANGE = "email_change"
    PASSWORD_NOTICE = "password_notice"  # noqa: S105  (the name of a purpose)
    EMAIL_ASKED_NOTICE = "email_asked_notice"
    EMAIL_CHANGED_NOTICE = "email_changed_notice"


class OneTimeLink(Base):
    """A permission that is mailed to `email` and worth nothing after its first use.

    A notice stands here as well, for its mail: that a password or an e-mail was changed.
    The link itself is signed and never stored; whoever reads this table cannot make one. `user_id`
    is whose password or e-mail it is about, None for an invitation, which has a `role` instead.
    `next_attempt_at` is when the mail is tried, None once it went out or was given up; whoever
    sends it moves that on first, so that nobody else takes it meanwhile.
    `ended_at` is set where it was withdrawn, a later link took its place, or whoever invited is no
    admin any more.
    """

    __tablename__ = "one_time_link"
    __table_args__ = (
        Index("ix_one_time_link_address", "purpose", "email"),
        Index("ix_one_time_link_mail", "next_attempt_at"),
    )

    id: Mapped[RowId]
    public_id: Mapped[PublicId]
    company_id: Mapped[CompanyId]
    purpose: Mapped[LinkPurpose] = mapped_column(closed_set(LinkPurpose))
    user_id: Mapped[int | None] = mapped_column(
        ForeignKey("user_account.id", ondelete="CASCADE"), index=True
    )
    email: Mapped[str] = mapped_column(String(254))
    role: Mapped[Role | None] = mapped_column(closed_set(Role))
    created_by_id: Mapped[OptionalUserId]
    created_at: Mapped[At]
    expires_at: Mapped[At]
    next_attempt_at: Mapped[OptionalAt]
    attempts: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[OptionalAt]
    used_at: Mapped[OptionalAt]
    ended_at: Mapped[OptionalAt]

    company: Mapped[Company] = relationship()
    user: Mapped[User | None] = relationship(foreign_keys=[user_id])
