"""A campaign of sending: rounds in several lanes at once until enough processes were killed."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from config import new_keys
from tests.crash.campaign import SAID_EVERY, Numbers, Wish, open_databases, told_counts
from tests.crash.sending import AFTER, Lane, Plan, Told, draw, measure, run_round
from tests.crash.sending_place import MailRoom, environment, prepare

SUMS = ("mails", "repeats", "given_up", "given_up_unseen", "lost", "doubled")


@dataclass
class Tally:
    """What the rounds came to. A kill after the last mail is told, but counts for nothing."""

    rounds: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    moments: Counter[str] = field(default_factory=Counter)
    sums: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    @property
    def counted(self) -> int:
        return self.kills.total()

    def add(self, told: Told) -> None:
        """Add what one round came to."""
        with self.lock:
            self.rounds += 1
            for kind, moment in told.kills:
                self.moments[moment] += 1
                if moment != AFTER:
                    self.kills[kind] += 1
            for name in SUMS:
                self.sums[name] += getattr(told.verdict, name)
            if told.faults:
                self.failures.append(f"{told.plan}\n  " + "\n  ".join(told.faults))

    def add_broken(self, plan: Plan) -> None:
        """Add a round that could not be played to its end."""
        with self.lock:
            self.failures.append(f"{plan}\n{traceback.format_exc(-6)}")

    def lines(self) -> Iterator[str]:
        """Say it in a few lines."""
        late = self.moments[AFTER]
        yield f"{self.counted:,} kills in {self.rounds:,} rounds, {late} more came too late"
        yield "  whom: " + told_counts(self.kills)
        yield "  when: " + told_counts(self.moments)
        yield (
            f"  {self.sums['mails']:,} mails arrived, {self.sums['repeats']} of them twice;"
            f" {self.sums['given_up']} given up after two lost answers, of which"
            f" {self.sums['given_up_unseen']} had not arrived"
        )
        yield (
            f"  lost {self.sums['lost']}, doubled {self.sums['doubled']},"
            f" failures {len(self.failures)}"
        )


def run(wish: Wish, folder: Path, *, say: Callable[[str], object] = lambda _line: None) -> Tally:
    """Play rounds until enough were killed. Raises NoServer."""
    tally = Tally()
    with _lanes(wish, folder, say) as lanes:
        rounds = Numbers(wish.first)
        with ThreadPoolExecutor(len(lanes)) as pool:
            jobs = [pool.submit(_play, lane, tally, wish, rounds, say) for lane in lanes]
            for job in jobs:
                job.result()
    return tally


def _play(
    lane: Lane, tally: Tally, wish: Wish, rounds: Numbers, say: Callable[[str], object]
) -> None:
    for number in rounds:
        if tally.counted >= wish.kills:
            return
        plan = draw(wish.seed, number)
        try:
            told = run_round(lane, plan)
            tally.add(told)
            if told.faults:
                say(f"{plan}: {told.faults}, {told.kills}")
        except Exception:  # noqa: BLE001  (the edge of a round: the others go on)
            tally.add_broken(plan)
            say(tally.failures[-1])
        if tally.rounds % SAID_EVERY == 0:
            say("; ".join(tally.lines()))


@contextmanager
def _lanes(wish: Wish, folder: Path, say: Callable[[str], object]) -> Iterator[list[Lane]]:
    with open_databases(wish.database, folder, wish.lanes) as databases, ExitStack() as stack:
        keys = new_keys()
        lanes = []
        for index, database in enumerate(databases):
            own = folder / f"lane-{index}"
            room = MailRoom(own, f"{wish.seed}-{index}")
            stack.callback(room.close)
            lanes.append(Lane(own, database, room, environment(own, database, room.port, keys), ()))
        expected = prepare(lanes[0].environ, lanes[0].database)
        for lane in lanes:
            lane.expected = expected
        lasts_s = measure(lanes[0])
        for lane in lanes:
            lane.lasts_s = lasts_s
        say(f"undisturbed: {lasts_s:.2f} s")
        yield lanes
