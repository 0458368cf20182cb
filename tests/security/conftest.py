"""A filled house, built once for all workers; every test gets a copy of its own."""

from __future__ import annotations

import fcntl
import os
import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest

from blueprints import unsynced
from tests.owned_texts import own
from tests.security.building import build
from tests.security.house import House, Plan, open_copy


@pytest.fixture(scope="session")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """The filled house; the first worker that asks builds it."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "house"
    folder.mkdir(exist_ok=True)
    kept = folder / "plan.pickle"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            kept.write_bytes(pickle.dumps(build(folder)))
    found: Plan = pickle.loads(kept.read_bytes())
    return found


@pytest.fixture
def house(plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setattr(unsynced, "PATIENCE_S", 0)
    for party in plan.parties.values():
        own(party.company_id, party.word, party.slug)
    with open_copy(plan, tmp_path) as house:
        yield house
