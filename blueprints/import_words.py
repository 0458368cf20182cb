"""How runs are spoken of: names, pace, why one waits; pure but for `register`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import Flask

from models import ItemOutcome, PauseReason
from services.import_views import ImportView, RunName
from services.item_rows import ReasonCount
from services.providers.registry import ProviderProfile
from services.sentences import failure_words

#: A rate over less than this says nothing.
LEAST_S = 1.0
MINUTE_S = 60
HOUR_S = 3600
#: From so many of a smaller unit on, the larger is told.
MANY = 90
#: Why all the skipped were skipped, where it is the same for all of them.
SKIPPED_WORDS = {
    "waits": "wait for your decision",
    "not_compared": "not compared yet",
    "stopped": "not reached",
    "already_linked": "linked meanwhile",
    "ignored": "ignored meanwhile",
    "changed": "changed meanwhile",
    "different": "stand differently now",
    "already_removed": "were removed before",
    "already_unlinked": "were unlinked before",
}


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a run is and how long it still needs, in words."""

    rate: str
    left: str


@dataclass(frozen=True, slots=True)
class PauseWords:
    """Why a run waits; what ends the waiting; whether trying now, or only a consent, can help.

    `is_elsewhere`: other books are connected, so a person has to choose.
    """

    happened: str
    goes_on: str
    needs_consent: bool
    is_elsewhere: bool = False


def register(app: Flask) -> None:
    """Give templates these words."""
    app.jinja_env.globals.update(
        left_words=left_words, pace=pace, pause_words=pause_words, run_name=run_name
    )


def run_name(run: ImportView | RunName) -> str:
    """Name a run: Import 31 · Undo of import 31."""
    is_undo = run.kind == "undo"
    return f"Undo of import {run.number:,}" if is_undo else f"Import {run.number:,}"


def pace(run: ImportView, now: datetime) -> Pace | None:
    """Return how fast the run is; None before it is known, or where the time holds a break."""
    if run.began_at is None or run.is_interrupted or not 0 < run.done < run.chosen:
        return None
    elapsed_s = (now - run.began_at).total_seconds()
    if elapsed_s < LEAST_S:
        return None
    per_s = run.done / elapsed_s
    return Pace(_rate(per_s), time_left((run.chosen - run.done) / per_s))


def time_left(seconds: float) -> str:
    """Write a guess: about 8 seconds left · about 2 minutes left · about 3 hours left."""
    sizes = ((1, "second"), (MINUTE_S, "minute"), (HOUR_S, "hour"))
    fitting = (size for size in sizes if seconds < MANY * size[0])
    size_s, noun = next(fitting, sizes[-1])
    count = max(round(seconds / size_s), 1)
    return f"about {count:,} {noun if count == 1 else noun + 's'} left"


def pause_words(run: ImportView, profile: ProviderProfile) -> PauseWords:
    """Return why the run waits and what it waits for."""
    noun = "undo" if run.is_undo else "import"
    needs_consent = run.pause_reason is PauseReason.PERMISSION
    if needs_consent and run.connected_name is not None:
        return _elsewhere_words(run, profile, run.connected_name)
    saved = "What was done is saved. " if run.began_at else ""
    if run.pause_reason is PauseReason.DISK:
        happened = "The disk of the server is full."
        goes_on = f"What was done is saved. The {noun} goes on when there is room"
    elif run.pause_failure is not None:
        happened = failure_words(run.pause_failure, profile=profile).happened
        goes_on = f"{saved}Nothing was imported from an old list"
    else:
        happened = f"{profile.short_name} is not connected."
        goes_on = f"{saved}Nothing was imported from an old list"
    if needs_consent:
        goes_on = f"The {noun} waits and goes on by itself as soon as you reconnect"
    return PauseWords(happened, goes_on, needs_consent)


def _elsewhere_words(run: ImportView, profile: ProviderProfile, connected: str) -> PauseWords:
    happened = f"{profile.short_name} is connected to other books now, {connected}."
    goes_on = f"This import belongs to {run.account_name}. Stop it, or connect those again"
    return PauseWords(happened, goes_on, needs_consent=True, is_elsewhere=True)


def waiting_sentence(count: int) -> str:
    """Return why an import of nobody but the doubtful was not started."""
    who = "This customer waits" if count == 1 else f"These {count:,} customers wait"
    return f"{who} for your decision. Nothing was started."


def left_words(reasons: tuple[ReasonCount, ...], outcome: ItemOutcome | str) -> str:
    """Return why all of one outcome ended so, in a word or two; "see why below" for several."""
    codes = {reason.code for reason in reasons if reason.outcome == outcome}
    if len(codes) > 1:
        return "see why below"
    return SKIPPED_WORDS.get(next(iter(codes), ""), "nothing to do")


def _rate(per_s: float) -> str:
    if per_s >= 1:
        return f"{round(per_s):,} a second"
    return f"{max(round(per_s * MINUTE_S), 1):,} a minute"
