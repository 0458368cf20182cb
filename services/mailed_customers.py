"""Who of an import was named in a report that was mailed."""

from __future__ import annotations

from sqlalchemy.orm import Session

from models import ImportRun


def count_mailed(session: Session, run: ImportRun) -> int:
    """Return how many that the import created stand in a report that was mailed."""
    raise NotImplementedError
