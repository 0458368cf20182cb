"""Our matching beside splink, recordlinkage and simple rules, on the same lists, in one table.

`python -m benchmarks side_by_side` runs this alone; `matching_large` is the same with 100,000.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.contenders.exchange import read_found, write_lists
from benchmarks.match_lists import MatchLists, febrl, generated
from benchmarks.matching_goals import CLEANING, OURS, goals_of
from benchmarks.measuring import Result
from benchmarks.pair_quality import Quality, judge
from benchmarks.standing import Standing, as_table

RESULTS = Path(__file__).parent / "results"
RUNS = 3
SIZE, LARGE_SIZE = 10_000, 100_000
LINKERS = (OURS, CLEANING, "splink", "recordlinkage, sum", "recordlinkage, ECM")
ALL = (*LINKERS, "same e-mail", "same e-mail or phone", "same display name")
#: FEBRL has neither e-mail addresses nor telephone numbers.
NAMES_ONLY = (*LINKERS, "same display name")
#: recordlinkage takes minutes and 5 GB there.
LARGE = (OURS, CLEANING, "splink", "same e-mail or phone")


@dataclass(frozen=True, slots=True)
class Spent:
    """What one run took."""

    seconds: float
    peak_mb: float


def run() -> list[Result]:
    """Measure the lists of 10,000 and FEBRL, print how all did, and return the goals."""
    return _told(
        [
            *_measure(generated("development", SIZE), ALL, runs=RUNS),
            *_measure(generated("other", SIZE), ALL, runs=1),
            *_measure(febrl(), NAMES_ONLY, runs=1),
        ],
        "matching",
    )


def run_large() -> list[Result]:
    """Measure the list of 100,000 in the same way."""
    lists = generated("development", LARGE_SIZE)
    return _told(_measure(lists, LARGE, runs=1), "matching_large")


def _told(standings: list[Standing], name: str) -> list[Result]:
    print(as_table(standings), end="\n\n")
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps([asdict(standing) for standing in standings], indent=2)
    (RESULTS / f"{name}.json").write_text(text, encoding="utf-8")
    return goals_of(standings)


def _measure(lists: MatchLists, names: Sequence[str], *, runs: int) -> list[Standing]:
    """Run the contenders in turn, so that noise of the machine meets them alike."""
    spent: defaultdict[str, list[Spent]] = defaultdict(list)
    qualities: dict[str, Quality] = {}
    with TemporaryDirectory() as folder:
        write_lists(Path(folder), lists.ours, lists.theirs, region=lists.region)
        for _ in range(runs):
            for name in names:
                spent[name].append(_run_apart(name, Path(folder), lists))
                qualities[name] = judge(read_found(Path(folder)), lists.truth, size=len(lists.ours))
    return [
        Standing(
            lists=lists.name,
            who=name,
            quality=None if name == CLEANING else qualities[name],
            seconds=statistics.median(one.seconds for one in spent[name]),
            peak_mb=max(one.peak_mb for one in spent[name]),
        )
        for name in names
    ]


def _run_apart(name: str, folder: Path, lists: MatchLists) -> Spent:
    command = [sys.executable, "-m", "benchmarks.contenders", name, str(folder), lists.region]
    if lists.is_household:
        command.append("household")
    answer = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return Spent(**json.loads(answer.stdout))
