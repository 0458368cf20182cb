"""Which choices of people end with a reading: of who is gone, and of who is somebody else now."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import RemoteCustomer, ReviewChoice
from services.bins import refresh_bins
from services.prepared_rows import Batch, Row
from services.review_choices import drop_choices

#: Who has another one of these is not whom the person decided about; a phone or an address may
#: change.
TELLING_FIELDS = ("name", "company_name", "emails_text")


def outdated_choices(session: Session, account_id: int, batch: Batch) -> list[int]:
    """Return the rows whose choice ends with the batch, which is not written yet."""
    changed = {str(row["remote_id"]): row for row in batch.changed}
    if not (changed or batch.vanished):
        return []
    rows = session.scalars(
        select(RemoteCustomer)
        .join(ReviewChoice, ReviewChoice.remote_customer_id == RemoteCustomer.id)
        .where(
            RemoteCustomer.account_id == account_id,
            RemoteCustomer.remote_id.in_([*changed, *batch.vanished]),
        )
    )
    return [row.id for row in rows if _is_outdated(row, changed.get(row.remote_id))]


def end_choices(session: Session, account_id: int, row_ids: Sequence[int]) -> None:
    """Forget these choices in the caller's transaction; an import asks the person again."""
    if row_ids:
        refresh_bins(session, account_id, row_ids, customer_ids=drop_choices(session, row_ids))


def end_choices_of(session: Session, account_id: int, remote_ids: Collection[str]) -> None:
    """Forget the choices about who was linked without them, in the caller's transaction."""
    row_ids = session.scalars(
        select(RemoteCustomer.id)
        .join(ReviewChoice, ReviewChoice.remote_customer_id == RemoteCustomer.id)
        .where(RemoteCustomer.account_id == account_id, RemoteCustomer.remote_id.in_(remote_ids))
    )
    end_choices(session, account_id, row_ids.all())


def _is_outdated(row: RemoteCustomer, now: Row | None) -> bool:
    """Say whether the row leaves the list or is about to be somebody else."""
    if now is None or not now["is_counted"]:
        return True
    return any(getattr(row, field) != now[field] for field in TELLING_FIELDS)
