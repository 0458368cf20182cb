"""`make test-matrix`: the suite on every Python of this machine, with two SQLAlchemys.

Each pair has an environment of its own below .venv-matrix/, made again when the lock file changes.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / ".venv-matrix"
LOCK = ROOT / "requirements-dev.txt"
#: The newest of the release before the locked one.
OLDER_SQLALCHEMY = "2.0.58"
OLDEST_MINOR, NEWEST_MINOR = 11, 15
SUITE = ("-n", "2", "-m", "not full and not postgresql", "-p", "no:cacheprovider")
NOT_FOUND = "not on this machine"
_VERSION = "import sys; print(*sys.version_info[:3], sep='.')"


@dataclass(frozen=True, slots=True)
class Pair:
    """One environment. `python` is the program that makes it."""

    version: str
    sqlalchemy: str
    python: str

    @property
    def name(self) -> str:
        return f"{self.version}-{self.sqlalchemy}"

    @property
    def program(self) -> str:
        return str(FOLDER / self.name / "bin" / "python")

    @property
    def log(self) -> Path:
        return FOLDER / f"{self.name}.log"


def find_pythons() -> dict[int, tuple[str, str]]:
    """Return by minor version the newest Python of the machine: its version and its program."""
    found: dict[int, tuple[str, str]] = {}
    for program in _programs():
        asked = subprocess.run([program, "-c", _VERSION], capture_output=True, text=True)
        if asked.returncode:
            continue  # a shim of a version that is not switched on
        version = asked.stdout.strip()
        major, minor, _ = map(int, version.split("."))
        is_newer = minor not in found or _numbers(version) > _numbers(found[minor][0])
        if major == 3 and minor >= OLDEST_MINOR and is_newer:
            found[minor] = (version, program)
    return dict(sorted(found.items()))


def _programs() -> Iterator[str]:
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    yield from map(str, sorted(versions.glob("3.*/bin/python")))
    for minor in range(OLDEST_MINOR, NEWEST_MINOR + 1):
        if program := shutil.which(f"python3.{minor}"):
            yield program
    yield sys.executable


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def locked_sqlalchemy(lock: str) -> str:
    """Return the version that the lock file names."""
    found = re.search(r"^sqlalchemy==([0-9.]+)", lock, re.MULTILINE | re.IGNORECASE)
    assert found, "the lock file names no SQLAlchemy"
    return found[1]


def is_wanted(pair: Pair, only: str) -> bool:
    """Say whether the pair is named: "3.13", "3.13-2.0" or several with commas; "" names all."""
    names = [name.strip().partition("-") for name in only.split(",") if name.strip()]
    return not names or any(
        _begins(pair.version, version) and _begins(pair.sqlalchemy, sqlalchemy)
        for version, _, sqlalchemy in names
    )


def _begins(version: str, named: str) -> bool:
    parts = named.split(".") if named else []
    return version.split(".")[: len(parts)] == parts


def install(pair: Pair) -> str:
    """Make the environment unless it is there; return what went wrong, "" if nothing."""
    stamp = FOLDER / pair.name / "installed"
    wanted = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return ""
    shutil.rmtree(FOLDER / pair.name, ignore_errors=True)
    pip = [pair.program, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    steps = [
        [pair.python, "-m", "venv", str(FOLDER / pair.name)],
        [*pip, "--require-hashes", "-r", str(LOCK)],
    ]
    if pair.sqlalchemy != locked_sqlalchemy(LOCK.read_text()):
        steps.append([*pip, f"SQLAlchemy=={pair.sqlalchemy}"])
    for step in steps:
        done = subprocess.run(step, capture_output=True, text=True)
        if done.returncode:
            pair.log.write_text(done.stdout + done.stderr)
            return "could not be installed"
    stamp.write_text(wanted)
    return ""


def run_suite(pair: Pair, left_out: Sequence[str]) -> tuple[bool, str]:
    """Run the suite into the pair's log; return whether it is green, and pytest's last line."""
    command = [pair.program, "-m", "pytest", *SUITE, *(f"--ignore={path}" for path in left_out)]
    with pair.log.open("w") as log:
        ended = subprocess.run(command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT)
    lines = [line.strip("= ") for line in pair.log.read_text(errors="replace").splitlines()]
    sums = [line for line in lines if re.search(r"\d+ (passed|failed|error)", line)]
    return ended.returncode == 0, sums[-1] if sums else f"pytest ended with {ended.returncode}"


def run_pair(pair: Pair, left_out: Sequence[str]) -> tuple[bool, str]:
    """Install and run; return whether it is green, and the result in words."""
    trouble = install(pair)
    if trouble:
        return False, f"{trouble}, see {pair.log.relative_to(ROOT)}"
    is_green, words = run_suite(pair, left_out)
    return is_green, words if is_green else f"RED: {words}, see {pair.log.relative_to(ROOT)}"


def main() -> int:
    """Run every pair that is wanted, and print a table at the end."""
    parser = argparse.ArgumentParser(prog="python -m tests.versions", description=__doc__)
    parser.add_argument("--only", default="", help="3.13-2.0, or 3.12, or several with commas")
    parser.add_argument("--leave-out", action="append", default=[], metavar="PATH")
    chosen = parser.parse_args()
    FOLDER.mkdir(exist_ok=True)
    pythons = find_pythons()
    releases = (locked_sqlalchemy(LOCK.read_text()), OLDER_SQLALCHEMY)
    pairs = [
        Pair(version, each, program) for version, program in pythons.values() for each in releases
    ]
    table, is_all_green = [("Python", "SQLAlchemy", "minutes", "result")], True
    for pair in pairs:
        if not is_wanted(pair, chosen.only):
            table.append((pair.version, pair.sqlalchemy, "-", "not asked for"))
            continue
        sys.stdout.write(f"Python {pair.version} with SQLAlchemy {pair.sqlalchemy} …\n")
        sys.stdout.flush()
        begun = time.monotonic()
        is_green, words = run_pair(pair, chosen.leave_out)
        is_all_green = is_all_green and is_green
        minutes = f"{(time.monotonic() - begun) / 60:.1f}"
        table.append((pair.version, pair.sqlalchemy, minutes, words))
    missing = set(range(OLDEST_MINOR, NEWEST_MINOR + 1)) - set(pythons)
    table += [(f"3.{minor}", "-", "-", NOT_FOUND) for minor in sorted(missing)]
    for row in table:
        sys.stdout.write("{:<10}{:<12}{:<9}{}\n".format(*row))
    return 0 if is_all_green else 1


if __name__ == "__main__":
    sys.exit(main())
