"""Matching two files from the terminal: what is read, what is written, what is refused."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from benchmarks.matching import OUTPUT_COLUMNS, main

OURS = (
    "id,display,first,last,email,phone,dob\n"
    "o1,Ann Brandt,Ann,Brandt,ann@example.com,020 7946 0018,x\n"
)
THEIRS = 'id,display,email,phone\nt1,"Brandt, Ann",ann@example.com,+44 20 7946 0018\nt2,,,\n'


def _run(folder: Path, *options: str, ours: str | bytes = OURS, theirs: str = THEIRS) -> int:
    content = ours if isinstance(ours, bytes) else ours.encode()
    (folder / "ours.csv").write_bytes(content)
    (folder / "theirs.csv").write_text(theirs, encoding="utf-8")
    files = {"--ours": "ours.csv", "--theirs": "theirs.csv", "--out": "pairs.csv"}
    named = [part for option, name in files.items() for part in (option, str(folder / name))]
    return main([*named, *options])


def test_pairs_are_written_with_their_reason(tmp_path: Path) -> None:
    code = _run(tmp_path, "--region", "gb")

    with (tmp_path / "pairs.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert code == 0
    assert tuple(header) == OUTPUT_COLUMNS
    assert [row[:3] for row in rows] == [["o1", "t1", "exact"]]
    assert rows[0][4] == "Same name, same e-mail and same phone."


def test_lists_without_customers_give_no_pairs(tmp_path: Path) -> None:
    assert _run(tmp_path, ours="id\n", theirs="\ufeffid,display\n") == 0
    assert (tmp_path / "pairs.csv").read_text(encoding="utf-8").splitlines() == [
        ",".join(OUTPUT_COLUMNS)
    ]


@pytest.mark.parametrize(
    ("ours", "sentence"),
    [
        ("", "has to name the columns"),
        ("name\nAnn\n", "has to name the columns"),
        ("id,display\n1,Ann\n1,Ben\n", "the id of customer 2 appears twice"),
        ("id,display\n,Ann\n", "the id of customer 1 is missing"),
        (b"id\n\xff\xfe\n", "is not text in UTF-8"),
        (b'id,display\n1,\x00\n2,"' + b"a" * 10_000_001, "is not readable as CSV"),
    ],
)
def test_a_bad_file_ends_with_one_sentence(
    ours: str | bytes, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = _run(tmp_path, ours=ours)

    error = capsys.readouterr().err
    assert code == 2
    assert sentence in error
    assert error.count("\n") == 1


def test_a_missing_file_and_a_wrong_region_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = str(tmp_path / "none.csv")

    assert main(["--ours", missing, "--theirs", missing, "--out", missing]) == 2
    assert "cannot be read" in capsys.readouterr().err
    assert _run(tmp_path, "--region", "GBR") == 2
    assert "two letters" in capsys.readouterr().err


def test_a_place_that_cannot_be_written_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(tmp_path, "--out", str(tmp_path / "none" / "pairs.csv")) == 2
    assert "cannot be written" in capsys.readouterr().err
