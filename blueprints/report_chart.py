"""Where the bars of the signup chart stand; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from services.signup_report import DayCount

WIDTH = 720
TOP, GROUND = 18, 148
#: The letters of a phone are the larger ones: 20 of the picture's units high, up to 13 wide.
EDGE, LETTER = 16, 12
BAR_SHARE = 0.74
MOST_LINES = 4
WEEK = 7
#: From here on, the names of a week each would touch.
MANY_DAYS = 60


@dataclass(frozen=True, slots=True)
class Bar:
    """One day: what is listed stands on the ground, what was filtered stands on it."""

    count: DayCount
    x: float
    width: float
    listed_y: float
    listed_height: float
    filtered_y: float
    filtered_height: float


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the grid and the number beside it."""

    value: int
    y: float


@dataclass(frozen=True, slots=True)
class Label:
    """The name of a day under its bar."""

    day: date
    x: float
    is_last: bool


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything the picture and the words beside it need."""

    bars: tuple[Bar, ...]
    lines: tuple[Line, ...]
    labels: tuple[Label, ...]
    listed: int
    filtered: int
    fewest: DayCount
    most: DayCount
    left: int


def draw(counts: Sequence[DayCount]) -> Chart:
    """Lay out the days, oldest first; there has to be one."""
    tallest = max(1, *(count.total for count in counts))
    values = range(0, tallest + 1, line_step(tallest))
    left = EDGE + LETTER * len(f"{values[-1]:,}")
    step = (WIDTH - left) / len(counts)
    named_every = 2 * WEEK if len(counts) > MANY_DAYS else WEEK
    height_of_one = (GROUND - TOP) / tallest
    return Chart(
        bars=tuple(
            _bar(count, x=left + (index + (1 - BAR_SHARE) / 2) * step, step=step, one=height_of_one)
            for index, count in enumerate(counts)
        ),
        lines=tuple(Line(value, round(GROUND - value * height_of_one, 1)) for value in values),
        labels=tuple(
            Label(count.day, round(left + (index + 0.5) * step, 1), index == len(counts) - 1)
            for index, count in enumerate(counts)
            if (len(counts) - 1 - index) % named_every == 0
        ),
        listed=sum(count.listed for count in counts),
        filtered=sum(count.filtered for count in counts),
        fewest=min(counts, key=lambda count: count.listed),
        most=max(counts, key=lambda count: count.total),
        left=left,
    )


def line_step(tallest: int) -> int:
    """Return 1, 2, 5, 10, 20, 50 … so that at most four lines stand above the ground."""
    step, factors = 1, (2.0, 2.5, 2.0)
    turn = 0
    while tallest // step > MOST_LINES:
        step, turn = int(step * factors[turn % 3]), turn + 1
    return step


def _bar(count: DayCount, *, x: float, step: float, one: float) -> Bar:
    listed, filtered = count.listed * one, count.filtered * one
    return Bar(
        count=count,
        x=round(x, 1),
        width=round(step * BAR_SHARE, 1),
        listed_y=round(GROUND - listed, 1),
        listed_height=round(listed, 1),
        filtered_y=round(GROUND - listed - filtered, 1),
        filtered_height=round(filtered, 1),
    )
