"""What must be so after a kill and at the end of a round, as queries of somebody outside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.crash.databases import Database, look, look_at_rows

COUNTS = ("created", "linked", "skipped", "failed", "removed", "unlinked", "kept")
#: Columns that count how often a row was compared; an import and its undo leave them changed.
UNCOMPARED = ("revision", "kept_revision")
NOT_ENDED = "SELECT count(*) FROM import_run WHERE state IN ('queued', 'running', 'paused')"
OUTCOMES = "SELECT remote_id, outcome FROM import_item WHERE run_id = :run_id"
CUSTOMERS = "SELECT name, email FROM customer"
LINKS = "SELECT account_id, remote_id, customer_id FROM customer_link ORDER BY 1, 2"
STATES = "SELECT account_id, remote_id, state FROM remote_customer ORDER BY 1, 2"


@dataclass(frozen=True)
class Standing:
    """A database as far as a round is about it."""

    customers: list[Mapping[str, Any]]
    links: list[tuple[Any, ...]]
    states: list[tuple[Any, ...]]

    @property
    def people(self) -> Counter[tuple[Any, ...]]:
        """How many customers have a name and an address."""
        return Counter((row["name"], row["email"]) for row in self.customers)

    @property
    def linked(self) -> set[str]:
        return {remote_id for _, remote_id, _ in self.links}


@dataclass(frozen=True)
class Verdict:
    """What was found wrong: customers lost and doubled, and everything else in words."""

    lost: int = 0
    doubled: int = 0
    faults: tuple[str, ...] = ()


def is_anything_left(database: Database) -> bool:
    return look(database.url, NOT_ENDED)[0][0] > 0


def stand(database: Database) -> Standing:
    """Return how everything stands now."""
    rows = look_at_rows(database.url, "SELECT * FROM customer ORDER BY id")
    kept = [{k: v for k, v in row.items() if k not in UNCOMPARED} for row in rows]
    return Standing(kept, look(database.url, LINKS), look(database.url, STATES))


def check_killed(database: Database) -> list[str]:
    """Return what is wrong in the moment after a kill: half a batch, a broken page or reference."""
    return database.faults() + _sums(database)


def check_end(database: Database, *, wanted: Standing) -> Verdict:
    """Compare the end of a round with what an undisturbed run leaves."""
    faults = check_killed(database)
    now = stand(database)
    lost = (wanted.people - now.people).total() + len(wanted.linked - now.linked)
    doubled = (now.people - wanted.people).total() + len(now.linked - wanted.linked)
    if now.states != wanted.states:
        odd = set(now.states) ^ set(wanted.states)
        faults.append(f"{len(odd)} remote customers stand differently: {sorted(odd)[:3]}")
    if look(database.url, "SELECT 1 FROM import_item WHERE outcome = 'pending' LIMIT 1"):
        faults.append("an item of an ended run has no outcome")
    return Verdict(lost, doubled, tuple(faults))


def check_undone(database: Database, *, before: Standing) -> list[str]:
    """Return whether the customers are, row by row, what they were before the import."""
    now = stand(database)
    faults = []
    if now.customers != before.customers:
        odd = [row for row in now.customers if row not in before.customers]
        gone = [row for row in before.customers if row not in now.customers]
        faults.append(f"{len(odd)} customers are others, {len(gone)} as before are missing")
    if now.links != before.links:
        faults.append("the links are not those of before")
    return faults


def _sums(database: Database) -> list[str]:
    """Return the runs whose counters are not their items: half a batch was written."""
    faults = []
    for run in look_at_rows(database.url, "SELECT * FROM import_run"):
        outcomes = Counter(outcome for _, outcome in look(database.url, OUTCOMES, run_id=run["id"]))
        counted = {name: run[f"{name}_count"] for name in COUNTS if run[f"{name}_count"]}
        pending = outcomes.pop("pending", 0)
        if counted != dict(outcomes):
            faults.append(f"run {run['id']} counts {counted}, its items are {dict(outcomes)}")
        if sum(counted.values()) + pending != run["chosen_count"]:
            faults.append(f"run {run['id']} does not add up to {run['chosen_count']}")
    return faults
