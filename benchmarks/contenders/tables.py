"""The cleaned lists as data frames, for the contenders that work on these."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from benchmarks.contenders.exchange import cleaned_path

Tables = tuple[pd.DataFrame, pd.DataFrame]
#: A column that fewer rows have is not worth comparing.
SMALLEST_SHARE = 0.02


def load_tables(folder: Path) -> Tables:
    """Return both cleaned lists; what is not given is None."""
    return _table(cleaned_path(folder, "ours")), _table(cleaned_path(folder, "theirs"))


def is_given(tables: Tables, column: str) -> bool:
    """Say whether the lists have this column at all."""
    return all(table[column].notna().mean() > SMALLEST_SHARE for table in tables)


def _table(path: Path) -> pd.DataFrame:
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    return table.replace({"": None})
