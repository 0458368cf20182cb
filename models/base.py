"""What every table shares: naming of constraints, UTC datetimes, closed sets, public ids."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

from sqlalchemy import DateTime, Dialect, Enum, ForeignKey, MetaData, String
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.types import TypeDecorator

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
PUBLIC_ID_BYTES = 8


class Base(DeclarativeBase):
    """The parent of every table."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC on both sides: SQLite keeps no zone, PostgreSQL answers in its server's."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a datetime without a zone cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def closed_set(members: type[StrEnum]) -> Enum:
    """Store a StrEnum as its text. No CHECK: dropping one breaks SQLite's batch migrations."""

    def values(enum_class: Any) -> list[str]:
        return [member.value for member in enum_class]

    return Enum(
        members, native_enum=False, create_constraint=False, length=32, values_callable=values
    )


def new_public_id() -> str:
    """Return the id used in addresses: 16 random hex characters."""
    return secrets.token_hex(PUBLIC_ID_BYTES)


RowId = Annotated[int, mapped_column(primary_key=True)]
PublicId = Annotated[str, mapped_column(String(16), default=new_public_id, unique=True)]
CompanyId = Annotated[int, mapped_column(ForeignKey("company.id", ondelete="CASCADE"), index=True)]
OptionalUserId = Annotated[
    int | None, mapped_column(ForeignKey("user_account.id", ondelete="SET NULL"))
]
At = Annotated[datetime, mapped_column(UtcDateTime)]
OptionalAt = Annotated[datetime | None, mapped_column(UtcDateTime)]
