"""Which pairs of Python and SQLAlchemy `make test-matrix` takes."""

from __future__ import annotations

import pytest

from tests.versions import LOCK, Pair, is_wanted, locked_sqlalchemy


@pytest.mark.parametrize(
    ("only", "wanted"),
    [
        ("", True),
        ("3.13", True),
        ("3.13-2.0", True),
        ("3.12, 3.13-2", True),
        ("3.13-2.1", False),
        ("3.1", False),
        ("3.12", False),
    ],
)
def test_a_pair_is_named_by_the_beginning_of_its_versions(only: str, wanted: bool) -> None:
    assert is_wanted(Pair("3.13.0", "2.0.58", "python3.13"), only) is wanted


def test_the_lock_file_tells_the_release_we_run_on() -> None:
    assert locked_sqlalchemy(LOCK.read_text()).startswith("2.")
