"""Which tables the database has and which this release wants, told without loading Alembic."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from sqlalchemy import inspect, text
from sqlalchemy.orm import Session

VERSIONS = Path(__file__).resolve().parent.parent / "migrations" / "versions"
# A server looks here with every probe, and Alembic is 12 MB in each of its processes.
_STEP = re.compile(r"^(revision|down_revision) = '(\w+)'$", re.MULTILINE)


def current_schema(session: Session) -> str | None:
    """Return the schema that the database was migrated to, None where it never was."""
    if not inspect(session.connection()).has_table("alembic_version"):
        return None
    version: str | None = session.scalar(text("SELECT version_num FROM alembic_version"))
    return version


@lru_cache(maxsize=1)
def newest_schema() -> str | None:
    """Return the schema that this release's code was written for: the step that none follows."""
    steps = [
        dict(_STEP.findall(path.read_text(encoding="utf-8"))) for path in VERSIONS.glob("*.py")
    ]
    followed = {step.get("down_revision") for step in steps}
    heads = [step["revision"] for step in steps if step["revision"] not in followed]
    return heads[0] if len(heads) == 1 else None
