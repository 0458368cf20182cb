"""No cell of a file of ours is a formula to a spreadsheet, whatever somebody wrote (C24)."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.customer_csv import csv_line

ROOT = Path(__file__).resolve().parents[2]
STARTS = "=+-@\t\r\n\0＝＋－＠"
#: Mostly what is dangerous, in any order, and now and then anything at all.
DANGEROUS = st.text(st.sampled_from([*STARTS, ";", ",", '"', "'", " ", "a", "1"]), max_size=12)
ANYTHING = st.text(st.characters(blacklist_categories=["Cs"]), max_size=12)


@given(st.lists(DANGEROUS | ANYTHING, min_size=1, max_size=4))
def test_no_cell_begins_like_a_formula(cells: list[str]) -> None:
    line = csv_line(cells)

    (read,) = csv.reader(io.StringIO(line, newline=""))
    assert len(read) == len(cells)
    assert not [cell for cell in read if cell.startswith(tuple(STARTS))]
    assert "\0" not in line


@pytest.mark.parametrize("separator", [";", "\t"])
@given(st.lists(DANGEROUS, min_size=1, max_size=4))
def test_nor_where_a_spreadsheet_separates_by_something_else(
    separator: str, cells: list[str]
) -> None:
    line = csv_line(cells)

    rows = csv.reader(io.StringIO(line, newline=""), delimiter=separator)
    found = [cell.lstrip(' "') for row in rows for cell in row]
    assert not [cell for cell in found if cell.startswith(tuple("=+-@＝＋－＠"))]


def test_text_that_is_no_formula_stays_as_it_is() -> None:
    assert csv_line(["Ann-Marie O'Hara", "a=b; c"]) == '"Ann-Marie O\'Hara","a=b; c"\r\n'


def test_one_place_writes_all_files() -> None:
    writers, senders = set(), set()
    for folder in ("services", "blueprints", "commands", "jobs"):
        for path in (ROOT / folder).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            if re.search(r"^(import|from) csv\b", text, re.M):
                writers.add(path.name)
            if "csv_line" in text or "BYTE_ORDER_MARK" in text:
                senders.add(path.name)

    assert writers == {"customer_csv.py"}
    # Whoever makes a file makes its lines there.
    assert {path.name for path in (ROOT / "services").glob("*_csv.py")} <= senders
