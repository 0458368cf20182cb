"""One round: an import or an undo is begun, its process killed, others finish it, all is checked.

A round is made from its seed and number alone; the machine decides at which statement a kill
comes.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from tests.crash.checks import Verdict, check_end, check_killed, check_undone, is_anything_left
from tests.crash.databases import end_leases, look
from tests.crash.lanes import Lane
from tests.crash.place import BEFORE, IMPORTED
from tests.crash.processes import Running

LOOK_S = 0.02
#: What the batches take of an undisturbed run, about.
BATCHES_S = 0.4
#: Within its lease, one sweep and the work itself.
RECOVERY_MAX_S = 35.0
GIVE_UP_S = 75.0


class Action(StrEnum):
    """What is killed."""

    IMPORT = "import"
    UNDO = "undo"


class Kind(StrEnum):
    """Who is killed, and who goes on."""

    WEB = "web"
    WORKER = "worker"
    COMMAND = "command"


@dataclass(frozen=True)
class Plan:
    """A round as it was drawn.

    A moment is a share of the time that the whole takes or, if it is negative, of the time that
    the batches take, from the first one on.
    With `is_real` nothing is shortened: leases end by themselves, engines sweep as they do.
    """

    number: int
    action: Action
    kinds: tuple[Kind, ...]
    moments: tuple[float, ...]
    finisher: Kind
    is_real: bool


@dataclass
class Told:
    """What a round came to: each kill with its kind and moment, and what was found wrong."""

    plan: Plan
    kills: list[tuple[Kind, str]] = field(default_factory=list)
    recovery_s: float | None = None
    verdict: Verdict = field(default_factory=Verdict)

    @property
    def is_measured(self) -> bool:
        """Say whether the recovery was one: in real time, of a run that was there."""
        at_work = self.kills[-1][1] not in ("before it was written", "after the end")
        return self.plan.is_real and at_work

    @property
    def faults(self) -> list[str]:
        """Return everything that should not be, in words."""
        told = list(self.verdict.faults)
        if self.verdict.lost or self.verdict.doubled:
            told.append(f"lost {self.verdict.lost}, doubled {self.verdict.doubled}")
        if self.is_measured and (self.recovery_s or 0) > RECOVERY_MAX_S:
            told.append(f"it took {self.recovery_s:.1f} s")
        return told


def draw(seed: int, number: int, *, is_real: bool) -> Plan:
    """Return the round of that number."""
    chance = random.Random(f"{seed}-{number}-{is_real}")
    kills = 1 if is_real else chance.randint(1, 3)
    return Plan(
        number=number,
        action=chance.choice(list(Action)),
        kinds=tuple(chance.choice(list(Kind)) for _ in range(kills)),
        moments=tuple(chance.uniform(-1, 1) for _ in range(kills)),
        finisher=chance.choice(list(Kind)),
        is_real=is_real,
    )


def run_round(lane: Lane, plan: Plan) -> Told:
    """Play the round in the lane."""
    told = Told(plan)
    lane.database.restore(BEFORE if plan.action is Action.IMPORT else IMPORTED)
    faults: list[str] = []
    for kind, share in zip(plan.kinds, plan.moments, strict=True):
        moment = _kill(lane, plan, kind, share)
        told.kills.append((kind, moment))
        faults += check_killed(lane.database)
        if not plan.is_real:
            lane.database.wait_alone()
            end_leases(lane.database.url)
    told.recovery_s = _finish(lane, plan)
    if told.recovery_s is None:
        faults.append("the run was not finished")
    told.verdict = _judge(lane, plan, faults)
    return told


def measure(lane: Lane, action: Action, kind: Kind) -> float:
    """Return how long it takes that kind when nobody kills it; it must come out right as well."""
    plan = Plan(-1, action, (), (), kind, is_real=False)
    lane.database.restore(BEFORE if action is Action.IMPORT else IMPORTED)
    running = _begin(lane, plan, kind)
    began_s = time.monotonic()
    try:
        assert _wait(lambda: _has_written(lane, plan) and not is_anything_left(lane.database))
        lasts_s = time.monotonic() - began_s
    finally:
        running.kill()
    verdict = _judge(lane, plan, [])
    assert verdict == Verdict(), verdict
    return lasts_s


def _kill(lane: Lane, plan: Plan, kind: Kind, share: float) -> str:
    """Let a process of this kind work, kill it in the middle, and say where it was."""
    running = _begin(lane, plan, kind)
    if share < 0:
        _wait(lambda: not running.is_alive() or _has_begun(lane, plan))
    time.sleep(share * lane.lasts_s[plan.action, kind] if share > 0 else -share * BATCHES_S)
    was_alive = running.is_alive()
    running.kill()
    return _moment(lane, plan) if was_alive else "after the end"


def _begin(lane: Lane, plan: Plan, kind: Kind) -> Running:
    """Start the process and have it begin, or go on with, what the round is about."""
    if kind is Kind.WEB:
        running, address = lane.start_web(is_quick=not plan.is_real)
        if not is_anything_left(lane.database):
            lane.click(address, is_undo=plan.action is Action.UNDO)
        return running
    if kind is Kind.COMMAND:
        return lane.start_command(is_undo=plan.action is Action.UNDO, is_quick=not plan.is_real)
    if not is_anything_left(lane.database):
        lane.queue(is_undo=plan.action is Action.UNDO)
    return lane.start_worker(is_quick=not plan.is_real)


def _finish(lane: Lane, plan: Plan) -> float | None:
    """Start one more process and leave it alone; return after how long nothing was left to do.

    A command is seen to its end: if it finds nothing to go on with, it begins anew.
    """
    started_s = time.monotonic()
    if plan.finisher is Kind.COMMAND:
        running = lane.start_command(is_undo=plan.action is Action.UNDO, is_quick=not plan.is_real)
    elif plan.finisher is Kind.WEB:
        running, _ = lane.start_web(is_quick=not plan.is_real)
    else:
        running = lane.start_worker(is_quick=not plan.is_real)
    try:
        is_done = _wait(lambda: not is_anything_left(lane.database))
        lasted_s = time.monotonic() - started_s
        if plan.finisher is Kind.COMMAND:
            is_done = _wait(lambda: not running.is_alive()) and not is_anything_left(lane.database)
        return lasted_s if is_done else None
    finally:
        running.kill()


def _wait(is_so: Callable[[], bool]) -> bool:
    give_up_at = time.monotonic() + GIVE_UP_S
    while not is_so():
        if time.monotonic() > give_up_at:
            return False
        time.sleep(LOOK_S)
    return True


def _moment(lane: Lane, plan: Plan) -> str:
    """Say where the run of the round was when its process was killed."""
    query = (
        "SELECT state, began_at, chosen_count, (SELECT count(*) FROM import_item"
        " WHERE run_id = import_run.id AND outcome <> 'pending') FROM import_run"
        " WHERE kind = :kind ORDER BY id DESC LIMIT 1"
    )
    rows = look(lane.database.url, query, kind=plan.action.value)
    if not rows:
        return "before it was written"
    state, began_at, chosen, done = rows[0]
    if state in ("finished", "stopped"):
        return "after the end"
    if state == "queued":
        return "queued"
    if began_at is None:
        return "in the check"
    return f"after {done * 10 // max(1, chosen) * 10} %"


def _judge(lane: Lane, plan: Plan, faults: list[str]) -> Verdict:
    begun = lane.stood[BEFORE if plan.action is Action.IMPORT else IMPORTED]
    wanted = lane.stood[IMPORTED if plan.action is Action.IMPORT else BEFORE]
    is_written = _has_written(lane, plan)
    verdict = check_end(lane.database, wanted=wanted if is_written else begun)
    if plan.action is Action.UNDO and is_written:
        faults += check_undone(lane.database, before=wanted)
    return Verdict(verdict.lost, verdict.doubled, (*faults, *verdict.faults))


def _has_begun(lane: Lane, plan: Plan) -> bool:
    """Say whether a batch of the round's run is written, or none is left."""
    query = "SELECT 1 FROM import_run WHERE kind = :kind AND began_at IS NOT NULL"
    return bool(look(lane.database.url, query, kind=plan.action.value))


def _has_written(lane: Lane, plan: Plan) -> bool:
    query = "SELECT 1 FROM import_run WHERE kind = :kind"
    return bool(look(lane.database.url, query, kind=plan.action.value))
