"""What every row keeps: aware times, closed sets, ids that tell nothing."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import text
from sqlalchemy.exc import StatementError
from sqlalchemy.orm import Session, sessionmaker

from models import Company, Role, User
from models.base import new_public_id
from tests.factories import NOW, make_company, make_user
from tests.services.support import one


def test_a_time_comes_back_in_utc_whatever_zone_it_was_written_in(
    sessions: sessionmaker[Session],
) -> None:
    berlin = timezone(timedelta(hours=1))
    with sessions() as session:
        company_id = make_company(session, created_at=NOW.astimezone(berlin)).id

    created_at = one(sessions, Company, company_id).created_at
    assert (created_at, created_at.tzinfo) == (NOW, UTC)


def test_a_time_without_a_zone_is_refused(session: Session) -> None:
    with pytest.raises(StatementError, match="without a zone"):
        make_company(session, created_at=datetime(2026, 11, 20))  # noqa: DTZ001


def test_a_closed_set_is_stored_as_its_word(session: Session) -> None:
    user = make_user(session, make_company(session), role=Role.MEMBER)

    assert session.execute(text("SELECT role FROM user_account")).scalar() == "member"
    assert session.get_one(User, user.id).role is Role.MEMBER


def test_ids_in_addresses_are_sixteen_random_hex_characters() -> None:
    ids = {new_public_id() for _ in range(100)}

    assert len(ids) == 100
    assert all(re.fullmatch(r"[0-9a-f]{16}", public_id) for public_id in ids)
