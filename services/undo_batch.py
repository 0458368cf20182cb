"""Take back one batch of an import: customers, links, filled fields and outcomes, at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from models import ImportItem, ImportRun, ItemOutcome, RemoteAccount


def write_undo_batch(
    session: Session,
    account: RemoteAccount,
    run: ImportRun,
    items: Sequence[ImportItem],
    *,
    now: datetime,
) -> Counter[ItemOutcome]:
    """Give the items of an undo their outcome, in the caller's transaction; return them counted.

    Of the items only the remote ids are read. A handful of statements for any size.
    """
    raise NotImplementedError
