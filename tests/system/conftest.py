"""A demo of its own for every test that asks for one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.demo import Demo, start_demo
from tests.system.prepared import PreparedDemo, find_prepared


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> PreparedDemo:
    return find_prepared(tmp_path_factory)


@pytest.fixture
def folder(prepared: PreparedDemo, tmp_path: Path) -> Path:
    """A prepared folder that no demo runs in yet."""
    return prepared.copy_to(tmp_path / "instance")


@pytest.fixture
def demo(folder: Path) -> Iterator[Demo]:
    demo = start_demo(folder)
    yield demo
    demo.stop()
    assert demo.leaks() == []
