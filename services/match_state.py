"""How an account stands with matching: what is to be done, and what is enough for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from models import Company, KeptFrequencies, RemoteAccount
from services.kept_lists import count_kept
from services.kept_parties import OURS, THEIRS, Side, is_unkept
from services.match_region import region_of_zone
from services.matching.keeping import CLEANING_VERSION

#: Both lists together: so many are matched in the process itself: 1.6 seconds, 102 MB.
SMALL_LISTS = 2_000
#: Changed rows that are matched one by one: at most a hundredth of the lists. One alone took
#: 170 ms on two busy cores, everything 2.5 ms a customer; in steps of fifty one takes less.
FEW_ROWS, FEW_SHARE = 200, 100
#: Lists that grew or shrank by more than a tenth have other frequencies.
GROWTH_SHARE = 10


class Work(StrEnum):
    """What is to be done."""

    NOTHING = "nothing"
    CHANGES = "changes"
    WHOLE = "whole"


@dataclass(frozen=True, slots=True)
class MatchPlace:
    """Whose lists are matched. `is_current`: what is kept was made as it would be made now."""

    account_id: int
    company_id: int
    region: str
    is_current: bool
    is_matched: bool


def find_place(session: Session, account_id: int) -> MatchPlace | None:
    """Return the place of an account, None if there is no such account any more."""
    row = session.execute(
        select(RemoteAccount, Company.zone)
        .join(Company, Company.id == RemoteAccount.company_id)
        .where(RemoteAccount.id == account_id)
    ).first()
    if row is None:
        return None
    account, zone = row
    region = region_of_zone(zone)
    is_current = is_made_as_now(account.cleaning_version, account.match_region, region)
    return MatchPlace(
        account_id, account.company_id, region, is_current, account.matched_at is not None
    )


def is_made_as_now(cleaning_version: int, match_region: str, region: str) -> bool:
    """Say whether what was kept under these is what would be kept now."""
    return (cleaning_version, match_region) == (CLEANING_VERSION, region)


def due_work(session: Session, place: MatchPlace) -> Work:
    """Return what is to be done; a few milliseconds for 100,000 on each side."""
    counted = session.scalar(
        select(KeptFrequencies.party_count).where(KeptFrequencies.account_id == place.account_id)
    )
    if counted is None or not (place.is_current and place.is_matched):
        return Work.WHOLE
    kept = count_kept(session, OURS, place.company_id)
    kept += count_kept(session, THEIRS, place.account_id)
    if abs(kept - counted) * GROWTH_SHARE > counted:
        return Work.WHOLE
    few = max(FEW_ROWS, counted // FEW_SHARE)
    unkept = _count_unkept(session, OURS, place.company_id, few + 1)
    unkept += _count_unkept(session, THEIRS, place.account_id, few + 1)
    if not unkept:
        return Work.NOTHING
    return Work.CHANGES if unkept <= few else Work.WHOLE


def is_small(session: Session, place: MatchPlace) -> bool:
    """Say whether the lists are matched in this process."""
    rows = [
        select(side.source.c.id).where(side.source.c[side.owner] == owner_id).limit(SMALL_LISTS + 1)
        for side, owner_id in ((OURS, place.company_id), (THEIRS, place.account_id))
    ]
    counts = [session.scalar(select(func.count()).select_from(each.subquery())) for each in rows]
    return sum(count or 0 for count in counts) <= SMALL_LISTS


def note_kept(session: Session, revisions: Mapping[int, int]) -> None:
    """Note that our customers are kept as of these revisions, in the caller's transaction."""
    statement = (
        update(OURS.source)
        .where(OURS.source.c.id == bindparam("b_id"), OURS.source.c.revision == bindparam("b_seen"))
        .values(kept_revision=bindparam("b_seen"))
    )
    rows = [{"b_id": row_id, "b_seen": revision} for row_id, revision in revisions.items()]
    if rows:
        session.connection().execute(statement, rows)


def _count_unkept(session: Session, side: Side, owner_id: int, most: int) -> int:
    table = side.source.c
    rows = select(table.id).where(table[side.owner] == owner_id, is_unkept(side)).limit(most)
    return session.scalar(select(func.count()).select_from(rows.subquery())) or 0
