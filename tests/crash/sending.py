"""One round of sending: workers and commands are killed until the mails are out, all is checked.

A round is made from its seed and number alone; the machine decides at which step a kill comes.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from models import DeliveryState, ReportDelivery
from services.runtime import utc_now
from tests.crash import processes
from tests.crash.databases import Database
from tests.crash.processes import Running
from tests.crash.sending_checks import (
    OPEN,
    Verdict,
    check_end,
    check_killed,
    is_all_mailed,
    let_time_pass,
    read_rows,
)
from tests.crash.sending_place import DUE, Expected, MailRoom

LOOK_S = 0.05
GIVE_UP_S = 90.0
KILLS_MAX = 10
#: When kills come, as shares of what all mails take: from the start to among the first ones.
MOMENTS = (0.05, 0.55)
AFTER = "after the end"
BETWEEN, BEFORE = "between two mails", "before the first row"


class Kind(StrEnum):
    """Who is killed while it sends."""

    WORKER = "worker"
    COMMAND = "command"
    EARLIER = "command for an earlier day"


#: A day that is over everywhere, and that some mails report among others.
EARLIER_DAYS = 2


@dataclass(frozen=True)
class Plan:
    """A round as it was drawn: who sends at the same time, and when they are killed.

    A moment is a share of the time that all mails take a worker whom nobody kills.
    """

    number: int
    senders: tuple[tuple[Kind, ...], ...]
    moments: tuple[float, ...]


@dataclass
class Told:
    """What a round came to: each kill with its kind and moment, and what was found wrong."""

    plan: Plan
    kills: list[tuple[Kind, str]] = field(default_factory=list)
    verdict: Verdict = field(default_factory=Verdict)

    @property
    def faults(self) -> list[str]:
        """Return everything that should not be, in words."""
        told = list(self.verdict.faults)
        if self.verdict.lost or self.verdict.doubled:
            told.append(f"lost {self.verdict.lost}, doubled {self.verdict.doubled}")
        return told


@dataclass
class Lane:
    """A database, a mail server and a folder, in which rounds follow each other.

    `lasts_s` is how long all mails take a worker whom nobody kills.
    """

    folder: Path
    database: Database
    room: MailRoom
    environ: Mapping[str, str]
    expected: Sequence[Expected]
    lasts_s: float = 0.0

    def start(self, kind: Kind) -> Running:
        log = self.folder / "processes.log"
        work, arguments = _work(kind)
        running = processes.start(work, self.environ, *arguments, log=log, is_quick=True)
        running.wait_ready()
        return running


def _work(kind: Kind) -> tuple[Callable[..., None], list[str]]:
    if kind is Kind.WORKER:
        return processes.report_worker, []
    if kind is Kind.COMMAND:
        return processes.report_command, []
    earlier = utc_now().date() - timedelta(days=EARLIER_DAYS)
    return processes.report_command, ["--date", earlier.isoformat()]


def draw(seed: int, number: int) -> Plan:
    """Return the round of that number."""
    chance = random.Random(f"sending-{seed}-{number}")
    senders, kills = [], chance.randint(1, KILLS_MAX)
    while kills > 0:
        together = tuple(chance.choice(list(Kind)) for _ in range(min(kills, chance.randint(1, 2))))
        senders.append(together)
        kills -= len(together)
    return Plan(number, tuple(senders), tuple(chance.uniform(*MOMENTS) for _ in senders))


def run_round(lane: Lane, plan: Plan) -> Told:
    """Play the round in the lane."""
    told = Told(plan)
    lane.database.restore(DUE)
    lane.room.clear()
    faults: list[str] = []
    found: set[str] = set()
    for kinds, share in zip(plan.senders, plan.moments, strict=True):
        told.kills += _kill(lane, kinds, share)
        lane.database.wait_alone()
        faults += check_killed(lane.room.kept(), read_rows(lane.database))
        faults += lane.database.faults()
        found |= let_time_pass(lane.database, is_alone=True)
        if is_all_mailed(read_rows(lane.database), lane.expected):
            break
    is_finished, later_found = _finish(lane)
    if not is_finished:
        faults.append("the mails were not finished")
    told.verdict = _judge(lane, faults, found | later_found)
    return told


def measure(lane: Lane) -> float:
    """Return how long all mails take a worker; they must come out right as well."""
    lane.database.restore(DUE)
    lane.room.clear()
    began_s = time.monotonic()
    is_finished, found = _finish(lane)
    lasts_s = time.monotonic() - began_s
    verdict = _judge(lane, [], found)
    assert is_finished, verdict
    assert not verdict.faults, verdict
    return lasts_s


def _kill(lane: Lane, kinds: Sequence[Kind], share: float) -> list[tuple[Kind, str]]:
    """Let processes of these kinds send, kill all at one moment, and say where each was."""
    started = [lane.start(kind) for kind in kinds]
    time.sleep(share * lane.lasts_s)
    was_alive = [running.is_alive() for running in started]
    for running in started:
        running.kill()
    rows = read_rows(lane.database)
    if is_all_mailed(rows, lane.expected):
        return [(kind, AFTER) for kind in kinds]
    in_hand = _in_hand(rows)
    nowhere = BETWEEN if rows else BEFORE
    moments = [(in_hand.pop(0) if in_hand else nowhere) if alive else AFTER for alive in was_alive]
    return list(zip(kinds, moments, strict=True))


def _in_hand(rows: Sequence[ReportDelivery]) -> list[str]:
    """Return the states of what the killed ones held, the most delicate first."""
    held = [row.state for row in rows if row.lease_owner is not None and row.state in OPEN]
    return sorted(held, key=lambda state: state is not DeliveryState.HANDING_OVER)


def _finish(lane: Lane) -> tuple[bool, set[str]]:
    """Start one more worker and leave it alone until everything is out.

    What waits because no answer came is made due; returns what was found in handing_over.
    """
    running = lane.start(Kind.WORKER)
    found: set[str] = set()
    give_up_at = time.monotonic() + GIVE_UP_S
    try:
        while time.monotonic() < give_up_at:
            if is_all_mailed(read_rows(lane.database), lane.expected):
                return True, found
            found |= let_time_pass(lane.database, is_alone=False)
            time.sleep(LOOK_S)
        return False, found
    finally:
        running.kill()


def _judge(lane: Lane, faults: Sequence[str], found: set[str]) -> Verdict:
    kept, rows = lane.room.kept(), read_rows(lane.database)
    verdict = check_end(kept, rows, lane.expected, found_handing_over=found)
    every = (*faults, *lane.database.faults(), *verdict.faults)
    return replace(verdict, faults=every)
