"""What was measured last, in one JSON file: lines, versions, machine and load."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks.measuring import Result

RESULTS = Path(__file__).parent / "results" / "latest.json"
#: What speed depends on, of ours and of those we are held against.
PACKAGES = (
    "sqlalchemy",
    "flask",
    "requests",
    "urllib3",
    "psycopg",
    "python-quickbooks",
    "intuit-oauth",
    "xero-python",
    "freshbooks-sdk",
    "splink",
    "recordlinkage",
)


@dataclass(frozen=True, slots=True)
class Measured:
    """The lines of one benchmark; `load` is that of the machine before and after it."""

    results: list[Result]
    seconds: float
    load: tuple[float, float]
    machine: Mapping[str, Any]


def machine() -> dict[str, Any]:
    """Return what there is to know about this machine without naming it."""
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "implementation": sys.implementation.name,
        "sqlite": sqlite3.sqlite_version,
        "packages": {name: _version(name) for name in PACKAGES},
    }


def read_results(path: Path = RESULTS) -> dict[str, Measured]:
    """Return what was measured last, by benchmark; nothing where the file is missing or older."""
    if not path.exists():
        return {}
    kept = json.loads(path.read_text(encoding="utf-8"))
    return {name: _measured(one) for name, one in kept.items()} if isinstance(kept, dict) else {}


def write_results(measured: Mapping[str, Measured], path: Path = RESULTS) -> None:
    """Write the file anew."""
    path.parent.mkdir(exist_ok=True)
    kept = {
        name: asdict(one) | {"results": [line.as_json() for line in one.results]}
        for name, one in measured.items()
    }
    path.write_text(json.dumps(kept, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _measured(kept: dict[str, Any]) -> Measured:
    lines = [{k: v for k, v in line.items() if k != "verdict"} for line in kept["results"]]
    before, after = kept["load"]
    results = [Result(**line) for line in lines]
    return Measured(results, kept["seconds"], (before, after), kept["machine"])


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
