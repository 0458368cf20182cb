"""Where the bars stand: on the ground, inside the picture, as tall as their numbers."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest

from blueprints.report_chart import GROUND, TOP, WIDTH, draw, line_step
from services.signup_report import DayCount

FIRST = date(2026, 10, 21)


def _days(*numbers: tuple[int, int]) -> list[DayCount]:
    return [
        DayCount(FIRST + timedelta(days=index), listed, filtered)
        for index, (listed, filtered) in enumerate(numbers)
    ]


def test_what_was_filtered_stands_on_what_is_listed() -> None:
    [bar] = draw(_days((3, 1))).bars

    assert bar.listed_y + bar.listed_height == GROUND
    assert bar.filtered_y + bar.filtered_height == pytest.approx(bar.listed_y, abs=0.2)
    assert bar.filtered_y == TOP
    assert bar.listed_height == pytest.approx(3 * bar.filtered_height, abs=0.5)


def test_every_bar_is_inside_and_beside_the_others() -> None:
    chart = draw(_days(*[(number, 30 - number) for number in range(30)]))

    bars = chart.bars
    assert bars[0].x >= chart.left
    assert bars[-1].x + bars[-1].width <= WIDTH
    assert all(left.x + left.width < right.x for left, right in pairwise(bars))


@pytest.mark.parametrize("tallest", [1, 47, 469, 1204, 12_040])
def test_the_numbers_beside_the_bars_have_room_even_in_the_letters_of_a_phone(tallest: int) -> None:
    chart = draw(_days((tallest, 0)))

    widest = max(len(f"{line.value:,}") for line in chart.lines)
    assert chart.left - 8 >= widest * 12
    assert chart.bars[0].x >= chart.left


def test_days_without_anybody_have_no_height() -> None:
    chart = draw(_days((0, 0), (0, 0)))

    assert {bar.listed_height + bar.filtered_height for bar in chart.bars} == {0}
    assert [line.value for line in chart.lines] == [0, 1]


def test_the_last_day_and_each_week_before_it_are_named() -> None:
    labels = draw(_days(*[(1, 0)] * 30)).labels

    assert [label.day.day for label in labels] == [22, 29, 5, 12, 19]
    assert [label.is_last for label in labels] == [False] * 4 + [True]


def test_the_sums_are_those_of_the_bars() -> None:
    chart = draw(_days((9, 5), (2, 0), (4, 36)))

    assert (chart.listed, chart.filtered) == (15, 41)
    assert chart.most.total == 40


@pytest.mark.parametrize(
    ("tallest", "step"),
    [(1, 1), (4, 1), (5, 2), (9, 2), (10, 5), (24, 5), (25, 10), (47, 10), (50, 20), (1204, 500)],
)
def test_few_lines_at_round_numbers(tallest: int, step: int) -> None:
    assert line_step(tallest) == step
